/*
 * journal_table - counts that are committed and not applied yet
 *
 * An LMDB commit writes each page that it touches: of a row a moment some 16
 * KB, of a hundred rows here and there in the tally table some 600.  So what
 * was counted in an interval is appended here in a row or a few, and the tally
 * table gets it later, all at once (store/journal_apply.h); who reads it adds
 * what is still here (store/journal_view.h).
 *
 *     append   day, number             one commit's counts of a day
 *     apply    in the order of domains, to the last number that was there when
 *              it began; each transaction notes how far it came
 *     done     rows up to that number are deleted, in the last transaction
 *
 * The number is the state of CHANGE_DOMAIN (store/change_table.h) that the
 * append led to: it rises, in all days together, and none comes twice.
 *
 * A domain that somebody else has to write to is applied before all others, to
 * the end of what there is (its mark).
 */
#ifndef TLSTALLY_STORE_JOURNAL_TABLE_H
#define TLSTALLY_STORE_JOURNAL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"
#include "store/journal_row.h"
#include "store/tally_table.h"

/* What a day has beside the rows of commits: they have the number 0, and then
 * this. */
enum journal_kind {
	JOURNAL_PROGRESS = 1,
	JOURNAL_MARK = 2,
	JOURNAL_TROUBLE = 3, /* store/journal_aside.h */
	JOURNAL_ASIDE = 4,   /* the same */
	JOURNAL_ASIDE_ROWS = 5,
	JOURNAL_TAKEN = 6, /* store/journal_news.h */
};
struct db_key journal_table_key(int32_t day, enum journal_kind kind);

/* --- rows --- */

/* Which numbers the day's rows have: false when it has none. */
struct journal_range {
	uint64_t first, last;
};
bool journal_table_range(struct db_txn *txn, int32_t day,
                         struct journal_range *range);
bool journal_table_has(struct db_txn *txn, int32_t day);

/* The first day from *day on that has rows. */
bool journal_table_day_next(struct db_txn *txn, int32_t *day);

/* The last number of all days; 0: there are no rows. */
uint64_t journal_table_last(struct db_txn *txn);

/* The day's first row after that number. */
bool journal_table_next(struct db_txn *txn, int32_t day, uint64_t *number,
                        struct db_row *row);
/* The rest of the row are domains.  False, and why: it is damaged, and is to be
 * passed over; or the transaction has failed, for a later version wrote it. */
bool journal_table_head(struct db_txn *txn, const struct db_row *row,
                        struct journal_head *head, struct reader *domains,
                        struct err *err);

/* The same, and the domains are what they should be, too. */
bool journal_table_domains(struct db_txn *txn, const struct db_row *row,
                           struct journal_head *head, struct reader *domains,
                           struct err *err);

void journal_table_append(struct db_txn *txn, int32_t day, uint64_t number,
                          const struct strbuf *row);

/* --- how far it is applied --- */

struct journal_progress {
	uint64_t until;                 /* rows up to that number, 0: none */
	char domain[TALLY_DOMAIN_TEXT]; /* and domains up to this one; "" */
};
/* False when nobody is at it. */
bool journal_table_progress(struct db_txn *txn, int32_t day,
                            struct journal_progress *progress);
void journal_table_progress_put(struct db_txn *txn, int32_t day,
                                const struct journal_progress *progress);

/* The number that the domain by itself is applied to, 0: none; has any? */
uint64_t journal_table_mark(struct db_txn *txn, int32_t day,
                            const char *domain);
void journal_table_mark_put(struct db_txn *txn, int32_t day, const char *domain,
                            uint64_t number);
bool journal_table_has_marks(struct db_txn *txn, int32_t day);

/* Deletes rows and marks up to that number, and the progress. */
void journal_table_delete(struct db_txn *txn, int32_t day, uint64_t until);

/* Days before; at most DB_BATCH_ROWS rows, 1: there is more. */
int journal_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
