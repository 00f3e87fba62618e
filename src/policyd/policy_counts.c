#include "policyd/policy_counts.h"

void policy_counts_write(struct policy_counts *counts,
                         uint64_t taken[POLICY_COUNTS], struct db_txn *txn)
{
	for (unsigned i = 0; i < POLICY_COUNTS; i++) {
		char name[COUNTER_NAME_TEXT];

		taken[i] = atomic_load(&counts->n[i]);
		if (taken[i] == 0)
			continue;
		policy_counter_name(i, name);
		counter_add(txn, name, taken[i]);
	}
}

void policy_counts_written(struct policy_counts *counts,
                           const uint64_t taken[POLICY_COUNTS])
{
	for (unsigned i = 0; i < POLICY_COUNTS; i++)
		atomic_fetch_sub(&counts->n[i], taken[i]);
}
