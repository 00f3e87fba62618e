/*
 * day_sums - what was counted on a day, of all domains together
 *
 * Pictures of many days want sums, and a day may have 1,000,000 domains.  So a
 * day's row is added to in the transaction that changes a domain's head, by
 * what has changed (tally_head_put()): nobody ever reads all domains for it.
 */
#ifndef TLSTALLY_STORE_DAY_SUMS_H
#define TLSTALLY_STORE_DAY_SUMS_H

#include "store/db.h"
#include "store/tally_table.h"

/* Rooms have place for words to come: the row is these numbers. */
enum { DAY_SUMS_MARKS = 20, DAY_SUMS_POLICIES = 5, DAY_SUMS_RESULTS = 16 };

/* All members are u64: they are stored. */
struct day_sums {
	uint64_t domains, failing_domains;
	uint64_t success, failure, unjudged; /* sessions */
	uint64_t late_success, late_failure;
	uint64_t folded;
	uint64_t marks[DAY_SUMS_MARKS]; /* domains */
	/* A session counts with each policy that applied to it. */
	uint64_t policy_success[DAY_SUMS_POLICIES];
	uint64_t policy_failure[DAY_SUMS_POLICIES];
	/* domains, by the result that most of their failures had */
	uint64_t failing_by_result[DAY_SUMS_RESULTS];
	/* failures, by the policy that they were failures of */
	uint64_t policy_results[DAY_SUMS_POLICIES][DAY_SUMS_RESULTS];
	/* domains with a session without TLS that no policy kept from it, and
	 * those with a failure of a policy that may keep mail back */
	uint64_t clear_domains, blocked_domains;
	/* domains to which a policy of the type applied */
	uint64_t policy_domains[DAY_SUMS_POLICIES];
};

/* What of them asks for no look at a domain's counts: all members are sums of
 * the same name. */
struct day_domains {
	uint64_t domains;
	uint64_t late_success, late_failure;
	uint64_t marks[DAY_SUMS_MARKS];
};
struct day_domains day_sums_domains(const struct day_sums *sums);

/* Failures with that result, under whatever policy. */
uint64_t day_sums_result(const struct day_sums *sums, enum result_type result);

/* 1; or 0, and all are 0: nothing was counted on that day. */
int day_sums_get(struct db_txn *txn, int32_t day, struct day_sums *sums);

/* A head's part of them, so many times: 1, or -1. */
void day_sums_add(struct day_sums *sums, const struct tally_head *head,
                  int64_t times);

/* A head has become another one; `before` NULL: it is new. */
void day_sums_change(struct db_txn *txn, int32_t day,
                     const struct tally_head *before,
                     const struct tally_head *head);

/* Whatever they were. */
void day_sums_put(struct db_txn *txn, int32_t day, const struct day_sums *sums);

#endif
