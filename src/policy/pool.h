/*
 * pool - threads that look domains up and keep the answers
 *
 * Whoever needs a domain's view puts it on the wanted list of the store
 * (policy_wanted_put); the pool's threads take domains that are due, discover
 * them, and put the view into the cache.  A domain that fails temporarily is
 * tried again later and later (one minute to one hour).  Nothing that counts
 * ever waits for any of this, and no transaction is open while the network is
 * asked.
 */
#ifndef TLSTALLY_POLICY_POOL_H
#define TLSTALLY_POLICY_POOL_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "policy/crew.h"
#include "store/db.h"

struct pool_options {
	struct db *db;
	struct clock *clock;
	struct crew_kit_options kit;
	bool dane, sts;   /* what is enforced, and so must be known */
	unsigned threads; /* 8 */
};

struct policy_pool;

/* The store, the clock and the texts of the options are lent until the pool
 * has stopped. */
int policy_pool_start(struct policy_pool **pool,
                      const struct pool_options *options, struct err *err);
/* Something was put on the wanted list: look now. */
void policy_pool_wake(struct policy_pool *pool);
/* The site enforces something else from now on. */
void policy_pool_enforce(struct policy_pool *pool, bool dane, bool sts);
/* How many policy hosts could not be connected to since one could. */
unsigned policy_pool_missed(struct policy_pool *pool);
/* Ends within the time of one deadline; what is being looked up stays
 * wanted. */
void policy_pool_stop(struct policy_pool **pool);

#endif
