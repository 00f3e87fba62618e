/*
 * merged_table - what became of days to which other hosts counted, too
 *
 * Where one host reports for several (store/host_day_table.h), a domain's day
 * is the sum of what each of them counted.  The rollup notes that sum here, and
 * what became of it; the counts of each host, our own among them, stay what
 * they are.
 */
#ifndef TLSTALLY_STORE_MERGED_TABLE_H
#define TLSTALLY_STORE_MERGED_TABLE_H

#include <stdint.h>

#include "store/db.h"
#include "store/tally_table.h"
#include "words/words.h"

struct merged_row {
	enum tally_mark mark;
	uint64_t outbox_id; /* TALLY_QUEUED */
	uint64_t success;   /* sessions of all hosts */
	uint64_t failure;
	uint64_t unjudged;
	uint32_t hosts; /* that counted any */
	char reason[256];
};

/* All domains of a day. */
struct merged_totals {
	uint64_t domains, success, failure, unjudged;
};

void merged_put(struct db_txn *txn, int32_t day, const char *domain,
                const struct merged_row *row);
/* 1 or 0. */
int merged_get(struct db_txn *txn, int32_t day, const char *domain,
               struct merged_row *row);
/* All 0 when there are none. */
void merged_totals_get(struct db_txn *txn, int32_t day,
                       struct merged_totals *totals);

/* Days before; at most DB_BATCH_ROWS rows, 1: there is more. */
int merged_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

/* For store/row_check.h. */
void merged_check(struct db_txn *txn, const struct db_row *row);

#endif
