/*
 * policy_counts - what was answered, for monitoring
 *
 * Counted by any thread, added to the store's counters once a second
 * (store/counter_table.h): "policyd/answers/sts-enforce", "policyd/cold".
 */
#ifndef TLSTALLY_POLICYD_POLICY_COUNTS_H
#define TLSTALLY_POLICYD_POLICY_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

#include "store/db.h"
#include "words/words.h"

enum policy_count {
	/* Of queries. */
	COUNT_COLD = TOLD_KINDS, /* whose answer was not in memory */
	COUNT_STALE,             /* answered by what was known before, since
	                            the lookup took too long */
	COUNT_TIMEOUTS,          /* the same, and nothing was known */
	COUNT_PLAIN,             /* TLSRPT was left out for this Postfix */
	COUNT_BAD,               /* that are no queries */
	/* Of lookups. */
	COUNT_LOOKUPS,
	COUNT_REFRESHES, /* before the answer expired */
	COUNT_FAILURES,  /* something was not answered */
	POLICY_COUNTS
};

struct policy_counts {
	_Atomic uint64_t n[POLICY_COUNTS];
};

static inline void policy_count(struct policy_counts *counts, unsigned what)
{
	atomic_fetch_add_explicit(&counts->n[what], 1, memory_order_relaxed);
}

/* What was counted since the last time, into the store's counters.  Taken out
 * of *counts only by policy_counts_written(), behind the commit. */
void policy_counts_write(struct policy_counts *counts,
                         uint64_t taken[POLICY_COUNTS], struct db_txn *txn);
void policy_counts_written(struct policy_counts *counts,
                           const uint64_t taken[POLICY_COUNTS]);

#endif
