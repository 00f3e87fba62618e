#include "policy/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "base/moment.h"
#include "policy/discover.h"
#include "store/policy_cache_table.h"

enum {
	THREADS = 8,
	QUEUE_MAX = 256,
	LOOK_MS = 10 * 1000,  /* at the list, without being woken */
	PAUSE_MS = 10 * 1000, /* after a store that took nothing */
	BACK_OFF_MIN = 60,
	BACK_OFF_MAX = WANTED_LONGEST_SECS,
};

struct worker {
	struct policy_pool *pool;
	struct resolver *resolver;
	struct sts_fetcher *fetcher;
	struct arena arena;
	char domain[WANTED_DOMAIN_TEXT]; /* at work on it; "" */
	pthread_t thread;
	bool started;
};

struct policy_pool {
	struct pool_options options;
	atomic_bool stop;
	atomic_bool dane, sts; /* may change while it runs */
	struct sts_reach reach;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t wake;
	char queue[QUEUE_MAX][WANTED_DOMAIN_TEXT];
	size_t queued, taken;
	char after[WANTED_DOMAIN_TEXT]; /* where the list was read to */
	/* monotonic */
	int64_t look_at_ms; /* when to look at the list again */
	int64_t paused_until_ms;
	struct log_limit store_trouble;
	struct worker *workers;
	unsigned count;
};

static int64_t now_ms(const struct policy_pool *pool)
{
	return clock_monotonic_ms(pool->options.clock);
}

/* Under the lock. */
static void tell_trouble(struct policy_pool *pool, const struct err *err)
{
	int64_t now = now_ms(pool);
	uint64_t held;

	pool->paused_until_ms = now + PAUSE_MS;
	if (!log_allowed(&pool->store_trouble, now, &held))
		return;
	log_warning("policies that were looked up cannot be kept, to be tried "
	            "again: %s",
	            err->text);
}

static bool is_at_work_on(const struct policy_pool *pool, const char *domain)
{
	for (unsigned i = 0; i < pool->count; i++)
		if (strcmp(pool->workers[i].domain, domain) == 0)
			return true;
	return false;
}

/*
 * Fills the queue with domains that are due, from where the list was read to.
 * Having come to its end with nothing found, says when to look again.
 */
static void look_at_list(struct policy_pool *pool)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(pool->options.db);
	int64_t now = clock_secs(pool->options.clock), due, wait = LOOK_MS;
	struct err err = {0};
	uint32_t failures;

	pool->queued = pool->taken = 0;
	while (pool->queued < QUEUE_MAX &&
	       policy_wanted_next(txn, pool->after, &due, &failures)) {
		bool come = moment_has_come(due, now, WANTED_LONGEST_SECS);

		if (come && !is_at_work_on(pool, pool->after))
			strcpy(pool->queue[pool->queued++], pool->after);
		else if (!come && (due - now) * 1000 < wait)
			wait = (due - now) * 1000;
	}
	if (db_failure(txn, &err) < 0)
		tell_trouble(pool, &err);
	if (pool->queued == QUEUE_MAX)
		return;
	pool->after[0] = '\0';
	pool->look_at_ms = now_ms(pool) + wait;
}

/* Until this moment, or until somebody wakes the pool. */
static void wait_until(struct policy_pool *pool, int64_t until_ms)
{
	int64_t left = until_ms - now_ms(pool);

	if (left > LOOK_MS)
		left = LOOK_MS; /* the clock may be one that stands still */
	if (left > 0)
		wait_cond(&pool->wake, &pool->lock, clock_host_ms() + left);
}

/* Waits for a domain to work on; false when the pool stops. */
static bool take(struct worker *worker)
{
	struct policy_pool *pool = worker->pool;
	bool taken = false;

	pthread_mutex_lock(&pool->lock);
	worker->domain[0] = '\0';
	while (!taken && !atomic_load(&pool->stop)) {
		int64_t now = now_ms(pool);

		if (now < pool->paused_until_ms) {
			wait_until(pool, pool->paused_until_ms);
		} else if (pool->taken < pool->queued) {
			strcpy(worker->domain, pool->queue[pool->taken++]);
			taken = true;
		} else if (now >= pool->look_at_ms) {
			look_at_list(pool);
		} else {
			wait_until(pool, pool->look_at_ms);
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

/* What is known of a domain, and whether it is to be looked up. */
struct task {
	bool due;
	bool has_old;
	struct domain_view old;
	uint32_t failures;
};

static int read_task(struct worker *worker, int64_t now, struct task *task,
                     struct err *err)
{
	auto_(db_abort) struct db_txn *txn =
		db_begin_read(worker->pool->options.db);
	int64_t due;

	memset(task, 0, sizeof(*task));
	if (policy_wanted_get(txn, worker->domain, &due, &task->failures))
		task->due = moment_has_come(due, now, WANTED_LONGEST_SECS);
	if (task->due)
		task->has_old = policy_cache_get(txn, worker->domain,
		                                 &worker->arena, &task->old);
	return db_failure(txn, err);
}

static int64_t back_off(uint32_t failures)
{
	int64_t secs = BACK_OFF_MIN;

	while (failures-- > 0 && secs < BACK_OFF_MAX)
		secs *= 2;
	return secs < BACK_OFF_MAX ? secs : BACK_OFF_MAX;
}

/* NULL: the view that is there is fresh. */
static int keep(struct worker *worker, const struct domain_view *view,
                bool complete, uint32_t failures, struct err *err)
{
	struct pool_options *options = &worker->pool->options;
	auto_(db_abort) struct db_txn *txn = db_begin_write(options->db);

	if (view != NULL)
		policy_cache_put(txn, view);
	if (complete)
		policy_wanted_delete(txn, worker->domain);
	else
		policy_wanted_put(txn, worker->domain,
		                  clock_secs(options->clock) +
		                          back_off(failures),
		                  failures + 1);
	return db_commit(&txn, err);
}

static int look_up(struct worker *worker, const struct task *task,
                   struct err *err)
{
	struct policy_pool *pool = worker->pool;
	struct discover_options options = {
		.resolver = worker->resolver,
		.fetcher = atomic_load(&pool->sts) ? worker->fetcher : NULL,
		.reach = &pool->reach,
		.clock = pool->options.clock,
		.dane = atomic_load(&pool->dane),
		.stop = &pool->stop,
	};
	struct domain_view view;
	bool complete = discover(&options, worker->domain,
	                         task->has_old ? &task->old : NULL,
	                         &worker->arena, &view);

	/* what it says may be half of it */
	if (atomic_load(&pool->stop))
		return 0;
	return keep(worker, &view, complete, task->failures, err);
}

static int work(struct worker *worker, struct err *err)
{
	int64_t now = clock_secs(worker->pool->options.clock);
	struct task task;

	arena_reset(&worker->arena);
	if (read_task(worker, now, &task, err) < 0)
		return err->class;
	if (!task.due)
		return 0;
	if (task.has_old && domain_view_is_good(&task.old, now) &&
	    !task.old.mx_doubted)
		return keep(worker, NULL, true, 0, err);
	return look_up(worker, &task, err);
}

static void *worker_thread(void *arg)
{
	struct worker *worker = arg;
	struct policy_pool *pool = worker->pool;

	while (take(worker)) {
		struct err err = {0};

		if (work(worker, &err) == 0)
			continue;
		pthread_mutex_lock(&pool->lock);
		tell_trouble(pool, &err);
		pthread_mutex_unlock(&pool->lock);
	}
	return NULL;
}

static int open_worker(struct worker *worker, struct err *err)
{
	struct policy_pool *pool = worker->pool;
	const struct pool_options *options = &pool->options;
	struct sts_fetch_options fetch = options->fetch;

	if (options->open != NULL)
		return options->open(options->arg, &worker->resolver,
		                     &worker->fetcher, err);
	if (resolver_ldns_open(&options->resolver, &worker->resolver, err) < 0)
		return err->class;
	fetch.resolver = worker->resolver;
	fetch.stop = &pool->stop;
	return sts_fetch_open(&fetch, &worker->fetcher, err);
}

static void close_worker(struct worker *worker)
{
	if (worker->fetcher != NULL)
		worker->fetcher->free(&worker->fetcher);
	if (worker->resolver != NULL)
		worker->resolver->free(&worker->resolver);
	arena_clear(&worker->arena);
}

static struct policy_pool *pool_new(const struct pool_options *options)
{
	struct policy_pool *pool = xcalloc(1, sizeof(*pool));

	pool->options = *options;
	atomic_store(&pool->dane, options->dane);
	atomic_store(&pool->sts, options->sts);
	pool->count = options->threads > 0 ? options->threads : THREADS;
	pool->workers = xcalloc(pool->count, sizeof(*pool->workers));
	for (unsigned i = 0; i < pool->count; i++) {
		pool->workers[i].pool = pool;
		arena_init(&pool->workers[i].arena);
	}
	pthread_mutex_init(&pool->lock, NULL);
	wait_cond_init(&pool->wake);
	return pool;
}

int policy_pool_start(struct policy_pool **pool,
                      const struct pool_options *options, struct err *err)
{
	struct policy_pool *p = pool_new(options);
	int rc = 0;

	*pool = p;
	for (unsigned i = 0; i < p->count && rc == 0; i++)
		rc = open_worker(&p->workers[i], err);
	for (unsigned i = 0; i < p->count && rc == 0; i++) {
		struct worker *worker = &p->workers[i];

		errno = pthread_create(&worker->thread, NULL, worker_thread,
		                       worker);
		worker->started = errno == 0;
		if (!worker->started)
			rc = err_errno(err, ERR_IO,
			               "starting a thread for look-ups");
	}
	if (rc < 0)
		policy_pool_stop(pool);
	return rc;
}

void policy_pool_wake(struct policy_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->look_at_ms = INT64_MIN;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

void policy_pool_enforce(struct policy_pool *pool, bool dane, bool sts)
{
	atomic_store(&pool->dane, dane);
	atomic_store(&pool->sts, sts);
}

unsigned policy_pool_missed(struct policy_pool *pool)
{
	return atomic_load(&pool->reach.missed);
}

void policy_pool_stop(struct policy_pool **pool)
{
	struct policy_pool *p = *pool;

	if (p == NULL)
		return;
	atomic_store(&p->stop, true);
	policy_pool_wake(p);
	for (unsigned i = 0; i < p->count; i++)
		if (p->workers[i].started)
			pthread_join(p->workers[i].thread, NULL);
	for (unsigned i = 0; i < p->count; i++)
		close_worker(&p->workers[i]);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p->workers);
	free(p);
	*pool = NULL;
}
