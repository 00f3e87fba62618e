/*
 * untold_table - sessions that were counted before it was known what Postfix
 * had been told of their policy
 *
 * tlstally-policyd writes down within a second what it tells
 * (store/told_table.h), and an event may be in the store before that.  Its
 * sessions stand here, too, until policyd has come past their moment, and for a
 * minute at most (intake/policy_told.h), whatever becomes of the clock.
 */
#ifndef TLSTALLY_STORE_UNTOLD_TABLE_H
#define TLSTALLY_STORE_UNTOLD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/db.h"
#include "store/tally_table.h"

struct untold {
	int64_t moment;        /* secs: what was told by then counts */
	int64_t since_boot_ms; /* when they began to wait: clock_boot_ms() */
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
	bool unjudged; /* they were counted as not judged, and wait for that */
	const void *policy; /* session_policy_encode() */
	size_t policy_len;
	uint64_t sessions;
};

void untold_add(struct db_txn *txn, const struct untold *untold);

/* Hands them on, the oldest first, at most DB_BATCH_ROWS, and deletes those of
 * which each() says true. */
void untold_take(struct db_txn *txn,
                 bool (*each)(void *arg, const struct untold *untold),
                 void *arg);

/* A row taken apart, its policy lent; false when it is damaged: then the
 * transaction has failed. */
bool untold_read(struct db_txn *txn, const struct db_row *row,
                 struct untold *untold);

/* Deletes what waits since before that time, at most DB_BATCH_ROWS; 1: there is
 * more. */
int untold_purge(struct db_txn *txn, int64_t before, uint64_t *rows);

#endif
