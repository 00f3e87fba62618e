/*
 * domain_history - what became of a domain on each of the last days, together
 *
 * A period of 30 days with 100,000 domains has 3,000,000 heads; here a domain
 * has a row for each 32 days, in which a day is a few bytes.  A day gets in
 * when the rollup has decided about it: what is open changes all the time, and
 * is read from the heads.  Who wants a period asks store/domain_period.h.
 */
#ifndef TLSTALLY_STORE_DOMAIN_HISTORY_H
#define TLSTALLY_STORE_DOMAIN_HISTORY_H

#include <stdbool.h>

#include "store/db.h"
#include "store/tally_table.h"

enum { HISTORY_DAYS = 32 }; /* of a row, from a day that is a multiple */

/* A domain on a day. */
struct domain_day {
	uint64_t success, failure, unjudged; /* sessions */
	uint64_t clear;                      /* tally_clear_sessions() */
	uint64_t results[RESULT_TYPES];      /* failures */
	uint64_t policies; /* bits, of the types that applied */
};

/* False: there is nothing to tell. */
bool domain_day_of(const struct tally_head *head, struct domain_day *day);

/* A head has become another one; `before` NULL: it is new. */
void domain_history_change(struct db_txn *txn, int32_t day, const char *domain,
                           const struct tally_head *before,
                           const struct tally_head *head);

/* What is told of the domain's day; all 0: nothing. */
void domain_history_put(struct db_txn *txn, int32_t day, const char *domain,
                        const struct domain_day *told);

/* The rows of the block that begins with that day, in the order of domains. */
struct db_key domain_history_key(int32_t block, const char *domain);
int32_t domain_history_block(int32_t day);
/* On which of its days a domain was counted, failed, or had sessions without
 * TLS: bits, the block's first day is the lowest. */
struct history_marks {
	uint32_t counted, failed, clear;
};
/* Reads no more of the row than these. */
bool domain_history_marks(struct db_txn *txn, const struct db_row *row,
                          char domain[TALLY_DOMAIN_TEXT],
                          struct history_marks *marks);
/* A row's days, in their order. */
struct domain_days {
	size_t count;
	struct {
		int32_t day;
		struct domain_day told;
	} list[HISTORY_DAYS];
};
bool domain_history_read(struct db_txn *txn, const struct db_row *row,
                         char domain[TALLY_DOMAIN_TEXT],
                         struct domain_days *days);

/* Rows whose last day is before; at most DB_BATCH_ROWS, 1: there is more. */
int domain_history_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
