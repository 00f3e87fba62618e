#include "policy/jobs.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/container.h"
#include "base/xalloc.h"
#include "policy/discover.h"
#include "store/policy_cache_table.h"

enum {
	RUNNING_MAX = 2000, /* domains */
	BACKGROUND_MAX = 1500,
	OWNER_MAX = 500,
	HURRIED_MS = 10 * 1000, /* for a domain, when others wait */
	LOOK_MS = 200,          /* whether one takes so long */
	FOREVER_MS = 60 * 1000,
	/* So many questions of a domain have the right of way; then others come
	 * first, for who has twenty MX hosts asks sixty. */
	QUESTIONS_MAX = 16,
};

enum job_state {
	JOB_WAITS,    /* for its turn */
	JOB_RUNS,     /* questions are on their way */
	JOB_ANSWERED, /* it runs, and is to be gone through again */
	JOB_IS_KEPT,  /* all were told; the store does not know yet */
};

/* A domain that was asked for, until its view is in the store. */
struct job {
	const char *domain; /* the tree's key, so it comes first */
	struct jobs *jobs;
	enum job_state state;
	bool hurried; /* somebody waits for it */
	bool anew;
	size_t asked; /* questions */
	bool unread;  /* what the store has of it; so nothing takes its place */
	struct jobs_asks asks;
	struct lookup *lookup;           /* from JOB_RUNS on: many may wait */
	const struct domain_view *known; /* what all were told */
	struct outcome outcome;
	struct turn turn;
	TAILQ_ENTRY(job) place; /* of those that were answered */
	char text[];
};

int jobs_cached(struct jobs *jobs, const char *domain, struct arena *arena,
                struct domain_view *view, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct err failure = {0};
	int found;

	if (jobs->db == NULL)
		return 0;
	txn = db_begin_read(jobs->db);
	found = policy_cache_get(txn, domain, arena, view);
	if (db_failure(txn, &failure) < 0)
		return err_set(err, failure.class, "%s", failure.text);
	return found;
}

static int by_domain(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct job *find_job(struct jobs *jobs, const char *domain)
{
	struct job *const *found = tfind(&domain, &jobs->tree, by_domain);

	return found != NULL ? *found : NULL;
}

static struct job *job_new(struct jobs *jobs, const char *domain)
{
	size_t len = strlen(domain);
	struct job *job = xcalloc(1, sizeof(*job) + len + 1);

	memcpy(job->text, domain, len);
	job->domain = job->text;
	job->jobs = jobs;
	job->turn.background = true;
	job->turn.shares[0] = turns_share(domain);
	job->outcome = (struct outcome){.domain = job->domain};
	STAILQ_INIT(&job->asks);
	turns_wait(&jobs->turns, &job->turn);
	if (tsearch(job, &jobs->tree, by_domain) == NULL)
		abort(); /* memory, and nothing else */
	return job;
}

static void drop_questions(struct jobs *jobs, struct lookup *lookup)
{
	struct lookup_question *question = lookup->questions;

	for (; question != NULL; question = question->next)
		if (question->state == LOOKUP_ASKED)
			jobs->resolver->drop(jobs->resolver, &question->call);
	if (lookup->fetch_state == LOOKUP_ASKED)
		jobs->fetcher->drop(jobs->fetcher, &lookup->fetch);
}

static void job_free(struct job *job)
{
	turns_end(&job->jobs->turns, &job->turn);
	if (job->lookup != NULL) {
		drop_questions(job->jobs, job->lookup);
		discover_clear(job->lookup);
		free(job->lookup);
	}
	tdelete(job, &job->jobs->tree, by_domain);
	free(job);
}

static void tell_all(struct job *job)
{
	struct policy_told told = {
		.domain = job->domain,
		.view = job->known,
		.complete = job->outcome.complete,
		.answered = job->outcome.complete ||
	                    (job->lookup != NULL && job->lookup->answered)};
	struct jobs_asked *asked;

	while ((asked = STAILQ_FIRST(&job->asks)) != NULL) {
		STAILQ_REMOVE_HEAD(&job->asks, next);
		atomic_fetch_sub(&job->jobs->waiting, 1);
		asked->ask.tell(asked->ask.arg, &told);
		free(asked);
	}
}

/* It is known.  The keeper gets what is to be kept. */
static void settle(struct job *job, const struct domain_view *view,
                   bool complete)
{
	struct jobs *jobs = job->jobs;

	turns_end(&jobs->turns, &job->turn);
	job->known = view;
	job->outcome.complete = complete;
	tell_all(job);
	job->state = JOB_IS_KEPT;
	if (jobs->keeper != NULL &&
	    (job->outcome.view != NULL || job->outcome.wanted))
		keeper_put(jobs->keeper, &job->outcome);
	else
		job_free(job);
}

/* --- a look-up --- */

static void note_answered(struct job *job)
{
	if (job->state != JOB_RUNS)
		return;
	TAILQ_INSERT_TAIL(&job->jobs->answered, job, place);
	job->state = JOB_ANSWERED;
}

static void on_answer(struct dns_call *call)
{
	container_of(call, struct lookup_question, call)->state =
		LOOKUP_ANSWERED;
	note_answered(call->owner);
}

static void on_policy(struct sts_call *call)
{
	struct job *job = call->owner;

	lookup_fetched(job->lookup);
	note_answered(job);
}

static void ask_network(struct job *job)
{
	struct jobs *jobs = job->jobs;
	struct lookup_question *question;
	struct sts_call *fetch;

	while ((question = lookup_unasked(job->lookup)) != NULL) {
		question->state = LOOKUP_ASKED;
		question->call.background =
			!job->hurried || job->asked++ >= QUESTIONS_MAX;
		question->call.share = job->turn.shares[0];
		question->call.owner = job;
		question->call.done = on_answer;
		jobs->resolver->ask(jobs->resolver, &question->call);
	}
	fetch = lookup_unfetched(job->lookup);
	if (fetch == NULL)
		return;
	job->lookup->fetch_state = LOOKUP_ASKED;
	fetch->background = !job->hurried;
	fetch->share = job->turn.shares[0];
	fetch->owner = job;
	fetch->done = on_policy;
	jobs->fetcher->fetch(jobs->fetcher, fetch);
}

/* As far as the answers go. */
static void go_on(struct job *job)
{
	struct jobs *jobs = job->jobs;

	if (!discover_pass(job->lookup)) {
		ask_network(job);
		return;
	}
	atomic_fetch_add(&jobs->looked_up, 1);
	if (!job->unread)
		job->outcome.view = &job->lookup->view;
	settle(job, &job->lookup->view, !job->lookup->failed && !job->unread);
}

static void begin(struct job *job)
{
	struct jobs *jobs = job->jobs;
	struct clock *clock = jobs->clock;
	struct discover_options options = {
		.clock = clock,
		.sts = atomic_load(&jobs->sts) && jobs->fetcher != NULL,
		.knows_the_place =
			jobs->fetcher != NULL && jobs->fetcher->knows_the_place,
		.reach = &jobs->reach,
		.dane = atomic_load(&jobs->dane),
		.thorough = jobs->thorough,
		.unvouched = atomic_load(&jobs->unvouched),
	};
	struct domain_view old;
	bool has_old;
	int rc;

	arena_reset(&jobs->arena);
	rc = jobs_cached(jobs, job->domain, &jobs->arena, &old, NULL);
	has_old = rc > 0;
	job->unread = rc < 0;
	job->lookup = xcalloc(1, sizeof(*job->lookup));
	discover_begin(job->lookup, &options, job->domain,
	               has_old ? &old : NULL);
	if (has_old && !job->anew && !old.mx_doubted &&
	    domain_view_is_good(&old, clock_secs(clock))) {
		settle(job, job->lookup->old, true);
		return;
	}
	job->state = JOB_RUNS;
	turns_begin(&jobs->turns, &job->turn, clock_monotonic_ms(clock));
	go_on(job);
}

/* Those whose turn it is. */
static void begin_next(struct jobs *jobs, bool background)
{
	struct resolver *resolver = jobs->resolver;
	struct turn *turn;

	while ((resolver->is_full == NULL ||
	        !resolver->is_full(resolver, background)) &&
	       (turn = turns_next(&jobs->turns, background)) != NULL)
		begin(container_of(turn, struct job, turn));
}

/* A domain that takes long ends with what is known of it, for one that waits.
 */
static void make_room(struct jobs *jobs)
{
	int64_t begun_ms = clock_monotonic_ms(jobs->clock) - HURRIED_MS;
	struct turn *turn;

	while ((turn = turns_in_the_way(&jobs->turns, begun_ms, begun_ms)) !=
	       NULL) {
		struct job *job = container_of(turn, struct job, turn);

		if (job->state == JOB_ANSWERED)
			TAILQ_REMOVE(&jobs->answered, job, place);
		job->state = JOB_RUNS;
		drop_questions(jobs, job->lookup);
		lookup_give_up(job->lookup);
		go_on(job);
		begin_next(jobs, false);
		begin_next(jobs, true);
	}
}

/* It is the wanted list that asks. */
static void note_wanted(struct job *job, uint32_t failures)
{
	struct keeper *keeper = job->jobs->keeper;

	if (job->state != JOB_IS_KEPT && !job->outcome.wanted) {
		job->outcome.wanted = true;
		job->outcome.failures = failures;
	} else if (keeper != NULL) {
		keeper_unwant(keeper);
	}
}

/* Somebody waits for it now. */
static void hurry(struct job *job)
{
	struct turns *turns = &job->jobs->turns;

	if (job->turn.background && job->state == JOB_WAITS) {
		turns_end(turns, &job->turn);
		job->turn.background = false;
		turns_wait(turns, &job->turn);
	}
	job->hurried = true;
}

void jobs_take(struct jobs *jobs, struct jobs_asked *asked)
{
	struct job *job = find_job(jobs, asked->domain);

	if (job == NULL)
		job = job_new(jobs, asked->domain);
	if (asked->listed) {
		note_wanted(job, asked->failures);
		free(asked);
		return;
	}
	if (!asked->ask.background)
		hurry(job);
	job->anew |= asked->ask.anew;
	STAILQ_INSERT_TAIL(&job->asks, asked, next);
	if (job->state == JOB_IS_KEPT)
		tell_all(job); /* it is as fresh as one can be */
}

void jobs_kept(struct outcome *outcome)
{
	job_free(container_of(outcome, struct job, outcome));
}

int64_t jobs_work(struct jobs *jobs)
{
	const struct turns *turns = &jobs->turns;
	struct job *job;

	for (size_t left = RUNNING_MAX;
	     left > 0 && (job = TAILQ_FIRST(&jobs->answered)) != NULL; left--) {
		TAILQ_REMOVE(&jobs->answered, job, place);
		job->state = JOB_RUNS;
		go_on(job);
	}
	begin_next(jobs, false);
	begin_next(jobs, true);
	make_room(jobs);
	if (!TAILQ_EMPTY(&jobs->answered))
		return 0;
	return turns->waiting[0] + turns->waiting[1] > 0 ? LOOK_MS : FOREVER_MS;
}

void jobs_init(struct jobs *jobs)
{
	turns_init(&jobs->turns);
	jobs->turns.places = RUNNING_MAX;
	jobs->turns.background_places = BACKGROUND_MAX;
	jobs->turns.places_each[0] = OWNER_MAX;
	TAILQ_INIT(&jobs->answered);
}

void jobs_clear(struct jobs *jobs)
{
	while (jobs->tree != NULL) {
		struct job *job = *(struct job *const *)jobs->tree;

		if (job->state == JOB_ANSWERED)
			TAILQ_REMOVE(&jobs->answered, job, place);
		tell_all(job);
		job_free(job);
	}
	arena_clear(&jobs->arena);
}
