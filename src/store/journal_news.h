/*
 * journal_news - how many domains a day has more by its journal
 *
 * Of 1,000,000 domains nobody wants to look at each to tell how many they are.
 * So a row of the journal says how many it brought that the day did not have,
 * and what it brought too late (struct day_domains); what was applied of that
 * stands beside the rows, until they go:
 *
 *     more than the day's sums have = what rows say - what was taken
 *
 * Who changes a head so that this is not true any more doubts it.  Then, and
 * when a row is damaged, it is not known until these rows are gone, and who
 * asks looks at all domains (store/day_view.h).
 */
#ifndef TLSTALLY_STORE_JOURNAL_NEWS_H
#define TLSTALLY_STORE_JOURNAL_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/day_sums.h"
#include "store/db.h"
#include "store/journal_scan.h"

/* False: it is not known. */
bool journal_news_get(struct db_txn *txn, int32_t day,
                      struct day_domains *news);

/* Counts of rows were applied to the day, which had these sums before. */
void journal_news_take(struct db_txn *txn, int32_t day,
                       const struct day_domains *before,
                       const struct day_domains *after);

/* The rows that said so were deleted. */
void journal_news_drop(struct db_txn *txn, int32_t day,
                       const struct journal_scan *gone);

/* Of the rows that there are. */
void journal_news_doubt(struct db_txn *txn, int32_t day);

/* Of JOURNAL_TAKEN. */
bool journal_news_is_whole(const struct db_row *row);

#endif
