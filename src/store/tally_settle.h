/*
 * tally_settle - sessions that were counted before they were judged
 *
 * Postfix calls a session a success that was to be reported and not enforced.
 * It counts as not judged, with its domain's day and its policy, until somebody
 * knows better: tlstallyd what policyd could not fetch, tlstally-logd what the
 * log says of certificate and MX.  He takes so many of them and counts them as
 * successes or failures, in one transaction: none twice, and none is lost.
 * What nobody takes stays not judged, and stands in no report.
 */
#ifndef TLSTALLY_STORE_TALLY_SETTLE_H
#define TLSTALLY_STORE_TALLY_SETTLE_H

#include <stdint.h>

#include "base/arena.h"
#include "session/session.h"
#include "session/tally.h"
#include "store/db.h"

struct tally_unjudged {
	uint64_t policy_id; /* 0: begin */
	uint64_t sessions;
	struct session_policy policy; /* its strings in the arena */
};

/* The next policy of the domain's day with sessions that are not judged, after
 * unjudged->policy_id; 0 at the end.  In a write transaction: what the journal
 * has of the domain is applied first. */
int tally_unjudged_next(struct db_txn *txn, int32_t day, const char *domain,
                        const struct tally_limits *limits, struct arena *arena,
                        struct tally_unjudged *unjudged);

/* Of n sessions (at most as many as there are) it is known now how they were
 * for the policy: verdict->failed, and the failure details.  After the report
 * of the day was made they count as too late for it. */
void tally_settle(struct db_txn *txn, int32_t day, const char *domain,
                  uint64_t policy_id, uint64_t n,
                  const struct session_policy *verdict,
                  const struct tally_limits *limits);

#endif
