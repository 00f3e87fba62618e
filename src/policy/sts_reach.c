#include "policy/sts_reach.h"

enum { PROOF_SECS = 24 * 60 * 60 };

void sts_reach_connected(struct sts_reach *reach, int64_t now)
{
	atomic_store(&reach->connected_at, now);
	atomic_store(&reach->missed, 0);
}

bool sts_reach_missed(struct sts_reach *reach, int64_t now)
{
	int64_t connected_at = atomic_load(&reach->connected_at);

	atomic_fetch_add(&reach->missed, 1);
	return connected_at != 0 && now - connected_at < PROOF_SECS;
}
