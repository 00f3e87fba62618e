/*
 * suppress_table - addresses that reports are not sent to for a while
 */
#ifndef TLSTALLY_STORE_SUPPRESS_TABLE_H
#define TLSTALLY_STORE_SUPPRESS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/rua.h"
#include "store/db.h"

struct suppression {
	char address[RUA_ADDRESS_MAX + 1]; /* local@domain, as rua gives it */
	int64_t since;
	int64_t until;    /* 0: for good */
	bool by_hand;     /* else: by an answer to RCPT, or a bounce */
	char reason[256]; /* what was answered */
};

/* 1 and the row (also an expired one), or 0. */
int suppress_get(struct db_txn *txn, const char *address,
                 struct suppression *row);
void suppress_put(struct db_txn *txn, const struct suppression *row);
/* Is it over?  One that was made by an answer is for 30 days, so that a clock
 * that was wrong makes none longer; what a person set stands. */
bool suppress_has_ended(const struct suppression *row, int64_t now);
/* For 30 days: a server refused the address, or a bounce said that it is
 * dead. */
void suppress_for_a_while(struct db_txn *txn, const char *address,
                          const char *reason, int64_t now);
/* 1 when there was one, else 0. */
int suppress_delete(struct db_txn *txn, const char *address);
/* The next by address after row->address (begin with ""). */
int suppress_next(struct db_txn *txn, struct suppression *row);
/* How many have not ended. */
int suppress_count(struct db *db, int64_t now, uint64_t *n, struct err *err);
/* Deletes what ended before now, at most DB_BATCH_ROWS; 1: more. */
int suppress_purge(struct db_txn *txn, int64_t now, uint64_t *rows);

#endif
