#include "policy/service.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include "base/xalloc.h"
#include "policy/jobs.h"
#include "policy/keeper.h"

enum {
	/* Of the descriptors that the process may have, so many are for other
	 * things, and of the rest an eighth is for policy hosts. */
	OTHERS_SOCKETS = 256,
	SOCKETS_MIN = 32,
	SOCKETS_MAX = 4096,
	FETCH_SHARE = 8,
	FETCHES_MAX = 128,
};

struct policy_service {
	struct policy_service_options options;
	struct loop *loop;
	struct resolver_counts counts;
	struct jobs jobs; /* the thread's */
	pthread_t thread;
	bool started;
	atomic_bool stop;
	/* what other threads have for it */
	pthread_mutex_t lock;
	struct jobs_asks mail;
	TAILQ_HEAD(, outcome) kept;
};

/* --- what other threads have for it --- */

static void take_mail(struct policy_service *service)
{
	struct jobs_asks mail = STAILQ_HEAD_INITIALIZER(mail);
	struct outcome *outcome;
	struct jobs_asked *asked;

	pthread_mutex_lock(&service->lock);
	STAILQ_CONCAT(&mail, &service->mail);
	while ((outcome = TAILQ_FIRST(&service->kept)) != NULL) {
		TAILQ_REMOVE(&service->kept, outcome, place);
		jobs_kept(outcome);
	}
	pthread_mutex_unlock(&service->lock);
	while ((asked = STAILQ_FIRST(&mail)) != NULL) {
		STAILQ_REMOVE_HEAD(&mail, next);
		jobs_take(&service->jobs, asked);
	}
}

static void *work(void *arg)
{
	struct policy_service *service = arg;

	while (!atomic_load(&service->stop)) {
		take_mail(service);
		loop_run(service->loop, jobs_work(&service->jobs));
	}
	return NULL;
}

static void post(struct policy_service *service, struct jobs_asked *asked)
{
	pthread_mutex_lock(&service->lock);
	STAILQ_INSERT_TAIL(&service->mail, asked, next);
	pthread_mutex_unlock(&service->lock);
	loop_wake(service->loop);
}

static struct jobs_asked *asked_new(const char *domain)
{
	size_t len = strlen(domain);
	struct jobs_asked *asked = xcalloc(1, sizeof(*asked) + len + 1);

	memcpy(asked->domain, domain, len);
	return asked;
}

/* Of the keeper. */
static void on_wanted(void *arg, const char *domain, uint32_t failures)
{
	struct jobs_asked *asked = asked_new(domain);

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
	return jobs_cached(&service->jobs, domain, arena, view, err);
}

int policy_service_ask(struct policy_service *service,
                       const struct policy_ask *ask, struct err *err)
{
	struct jobs_asked *asked;

	if (atomic_fetch_add(&service->jobs.waiting, 1) >= POLICY_ASKS_MAX) {
		atomic_fetch_sub(&service->jobs.waiting, 1);
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
	if (service->jobs.keeper != NULL)
		keeper_wake(service->jobs.keeper);
}

void policy_service_enforce(struct policy_service *service, bool dane, bool sts)
{
	atomic_store(&service->jobs.dane, dane);
	atomic_store(&service->jobs.sts, sts);
}

void policy_service_doubt(struct policy_service *service, bool unvouched)
{
	atomic_store(&service->jobs.unvouched, unvouched);
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
		.looked_up = atomic_load(&service->jobs.looked_up),
		.waiting = atomic_load(&service->jobs.waiting),
		.missed = sts_reach_count(&service->jobs.reach),
		.reaches_none = sts_reach_is_out(&service->jobs.reach,
	                                         clock_host_ms() / 1000),
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
		                     &service->jobs.resolver,
		                     &service->jobs.fetcher, err);
	if (resolver_open(&dns, service->loop, &service->jobs.resolver, err) <
	    0)
		return err->class;
	return sts_fetch_open(&fetch, service->loop, &service->jobs.fetcher,
	                      err);
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
	return keeper_open(&service->jobs.keeper, &options, err);
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
	service->jobs.clock = options->clock;
	service->jobs.db = options->db;
	service->jobs.thorough = options->thorough;
	jobs_init(&service->jobs);
	policy_service_enforce(service, options->dane, options->sts);
	if (loop_open(&service->loop, err) == 0 &&
	    open_network(service, err) == 0 && open_keeper(service, err) == 0 &&
	    start(service, err) == 0)
		return 0;
	policy_service_close(out);
	return err->class;
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
	keeper_close(&service->jobs.keeper);
	take_mail(service);
	jobs_clear(&service->jobs);
	if (service->jobs.fetcher != NULL)
		service->jobs.fetcher->free(&service->jobs.fetcher);
	if (service->jobs.resolver != NULL)
		service->jobs.resolver->free(&service->jobs.resolver);
	loop_close(&service->loop);
	pthread_mutex_destroy(&service->lock);
	free(service);
	*out = NULL;
}
