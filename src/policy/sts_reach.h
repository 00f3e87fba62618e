/*
 * sts_reach - has any policy host been connected to lately?
 *
 * A firewall of our own that drops what goes out to port 443 looks like every
 * domain's policy host being down, and nobody but us is to blame.  So a host
 * that no connection could be made to counts as the domain's fault only when
 * another one, or the same, was connected to within the last day.
 *
 * One for all threads; all zero in the beginning.
 */
#ifndef TLSTALLY_POLICY_STS_REACH_H
#define TLSTALLY_POLICY_STS_REACH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sts_reach {
	atomic_llong connected_at; /* secs, monotonic; 0: not yet */
	atomic_uint missed;        /* hosts since then, not connected to */
};

/* Both by the monotonic clock, in seconds. */
void sts_reach_connected(struct sts_reach *reach, int64_t now);

/* No connection could be made: false when nothing shows that one can be. */
bool sts_reach_missed(struct sts_reach *reach, int64_t now);

#endif
