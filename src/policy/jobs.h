/*
 * jobs - the domains that the thread of look-ups has to do with
 *
 * A domain that was asked for is a job, whoever asks, until its view is in the
 * store: it waits for its turn, is looked up (policy/discover.h) with questions
 * to the network, all are told, and the keeper has it.  All of this belongs to
 * one thread (policy/service.c).
 *
 * Not more than a quarter of those that run are of one owner (policy/turns.h).
 * When there is no place for one that waits, the one that has taken the
 * longest, ten seconds or more, ends with what is known of it.
 */
#ifndef TLSTALLY_POLICY_JOBS_H
#define TLSTALLY_POLICY_JOBS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "policy/ask.h"
#include "policy/keeper.h"
#include "policy/sts_fetch.h"
#include "policy/sts_reach.h"
#include "policy/turns.h"
#include "reply/ports.h"
#include "store/db.h"

/* Somebody who is to be told. */
struct jobs_asked {
	struct policy_ask ask;
	bool listed; /* by the wanted list, which has no tell() */
	uint32_t failures;
	STAILQ_ENTRY(jobs_asked) next;
	char domain[];
};

STAILQ_HEAD(jobs_asks, jobs_asked);

struct job;
TAILQ_HEAD(job_list, job);

struct jobs {
	/* Set by who has them, before jobs_init(). */
	struct clock *clock;
	struct db *db; /* NULL: without a store */
	bool thorough;
	struct resolver *resolver;
	struct sts_fetcher *fetcher; /* NULL: no MTA-STS */
	struct keeper *keeper;       /* NULL: without a store */
	/* Seen and set by any thread. */
	atomic_bool dane, unvouched, sts;
	struct sts_reach reach;
	atomic_ullong looked_up; /* domains */
	atomic_ullong waiting;   /* asked for and not told yet */
	/* jobs.c's */
	void *tree;         /* tsearch(3): all jobs by their domain */
	struct turns turns; /* those that wait, and run */
	struct job_list answered;
	struct arena arena; /* of a view in the store */
};

void jobs_init(struct jobs *jobs);
/* Whoever was not told yet is told that there is no view. */
void jobs_clear(struct jobs *jobs);

/* As policy_service_cached(). */
int jobs_cached(struct jobs *jobs, const char *domain, struct arena *arena,
                struct domain_view *view, struct err *err);

/* Somebody asks; takes it. */
void jobs_take(struct jobs *jobs, struct jobs_asked *asked);
/* The keeper has done with it. */
void jobs_kept(struct outcome *outcome);

/* Goes on with those whose answers have come, and begins those whose turn it
 * is; for so many ms there is nothing more to do, if no answer comes. */
int64_t jobs_work(struct jobs *jobs);

#endif
