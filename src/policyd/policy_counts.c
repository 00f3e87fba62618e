#include "policyd/policy_counts.h"

#include <stdio.h>

#include "store/counter_table.h"

static void name_of(unsigned what, char name[COUNTER_NAME_TEXT])
{
	static const char *const others[POLICY_COUNTS] = {
		[COUNT_COLD] = "cold",           [COUNT_STALE] = "stale",
		[COUNT_TIMEOUTS] = "timeouts",   [COUNT_PLAIN] = "plain",
		[COUNT_BAD] = "bad-requests",    [COUNT_LOOKUPS] = "lookups",
		[COUNT_REFRESHES] = "refreshes", [COUNT_FAILURES] = "failures",
	};

	if (what < TOLD_KINDS)
		snprintf(name, COUNTER_NAME_TEXT, COUNTER_POLICYD "answers/%s",
		         word_api(&words_told, (int)what));
	else
		snprintf(name, COUNTER_NAME_TEXT, COUNTER_POLICYD "%s",
		         others[what]);
}

void policy_counts_write(struct policy_counts *counts,
                         uint64_t taken[POLICY_COUNTS], struct db_txn *txn)
{
	for (unsigned i = 0; i < POLICY_COUNTS; i++) {
		char name[COUNTER_NAME_TEXT];

		taken[i] = atomic_load(&counts->n[i]);
		if (taken[i] == 0)
			continue;
		name_of(i, name);
		counter_add(txn, name, taken[i]);
	}
}

void policy_counts_written(struct policy_counts *counts,
                           const uint64_t taken[POLICY_COUNTS])
{
	for (unsigned i = 0; i < POLICY_COUNTS; i++)
		atomic_fetch_sub(&counts->n[i], taken[i]);
}
