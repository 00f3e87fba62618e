/*
 * apply - waiting sessions of the log move to their policy
 *
 * For each domain with sessions waiting in store/log_pending_table: when its
 * view is complete they are judged by it (judge/judge.h) and counted, in the
 * transaction that takes them off the waiting list; so whoever is killed here
 * has counted each session once or not yet.  Which view will do:
 *
 *   one that is valid now or, for a day that is over, was at any moment of it
 *   an expired one, when looking the domain up has failed three times
 *   none at all, 23 hours after the day's end, when that was tried in vain:
 *   the sessions count for no policy, and nobody gets a report
 *
 * A session whose host this site chose, or may have chosen
 * (maillog/log_site.h), can be another domain's.  A host that is in no MX
 * record of the view makes the view doubtful: it waits until DNS has been asked
 * anew.  Then it is passed on to the next hop's name and what stands above it,
 * waiting there as it did here, until one of them asks for reports; else it is
 * counted as nobody's.
 *
 * Other domains are put on the wanted list (policy/keeper), unless they are
 * there already: the time of the next try is the keeper's.
 */
#ifndef TLSTALLY_JUDGE_APPLY_H
#define TLSTALLY_JUDGE_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "judge/judge.h"
#include "session/tally.h"
#include "store/db.h"

struct apply_options {
	struct db *db;
	struct clock *clock;
	struct judge_options judge;
	struct tally_limits limits;
	/* Counts that cannot be read are not set aside (store/tally_aside.h):
	 * all days that wait were looked at a moment ago. */
	bool leaves_damage;
};

/* Goes through the waiting list once.  *moved: sessions that were counted,
 * *wanted: domains put on the wanted list. */
int apply_waiting(const struct apply_options *options, uint64_t *moved,
                  uint64_t *wanted, struct err *err);

#endif
