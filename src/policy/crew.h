/*
 * crew - threads that look domains up, and what each asks with
 *
 * There is work from the list of what is wanted (policy/pool.h) and from people
 * (jmap/lookup_desk.h).  Who has it gives a function that waits for the next
 * domain, does what is to be done, and returns; the crew calls it again and
 * again in each thread, until it is stopped.
 *
 * The kit is a resolver and a fetcher of policies.  They are for one thread at
 * a time, so each member has its own.
 */
#ifndef TLSTALLY_POLICY_CREW_H
#define TLSTALLY_POLICY_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"
#include "policy/resolver.h"
#include "policy/sts_fetch.h"
#include "store/policy_wanted_table.h"

struct crew_kit_options {
	struct resolver_options resolver;
	struct sts_fetch_options fetch; /* without resolver and stop */
	/* Tests: what to ask with; NULL: the real ones. */
	int (*open)(void *arg, struct resolver **resolver,
	            struct sts_fetcher **fetcher, struct err *err);
	void *arg;
};

struct crew_kit {
	struct resolver *resolver;
	struct sts_fetcher *fetcher;
};

/* As the settings say; their texts are lent. */
struct crew_kit_options crew_kit_options_of(const struct conf *conf);

/* What is open already stays.  `stop` ends what is under way; NULL. */
int crew_kit_open(struct crew_kit *kit, const struct crew_kit_options *options,
                  const atomic_bool *stop, struct err *err);
void crew_kit_close(struct crew_kit *kit);

struct crew_member {
	struct crew *crew;
	struct crew_kit kit;
	struct arena arena;              /* for the work at hand */
	char domain[WANTED_DOMAIN_TEXT]; /* the same; "": waits */
	pthread_t thread;
	bool started;
};

struct crew {
	struct crew_kit_options options;
	void (*work)(void *arg, struct crew_member *member);
	void *arg;
	pthread_mutex_t lock; /* of the work, and of each member's domain */
	pthread_cond_t wake;  /* there may be some, or the end of all */
	atomic_bool stop;
	struct crew_member *members;
	unsigned count;
};

void crew_init(struct crew *crew, const struct crew_kit_options *options,
               unsigned count, void (*work)(void *, struct crew_member *),
               void *arg);

/* Starts the threads that do not run yet.  ERR_BUSY when one cannot. */
int crew_start(struct crew *crew, struct err *err);

/* What is under way ends within the time of one deadline. */
void crew_clear(struct crew *crew);

#endif
