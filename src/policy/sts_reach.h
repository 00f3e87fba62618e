/*
 * sts_reach - do we reach policy hosts at all?
 *
 * A firewall of our own that drops what goes out to port 443 looks like every
 * domain's policy host being down, and nobody but us is to blame.  So a host
 * that no connection could be made to counts as the domain's fault only when
 * another one, or the same, was connected to within the last day, and not when
 * those of several domains, one after the other, were not, for a minute.
 *
 * One for all threads; all zero in the beginning.
 */
#ifndef TLSTALLY_POLICY_STS_REACH_H
#define TLSTALLY_POLICY_STS_REACH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	STS_REACH_DOMAINS = 3, /* so many dead hosts in a row are our fault */
	STS_REACH_SECS = 60,
};

struct sts_reach {
	pthread_mutex_t lock;
	int64_t connected_at; /* secs, monotonic; 0: not yet */
	unsigned missed;      /* hosts since then, not connected to */
	int64_t missed_since; /* the first of them */
	uint64_t domains[STS_REACH_DOMAINS]; /* theirs, by hash */
	unsigned domain_count;
};

/* All by the monotonic clock, in seconds. */
void sts_reach_connected(struct sts_reach *reach, int64_t now);

/* No connection could be made to that domain's host: false when it may be us.
 */
bool sts_reach_missed(struct sts_reach *reach, const char *domain, int64_t now);

/* Is it us, as far as can be told? */
bool sts_reach_is_out(struct sts_reach *reach, int64_t now);
/* Hosts that were missed since one was connected to. */
unsigned sts_reach_count(struct sts_reach *reach);

#endif
