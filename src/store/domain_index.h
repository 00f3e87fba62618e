/*
 * domain_index - the domains of a day that somebody looks for
 *
 * Those with failures, the most first, and those that got no report for a
 * reason of their own: what pages and `status` show of a day of 1,000,000
 * domains without reading it.  What is all right has no row.  Rows are written
 * with the head (tally_head_put()), and only when what they say has changed.
 */
#ifndef TLSTALLY_STORE_DOMAIN_INDEX_H
#define TLSTALLY_STORE_DOMAIN_INDEX_H

#include <stdbool.h>

#include "store/db.h"
#include "store/tally_table.h"

struct failing_domain {
	uint64_t failure; /* sessions */
	char domain[TALLY_DOMAIN_TEXT];
};
/* The day's next; of equally many by name.  Begin with UINT64_MAX and "". */
int domain_index_failing(struct db_txn *txn, int32_t day,
                         struct failing_domain *at);

/* Is it the domain's owner, or a list of ours, that keeps the report away? */
bool domain_index_has_mark(enum tally_mark mark);

struct unreported_domain {
	enum tally_mark mark;
	char domain[TALLY_DOMAIN_TEXT];
};
/* The day's next, by mark and name.  Begin with all zero. */
int domain_index_unreported(struct db_txn *txn, int32_t day,
                            struct unreported_domain *at);

/* Has the domain the rows that its head asks for? */
bool domain_index_has(struct db_txn *txn, int32_t day, const char *domain,
                      const struct tally_head *head);

/* A head has become another one; `before` NULL: it is new. */
void domain_index_change(struct db_txn *txn, int32_t day, const char *domain,
                         const struct tally_head *before,
                         const struct tally_head *head);

/* Deletes all rows of the day. */
void domain_index_clear(struct db_txn *txn, int32_t day);

/* Days before; at most DB_BATCH_ROWS rows, 1: there is more. */
int domain_index_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
