#include "policy/sts_reach.h"

#include <string.h>

#include "base/hash.h"

enum { PROOF_SECS = 24 * 60 * 60 };

void sts_reach_connected(struct sts_reach *reach, int64_t now)
{
	pthread_mutex_lock(&reach->lock);
	reach->connected_at = now;
	reach->missed = reach->domain_count = 0;
	pthread_mutex_unlock(&reach->lock);
}

static void add_domain(struct sts_reach *reach, const char *domain)
{
	uint64_t hash = hash64(0, domain, strlen(domain));

	for (unsigned i = 0; i < reach->domain_count; i++)
		if (reach->domains[i] == hash)
			return;
	if (reach->domain_count < STS_REACH_DOMAINS)
		reach->domains[reach->domain_count++] = hash;
}

static bool is_out(const struct sts_reach *reach, int64_t now)
{
	return reach->domain_count == STS_REACH_DOMAINS &&
	       now - reach->missed_since >= STS_REACH_SECS;
}

bool sts_reach_missed(struct sts_reach *reach, const char *domain, int64_t now)
{
	bool theirs;

	pthread_mutex_lock(&reach->lock);
	if (reach->missed++ == 0)
		reach->missed_since = now;
	add_domain(reach, domain);
	theirs = reach->connected_at != 0 &&
	         now - reach->connected_at < PROOF_SECS && !is_out(reach, now);
	pthread_mutex_unlock(&reach->lock);
	return theirs;
}

bool sts_reach_is_out(struct sts_reach *reach, int64_t now)
{
	bool out;

	pthread_mutex_lock(&reach->lock);
	out = is_out(reach, now);
	pthread_mutex_unlock(&reach->lock);
	return out;
}

unsigned sts_reach_count(struct sts_reach *reach)
{
	unsigned count;

	pthread_mutex_lock(&reach->lock);
	count = reach->missed;
	pthread_mutex_unlock(&reach->lock);
	return count;
}
