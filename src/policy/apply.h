/*
 * apply - waiting sessions of the log move to their policy
 *
 * For each domain with sessions waiting in store/log_table: when its view is
 * complete (or 24 hours have gone by since the day ended) they are judged
 * (model/judge.h) and counted, in one transaction that takes them off the
 * waiting list.  Domains without a view that is fresh enough are put on the
 * wanted list.
 */
#ifndef TLSTALLY_POLICY_APPLY_H
#define TLSTALLY_POLICY_APPLY_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "model/judge.h"
#include "model/tally.h"
#include "store/db.h"

struct apply_options {
	struct db *db;
	struct clock *clock;
	struct judge_options judge;
	struct tally_limits limits;
};

/* Goes through the waiting list once.  *moved: sessions that were counted,
 * *wanted: domains put on the wanted list. */
int policy_apply(const struct apply_options *options, uint64_t *moved,
                 uint64_t *wanted, struct err *err);

#endif
