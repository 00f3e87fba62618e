/*
 * policy_counts - what was answered, for monitoring
 *
 * Counted by any thread, added to the store's counters once a second
 * (store/policy_counter.h).
 */
#ifndef TLSTALLY_POLICYD_POLICY_COUNTS_H
#define TLSTALLY_POLICYD_POLICY_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

#include "store/db.h"
#include "store/policy_counter.h"

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
