/*
 * day_sums - what was counted on a day, of all domains together
 *
 * Pictures of many days want sums, and a day may have 100,000 domains: summing
 * them up takes a moment.  So what came of it is kept beside the day, under
 * the revision that the day had then; every change of a domain's head gives
 * its day another one.  A day that is closed is read once.
 *
 * Beside it stands what became of the reports that were settled on a day: a
 * few numbers that grow when a report leaves the outbox.
 */
#ifndef TLSTALLY_STORE_DAY_SUMS_H
#define TLSTALLY_STORE_DAY_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "reply/delivery_state.h"
#include "words/words.h"
#include "store/db.h"
#include "store/tally_table.h"

enum { DAY_WORST_MAX = 1000 };

/* A domain with failures. */
struct day_worst {
	const char *domain;
	uint64_t failure;
};

struct day_sums {
	uint64_t revision; /* of the day, when it was summed up */
	int64_t summed_at; /* secs */
	uint64_t domains, failing_domains;
	uint64_t success, failure; /* sessions */
	uint64_t late_success, late_failure;
	uint64_t folded;
	uint64_t marks[TALLY_MARKS]; /* domains */
	/* A session counts with each policy that applied to it. */
	uint64_t policy_success[POLICY_TYPES], policy_failure[POLICY_TYPES];
	uint64_t results[RESULT_TYPES]; /* failures */
	struct day_worst *worst; /* the most failures first; in the arena */
	size_t worst_count;
};

/* Of a day that nothing was counted on: 0. */
uint64_t day_revision(struct db_txn *txn, int32_t day);
/* Whoever writes a head of that day says so. */
void day_touch(struct db_txn *txn, int32_t day, uint64_t revision);

/* Reads all rows of a day, in short transactions. */
int day_sums_make(struct db *db, int32_t day, int64_t now, struct arena *mem,
                  struct day_sums *sums, struct err *err);

/* 1, or 0: none are kept, or another version wrote them. */
int day_sums_get(struct db_txn *txn, int32_t day, struct arena *mem,
                 struct day_sums *sums);
void day_sums_put(struct db_txn *txn, int32_t day, const struct day_sums *sums);

/* Reports that left the outbox on a day, and the destinations they had. */
struct day_settled {
	uint64_t reports;
	uint64_t destinations[DELIVERY_STATES];
};
/* All zero when there are none. */
void day_settled_get(struct db_txn *txn, int32_t day,
                     struct day_settled *settled);
void day_settled_add(struct db_txn *txn, int32_t day,
                     const struct day_settled *delta);

#endif
