#include "policy/service.h"

#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include "base/auto.h"
#include "base/container.h"
#include "base/xalloc.h"
#include "policy/discover.h"
#include "policy/keeper.h"
#include "policy/sts_reach.h"
#include "store/policy_cache_table.h"

enum {
	RUNNING_MAX = 2000,    /* domains */
	BACKGROUND_MAX = 1500, /* begun in the background while so many run */
	/* Of the descriptors that the process may have, so many are for other
	 * things, and of the rest an eighth is for policy hosts. */
	OTHERS_SOCKETS = 256,
	SOCKETS_MIN = 32,
	SOCKETS_MAX = 4096,
	FETCH_SHARE = 8,
	FETCHES_MAX = 128,
	FOREVER_MS = 60 * 1000,
};

/* Somebody who is to be told. */
struct asked {
	struct policy_ask ask;
	bool listed; /* by the wanted list, which has no tell() */
	uint32_t failures;
	STAILQ_ENTRY(asked) next;
	char domain[];
};

STAILQ_HEAD(asked_list, asked);

enum job_state {
	JOB_WAITS,    /* for its turn */
	JOB_RUNS,     /* questions are on their way */
	JOB_ANSWERED, /* it runs, and is to be gone through again */
	JOB_IS_KEPT,  /* all were told; the store does not know yet */
};

/* A domain that was asked for, until its view is in the store. */
struct job {
	const char *domain; /* the tree's key, so it comes first */
	struct policy_service *service;
	enum job_state state;
	bool background, anew;
	bool unread; /* what the store has of it; so nothing takes its place */
	struct asked_list asks;
	struct lookup *lookup;           /* from JOB_RUNS on: many may wait */
	const struct domain_view *known; /* what all were told */
	struct outcome outcome;
	TAILQ_ENTRY(job) place; /* of those that wait, run or were answered */
	char text[];
};

TAILQ_HEAD(jobs, job);

struct policy_service {
	struct policy_service_options options;
	struct loop *loop;
	struct resolver *resolver;
	struct sts_fetcher *fetcher;
	struct keeper *keeper; /* NULL: without a store */
	pthread_t thread;
	bool started;
	atomic_bool stop, dane, unvouched,
		sts; /* the latter three may change */
	struct sts_reach reach;
	struct resolver_counts counts;
	atomic_ullong looked_up, waiting;
	/* what other threads have for it */
	pthread_mutex_t lock;
	struct asked_list mail;
	TAILQ_HEAD(, outcome) kept;
	/* the thread's */
	void *tree;            /* tsearch(3): all jobs by their domain */
	struct jobs queues[2]; /* that wait; the second of the background */
	struct jobs running, answered;
	size_t running_count;
	struct arena arena; /* of a view in the store */
};

/* --- jobs --- */

static int by_domain(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct job *find_job(struct policy_service *service, const char *domain)
{
	struct job *const *found = tfind(&domain, &service->tree, by_domain);

	return found != NULL ? *found : NULL;
}

static struct job *job_new(struct policy_service *service, const char *domain)
{
	size_t len = strlen(domain);
	struct job *job = xcalloc(1, sizeof(*job) + len + 1);

	memcpy(job->text, domain, len);
	job->domain = job->text;
	job->service = service;
	job->background = true;
	job->outcome = (struct outcome){.domain = job->domain};
	STAILQ_INIT(&job->asks);
	TAILQ_INSERT_TAIL(&service->queues[1], job, place);
	if (tsearch(job, &service->tree, by_domain) == NULL)
		abort(); /* memory, and nothing else */
	return job;
}

static void lookup_drop(struct policy_service *service, struct lookup *lookup)
{
	struct lookup_question *question = lookup->questions;

	for (; question != NULL; question = question->next)
		if (question->state == LOOKUP_ASKED)
			service->resolver->drop(service->resolver,
			                        &question->call);
	if (lookup->fetch_state == LOOKUP_ASKED)
		service->fetcher->drop(service->fetcher, &lookup->fetch);
	discover_clear(lookup);
	free(lookup);
}

static void job_free(struct job *job)
{
	if (job->lookup != NULL)
		lookup_drop(job->service, job->lookup);
	tdelete(job, &job->service->tree, by_domain);
	free(job);
}

static void tell_all(struct job *job)
{
	struct policy_told told = {.domain = job->domain,
	                           .view = job->known,
	                           .complete = job->outcome.complete};
	struct asked *asked;

	while ((asked = STAILQ_FIRST(&job->asks)) != NULL) {
		STAILQ_REMOVE_HEAD(&job->asks, next);
		atomic_fetch_sub(&job->service->waiting, 1);
		asked->ask.tell(asked->ask.arg, &told);
		free(asked);
	}
}

/* It is known.  The keeper gets what is to be kept. */
static void settle(struct job *job, const struct domain_view *view,
                   bool complete)
{
	struct policy_service *service = job->service;

	job->known = view;
	job->outcome.complete = complete;
	tell_all(job);
	job->state = JOB_IS_KEPT;
	if (service->keeper != NULL &&
	    (job->outcome.view != NULL || job->outcome.wanted))
		keeper_put(service->keeper, &job->outcome);
	else
		job_free(job);
}

/* --- a look-up --- */

static void note_answered(struct job *job)
{
	if (job->state != JOB_RUNS)
		return;
	TAILQ_REMOVE(&job->service->running, job, place);
	TAILQ_INSERT_TAIL(&job->service->answered, job, place);
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
	struct policy_service *service = job->service;
	struct lookup_question *question;
	struct sts_call *fetch;

	while ((question = lookup_unasked(job->lookup)) != NULL) {
		question->state = LOOKUP_ASKED;
		question->call.background = job->background;
		question->call.owner = job;
		question->call.done = on_answer;
		service->resolver->ask(service->resolver, &question->call);
	}
	fetch = lookup_unfetched(job->lookup);
	if (fetch == NULL)
		return;
	job->lookup->fetch_state = LOOKUP_ASKED;
	fetch->background = job->background;
	fetch->owner = job;
	fetch->done = on_policy;
	service->fetcher->fetch(service->fetcher, fetch);
}

/* As far as the answers go. */
static void go_on(struct job *job)
{
	struct policy_service *service = job->service;

	if (!discover_pass(job->lookup)) {
		ask_network(job);
		return;
	}
	TAILQ_REMOVE(&service->running, job, place);
	service->running_count--;
	atomic_fetch_add(&service->looked_up, 1);
	if (!job->unread)
		job->outcome.view = &job->lookup->view;
	settle(job, &job->lookup->view, !job->lookup->failed && !job->unread);
}

static void begin(struct job *job)
{
	struct policy_service *service = job->service;
	struct clock *clock = service->options.clock;
	struct discover_options options = {
		.clock = clock,
		.sts = atomic_load(&service->sts) && service->fetcher != NULL,
		.knows_the_place = service->fetcher != NULL &&
	                           service->fetcher->knows_the_place,
		.reach = &service->reach,
		.dane = atomic_load(&service->dane),
		.thorough = service->options.thorough,
		.unvouched = atomic_load(&service->unvouched),
	};
	struct domain_view old;
	bool has_old;
	int rc;

	arena_reset(&service->arena);
	rc = policy_service_cached(service, job->domain, &service->arena, &old,
	                           NULL);
	has_old = rc > 0;
	job->unread = rc < 0;
	job->lookup = xcalloc(1, sizeof(*job->lookup));
	discover_begin(job->lookup, &options, job->domain,
	               has_old ? &old : NULL);
	TAILQ_REMOVE(&service->queues[job->background], job, place);
	if (has_old && !job->anew && !old.mx_doubted &&
	    domain_view_is_good(&old, clock_secs(clock))) {
		settle(job, job->lookup->old, true);
		return;
	}
	job->state = JOB_RUNS;
	TAILQ_INSERT_TAIL(&service->running, job, place);
	service->running_count++;
	go_on(job);
}

/* Those whose turn it is. */
static void begin_next(struct policy_service *service, bool background)
{
	struct resolver *resolver = service->resolver;
	struct jobs *queue = &service->queues[background];

	size_t max = background ? BACKGROUND_MAX : RUNNING_MAX;

	while (!TAILQ_EMPTY(queue) && service->running_count < max &&
	       (resolver->is_full == NULL ||
	        !resolver->is_full(resolver, background)))
		begin(TAILQ_FIRST(queue));
}

/* --- what other threads have for it --- */

/* It is the wanted list that asks. */
static void note_wanted(struct job *job, uint32_t failures)
{
	struct keeper *keeper = job->service->keeper;

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
	struct policy_service *service = job->service;

	if (job->background && job->state == JOB_WAITS) {
		TAILQ_REMOVE(&service->queues[1], job, place);
		TAILQ_INSERT_TAIL(&service->queues[0], job, place);
	}
	job->background = false;
}

static void take_asked(struct policy_service *service, struct asked *asked)
{
	struct job *job = find_job(service, asked->domain);

	if (job == NULL)
		job = job_new(service, asked->domain);
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

static void take_mail(struct policy_service *service)
{
	struct asked_list mail = STAILQ_HEAD_INITIALIZER(mail);
	struct outcome *outcome;
	struct asked *asked;

	pthread_mutex_lock(&service->lock);
	STAILQ_CONCAT(&mail, &service->mail);
	while ((outcome = TAILQ_FIRST(&service->kept)) != NULL) {
		TAILQ_REMOVE(&service->kept, outcome, place);
		job_free(container_of(outcome, struct job, outcome));
	}
	pthread_mutex_unlock(&service->lock);
	while ((asked = STAILQ_FIRST(&mail)) != NULL) {
		STAILQ_REMOVE_HEAD(&mail, next);
		take_asked(service, asked);
	}
}

static void *work(void *arg)
{
	struct policy_service *service = arg;
	struct job *job;

	while (!atomic_load(&service->stop)) {
		take_mail(service);
		for (size_t left = RUNNING_MAX;
		     left > 0 &&
		     (job = TAILQ_FIRST(&service->answered)) != NULL;
		     left--) {
			TAILQ_REMOVE(&service->answered, job, place);
			TAILQ_INSERT_TAIL(&service->running, job, place);
			job->state = JOB_RUNS;
			go_on(job);
		}
		begin_next(service, false);
		begin_next(service, true);
		loop_run(service->loop,
		         TAILQ_EMPTY(&service->answered) ? FOREVER_MS : 0);
	}
	return NULL;
}

static void post(struct policy_service *service, struct asked *asked)
{
	pthread_mutex_lock(&service->lock);
	STAILQ_INSERT_TAIL(&service->mail, asked, next);
	pthread_mutex_unlock(&service->lock);
	loop_wake(service->loop);
}

static struct asked *asked_new(const char *domain)
{
	size_t len = strlen(domain);
	struct asked *asked = xcalloc(1, sizeof(*asked) + len + 1);

	memcpy(asked->domain, domain, len);
	return asked;
}

/* Of the keeper. */
static void on_wanted(void *arg, const char *domain, uint32_t failures)
{
	struct asked *asked = asked_new(domain);

	asked->listed = true;
	asked->ask.background = true;
	asked->failures = failures;
	post(arg, asked);
}

static void on_kept(void *arg, struct outcome *outcome)
{
	struct policy_service *service = arg;

	pthread_mutex_lock(&service->lock);
	TAILQ_INSERT_TAIL(&service->kept, outcome, place);
	pthread_mutex_unlock(&service->lock);
	loop_wake(service->loop);
}

/* --- the doors --- */

int policy_service_cached(struct policy_service *service, const char *domain,
                          struct arena *arena, struct domain_view *view,
                          struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct err failure = {0};
	int found;

	if (service->options.db == NULL)
		return 0;
	txn = db_begin_read(service->options.db);
	found = policy_cache_get(txn, domain, arena, view);
	if (db_failure(txn, &failure) < 0)
		return err_set(err, failure.class, "%s", failure.text);
	return found;
}

int policy_service_ask(struct policy_service *service,
                       const struct policy_ask *ask, struct err *err)
{
	struct asked *asked;

	if (atomic_fetch_add(&service->waiting, 1) >= POLICY_ASKS_MAX) {
		atomic_fetch_sub(&service->waiting, 1);
		return err_set(err, ERR_BUSY, "too many lookups are waiting");
	}
	asked = asked_new(ask->domain);
	asked->ask = *ask;
	asked->ask.domain = asked->domain;
	post(service, asked);
	return 0;
}

void policy_service_wake(struct policy_service *service)
{
	if (service->keeper != NULL)
		keeper_wake(service->keeper);
}

void policy_service_enforce(struct policy_service *service, bool dane, bool sts)
{
	atomic_store(&service->dane, dane);
	atomic_store(&service->sts, sts);
}

void policy_service_doubt(struct policy_service *service, bool unvouched)
{
	atomic_store(&service->unvouched, unvouched);
}

struct policy_service_state policy_service_state(struct policy_service *service)
{
	struct resolver_counts *counts = &service->counts;
	int64_t since = atomic_load(&counts->failing_since_ms);

	return (struct policy_service_state){
		.queries = atomic_load(&counts->sent),
		.questions_answered = atomic_load(&counts->answered),
		.questions_failed = atomic_load(&counts->failed),
		.failing_ms = since != 0 ? clock_host_ms() - since : 0,
		.looked_up = atomic_load(&service->looked_up),
		.waiting = atomic_load(&service->waiting),
		.missed = atomic_load(&service->reach.missed),
	};
}

/* --- beginning and end --- */

static size_t sockets_of_process(void)
{
	struct rlimit limit;
	size_t all = SOCKETS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < SOCKETS_MAX + OTHERS_SOCKETS)
		all = limit.rlim_cur > OTHERS_SOCKETS
		              ? (size_t)limit.rlim_cur - OTHERS_SOCKETS
		              : 0;
	return all > SOCKETS_MIN ? all : SOCKETS_MIN;
}

static int open_network(struct policy_service *service, struct err *err)
{
	const struct policy_service_options *options = &service->options;
	const struct conf *conf = options->conf;
	size_t sockets =
		options->sockets > 0 ? options->sockets : sockets_of_process();
	size_t fetches = sockets / FETCH_SHARE;
	struct resolver_options dns = {
		.address = options->resolver != NULL ? options->resolver
	                                             : conf->policy.resolver,
		.trust_ad = conf->policy.trust_ad,
		.timeout_ms = conf->policy.timeout_ms,
		.limit_per_sec = conf->policy.queries_per_second,
		.sockets = sockets - fetches,
		.counts = &service->counts,
	};
	struct sts_fetch_options fetch = {
		.ca_file = conf->policy.sts_ca_file,
		.allow_private = conf->policy.allow_private,
		.at_once = fetches < FETCHES_MAX ? fetches : FETCHES_MAX,
	};

	if (options->open != NULL)
		return options->open(options->arg, service->loop,
		                     &service->resolver, &service->fetcher,
		                     err);
	if (resolver_open(&dns, service->loop, &service->resolver, err) < 0)
		return err->class;
	return sts_fetch_open(&fetch, service->loop, &service->fetcher, err);
}

static int open_keeper(struct policy_service *service, struct err *err)
{
	struct keeper_options options = {
		.db = service->options.db,
		.clock = service->options.clock,
		.wanted = service->options.wanted,
		.want = on_wanted,
		.kept = on_kept,
		.arg = service,
	};

	if (options.db == NULL)
		return 0;
	return keeper_open(&service->keeper, &options, err);
}

static int start(struct policy_service *service, struct err *err)
{
	errno = pthread_create(&service->thread, NULL, work, service);
	service->started = errno == 0;
	return service->started
	               ? 0
	               : err_errno(err, ERR_BUSY,
	                           "cannot start a thread for lookups");
}

int policy_service_open(struct policy_service **out,
                        const struct policy_service_options *options,
                        struct err *err)
{
	struct policy_service *service = xcalloc(1, sizeof(*service));

	*out = service;
	service->options = *options;
	pthread_mutex_init(&service->lock, NULL);
	STAILQ_INIT(&service->mail);
	TAILQ_INIT(&service->kept);
	TAILQ_INIT(&service->queues[0]);
	TAILQ_INIT(&service->queues[1]);
	TAILQ_INIT(&service->running);
	TAILQ_INIT(&service->answered);
	policy_service_enforce(service, options->dane, options->sts);
	if (loop_open(&service->loop, err) == 0 &&
	    open_network(service, err) == 0 && open_keeper(service, err) == 0 &&
	    start(service, err) == 0)
		return 0;
	policy_service_close(out);
	return err->class;
}

/* Those that nobody was told of. */
static void drop_jobs(struct policy_service *service)
{
	struct jobs *lists[] = {&service->queues[0], &service->queues[1],
	                        &service->running, &service->answered};
	struct job *job;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		while ((job = TAILQ_FIRST(lists[i])) != NULL) {
			TAILQ_REMOVE(lists[i], job, place);
			tell_all(job);
			job_free(job);
		}
}

void policy_service_close(struct policy_service **out)
{
	struct policy_service *service = *out;

	if (service == NULL)
		return;
	atomic_store(&service->stop, true);
	if (service->started) {
		loop_wake(service->loop);
		pthread_join(service->thread, NULL);
	}
	keeper_close(&service->keeper);
	take_mail(service);
	drop_jobs(service);
	if (service->fetcher != NULL)
		service->fetcher->free(&service->fetcher);
	if (service->resolver != NULL)
		service->resolver->free(&service->resolver);
	loop_close(&service->loop);
	arena_clear(&service->arena);
	pthread_mutex_destroy(&service->lock);
	free(service);
	*out = NULL;
}
