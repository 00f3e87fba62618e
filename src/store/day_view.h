/*
 * day_view - sums of a day and its failing domains, with what is not applied
 *
 * day_sums.h and domain_index.h have what was applied; here the journal of
 * counts (store/journal_table.h) is added: a domain that it has counts as it
 * will then.
 */
#ifndef TLSTALLY_STORE_DAY_VIEW_H
#define TLSTALLY_STORE_DAY_VIEW_H

#include "base/arena.h"
#include "store/day_sums.h"
#include "store/db.h"
#include "store/domain_index.h"

/* 1; or 0, and all are 0: nothing was counted on that day. */
int day_view_sums(struct db_txn *txn, int32_t day, struct day_sums *sums);

/*
 * The day's failing domains, the most failures first, of equally many by name:
 *
 *     auto_(day_failing_end) struct day_failing failing =
 *             day_failing_begin(txn, day);
 *     struct failing_domain at = {.failure = UINT64_MAX};
 *
 *     while (day_failing_next(&failing, &at))
 *             ...
 *
 * It may begin anywhere, after what `at` says.
 */
struct day_waiting;
struct day_failing {
	struct db_txn *txn;
	int32_t day;
	struct day_waiting *waiting; /* of the journal, in order */
	size_t count;
	struct arena mem;
};
struct day_failing day_failing_begin(struct db_txn *txn, int32_t day);
int day_failing_next(struct day_failing *failing, struct failing_domain *at);
void day_failing_end(struct day_failing *failing);

#endif
