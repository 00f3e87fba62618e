#include "policy/pool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "policy/crew.h"
#include "policy/discover.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"

enum {
	THREADS = 8,
	QUEUE_MAX = 256,
	LOOK_MS = 10 * 1000,  /* at the list, without being woken */
	PAUSE_MS = 10 * 1000, /* after a store that took nothing */
	BACK_OFF_MIN = 60,
	BACK_OFF_MAX = WANTED_LONGEST_SECS,
};

struct policy_pool {
	struct pool_options options;
	struct crew crew;
	atomic_bool dane, sts; /* may change while it runs */
	struct sts_reach reach;
	/* under the crew's lock */
	char queue[QUEUE_MAX][WANTED_DOMAIN_TEXT];
	size_t queued, taken;
	char after[WANTED_DOMAIN_TEXT]; /* where the list was read to */
	/* monotonic */
	int64_t look_at_ms; /* when to look at the list again */
	int64_t paused_until_ms;
	struct log_limit store_trouble;
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
	log_warning(
		"cannot store the policies that were looked up: %s; will retry",
		err->text);
}

static bool is_at_work_on(const struct policy_pool *pool, const char *domain)
{
	for (unsigned i = 0; i < pool->crew.count; i++)
		if (strcmp(pool->crew.members[i].domain, domain) == 0)
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
		wait_cond(&pool->crew.wake, &pool->crew.lock,
		          clock_host_ms() + left);
}

/* Waits for a domain to work on; false when the pool stops. */
static bool take_domain(struct policy_pool *pool, struct crew_member *worker)
{
	bool taken = false;

	pthread_mutex_lock(&pool->crew.lock);
	worker->domain[0] = '\0';
	while (!taken && !atomic_load(&pool->crew.stop)) {
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
	pthread_mutex_unlock(&pool->crew.lock);
	return taken;
}

/* What is known of a domain, and whether it is to be looked up. */
struct task {
	bool due;
	bool has_old;
	struct domain_view old;
	uint32_t failures;
};

static int read_task(struct policy_pool *pool, struct crew_member *worker,
                     int64_t now, struct task *task, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(pool->options.db);
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
static int keep_outcome(struct policy_pool *pool, const char *domain,
                        const struct domain_view *view, bool complete,
                        uint32_t failures, struct err *err)
{
	const struct pool_options *options = &pool->options;
	auto_(db_abort) struct db_txn *txn = db_begin_write(options->db);

	if (view != NULL)
		policy_cache_put(txn, view);
	if (complete)
		policy_wanted_delete(txn, domain);
	else
		policy_wanted_put(txn, domain,
		                  clock_secs(options->clock) +
		                          back_off(failures),
		                  failures + 1);
	return db_commit(&txn, err);
}

static int look_up(struct policy_pool *pool, struct crew_member *worker,
                   const struct task *task, struct err *err)
{
	struct discover_options options = {
		.resolver = worker->kit.resolver,
		.fetcher = atomic_load(&pool->sts) ? worker->kit.fetcher : NULL,
		.reach = &pool->reach,
		.clock = pool->options.clock,
		.dane = atomic_load(&pool->dane),
		.stop = &pool->crew.stop,
	};
	struct domain_view view;
	bool complete = discover(&options, worker->domain,
	                         task->has_old ? &task->old : NULL,
	                         &worker->arena, &view);

	/* what it says may be half of it */
	if (atomic_load(&pool->crew.stop))
		return 0;
	return keep_outcome(pool, worker->domain, &view, complete,
	                    task->failures, err);
}

static int settle_domain(struct policy_pool *pool, struct crew_member *worker,
                         struct err *err)
{
	int64_t now = clock_secs(pool->options.clock);
	struct task task;

	arena_reset(&worker->arena);
	if (read_task(pool, worker, now, &task, err) < 0)
		return err->class;
	if (!task.due)
		return 0;
	if (task.has_old && domain_view_is_good(&task.old, now) &&
	    !task.old.mx_doubted)
		return keep_outcome(pool, worker->domain, NULL, true, 0, err);
	return look_up(pool, worker, &task, err);
}

static void work(void *arg, struct crew_member *worker)
{
	struct policy_pool *pool = arg;
	struct err err = {0};

	if (!take_domain(pool, worker) ||
	    settle_domain(pool, worker, &err) == 0)
		return;
	pthread_mutex_lock(&pool->crew.lock);
	tell_trouble(pool, &err);
	pthread_mutex_unlock(&pool->crew.lock);
}

int policy_pool_start(struct policy_pool **out,
                      const struct pool_options *options, struct err *err)
{
	struct policy_pool *pool = xcalloc(1, sizeof(*pool));
	int rc = 0;

	*out = pool;
	pool->options = *options;
	policy_pool_enforce(pool, options->dane, options->sts);
	crew_init(&pool->crew, &options->kit,
	          options->threads > 0 ? options->threads : THREADS, work,
	          pool);
	for (unsigned i = 0; i < pool->crew.count && rc == 0; i++)
		rc = crew_kit_open(&pool->crew.members[i].kit, &options->kit,
		                   &pool->crew.stop, err);
	if (rc == 0)
		rc = crew_start(&pool->crew, err);
	if (rc < 0)
		policy_pool_stop(out);
	return rc;
}

void policy_pool_wake(struct policy_pool *pool)
{
	pthread_mutex_lock(&pool->crew.lock);
	pool->look_at_ms = INT64_MIN;
	pthread_cond_broadcast(&pool->crew.wake);
	pthread_mutex_unlock(&pool->crew.lock);
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
	if (*pool == NULL)
		return;
	crew_clear(&(*pool)->crew);
	free(*pool);
	*pool = NULL;
}
