/*
 * received_rate_table - how many reports of others came of a day, by submitter
 *
 * So that nobody fills the store.  Who is authenticated has a row of the
 * organization's domain, all others one together, "":
 *
 *     2026-03-02               214 kept, 81 KB, 0 dropped
 *     2026-03-02 example.com   1000 kept, 4 MB, 17 dropped
 */
#ifndef TLSTALLY_STORE_RECEIVED_RATE_TABLE_H
#define TLSTALLY_STORE_RECEIVED_RATE_TABLE_H

#include <stdint.h>

#include "base/domain.h"
#include "store/db.h"

struct received_rate {
	int32_t day; /* UTC, when they came */
	char submitter[DOMAIN_TEXT];
	uint64_t kept;
	uint64_t bytes;   /* of them, as they are stored */
	uint64_t dropped; /* for there were too many */
};

/* That of rate->day and rate->submitter; all zero where there is none. */
void received_rate_get(struct db_txn *txn, struct received_rate *rate);
void received_rate_put(struct db_txn *txn, const struct received_rate *rate);

/* The next one of the day: begin with "" for those who are authenticated.  1
 * or 0. */
int received_rate_next(struct db_txn *txn, struct received_rate *rate);

/* Days before; at most DB_PURGE_ROWS rows, 1: there is more. */
int received_rate_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

/* Reads a row; one that cannot be read fails the transaction. */
void received_rate_check(struct db_txn *txn, const struct db_row *row);

/* Of all that were dropped, counters (store/counter_table.h). */
#define COUNTER_RECEIVED_STRANGERS "received-dropped/unauthenticated"
#define COUNTER_RECEIVED_SUBMITTERS "received-dropped/authenticated"

#endif
