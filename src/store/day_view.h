/*
 * day_view - sums of a day, its failing domains and those that are open, with
 * what is not applied
 *
 * day_sums.h, domain_index.h and the heads have what was applied; here the
 * journal of counts (store/day_waiting.h) is added: a domain that it has counts
 * as it will then.
 */
#ifndef TLSTALLY_STORE_DAY_VIEW_H
#define TLSTALLY_STORE_DAY_VIEW_H

#include "store/day_sums.h"
#include "store/db.h"
#include "store/domain_history.h"
#include "store/domain_index.h"

/* 1; or 0, and all are 0: nothing was counted on that day. */
int day_view_sums(struct db_txn *txn, int32_t day, struct day_sums *sums);
/* The same, mostly without a look at the journal's domains. */
void day_view_domains(struct db_txn *txn, int32_t day,
                      struct day_domains *domains);

/*
 * The day's failing domains, the most failures first, of equally many by name:
 *
 *     struct day_failing failing = day_failing_begin(txn, day);
 *     struct failing_domain at = {.failure = UINT64_MAX};
 *
 *     while (day_failing_next(&failing, &at))
 *             ...
 *
 * It may begin anywhere, after what `at` says.
 */
struct day_failing {
	struct db_txn *txn;
	int32_t day;
	const struct day_waiting *waiting; /* NULL: nothing */
};
struct day_failing day_failing_begin(struct db_txn *txn, int32_t day);
int day_failing_next(struct day_failing *failing, struct failing_domain *at);

/*
 * The day's domains that are open, after that name ("": all), in their order,
 * and what is to be told of them:
 *
 *     struct day_open open = day_open_begin(txn, day, "");
 *
 *     while (day_open_next(&open))
 *             ... open.domain, open.told ...
 */
struct day_open {
	char domain[TALLY_DOMAIN_TEXT];
	struct domain_day told;

	struct db_txn *txn;
	int32_t day;
	const struct day_waiting *waiting; /* NULL: nothing */
	size_t at;                         /* in it: what comes next */
	bool has_applied;                  /* what comes next of those */
	char applied[TALLY_DOMAIN_TEXT];
	struct domain_day applied_told;
};
struct day_open day_open_begin(struct db_txn *txn, int32_t day,
                               const char *after);
bool day_open_next(struct day_open *open);

#endif
