#include "policy/keeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"

enum {
	AHEAD_MAX = 1024,     /* handed out and not kept yet */
	LOOK_MS = 10 * 1000,  /* at the list, without being woken */
	PAUSE_MS = 10 * 1000, /* after a store that took nothing */
	BACK_OFF_MIN = 60,
	BACK_OFF_MAX = WANTED_LONGEST_SECS,
};

TAILQ_HEAD(outcomes, outcome);

struct keeper {
	struct keeper_options options;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* under the lock */
	struct outcomes outcomes;
	size_t ahead;
	bool stop;
	bool woken; /* look at the list now */
	/* the thread's; monotonic */
	int64_t look_at_ms; /* when to look at it without being woken */
	int64_t paused_until_ms;
	char after[WANTED_DOMAIN_TEXT]; /* where the list was read to */
	struct log_limit store_trouble;
};

static int64_t now_ms(const struct keeper *keeper)
{
	return clock_monotonic_ms(keeper->options.clock);
}

static void tell_trouble(struct keeper *keeper, const struct err *err)
{
	int64_t now = now_ms(keeper);
	uint64_t held;

	keeper->paused_until_ms = now + PAUSE_MS;
	if (!log_allowed(&keeper->store_trouble, now, &held))
		return;
	log_warning(
		"cannot store the policies that were looked up: %s; will retry",
		err->text);
}

/* --- what was found --- */

static int64_t back_off(uint32_t failures)
{
	int64_t secs = BACK_OFF_MIN;

	while (failures-- > 0 && secs < BACK_OFF_MAX)
		secs *= 2;
	return secs < BACK_OFF_MAX ? secs : BACK_OFF_MAX;
}

static void put_outcome(struct db_txn *txn, const struct outcome *outcome,
                        int64_t now)
{
	if (outcome->view != NULL)
		policy_cache_put(txn, outcome->view);
	if (outcome->wanted && outcome->complete)
		policy_wanted_delete(txn, outcome->domain);
	else if (outcome->wanted)
		policy_wanted_put(txn, outcome->domain,
		                  now + back_off(outcome->failures),
		                  outcome->failures + 1);
}

static int commit(struct keeper *keeper, const struct outcomes *outcomes,
                  struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(keeper->options.db);
	int64_t now = clock_secs(keeper->options.clock);
	const struct outcome *outcome;

	TAILQ_FOREACH(outcome, outcomes, place)
	put_outcome(txn, outcome, now);
	return db_commit(&txn, err);
}

/* What cannot be kept is looked up again, some time. */
static void keep(struct keeper *keeper, struct outcomes *outcomes)
{
	struct err err = {0};
	struct outcome *outcome;
	size_t wanted = 0;

	if (commit(keeper, outcomes, &err) < 0)
		tell_trouble(keeper, &err);
	while ((outcome = TAILQ_FIRST(outcomes)) != NULL) {
		TAILQ_REMOVE(outcomes, outcome, place);
		wanted += outcome->wanted;
		keeper->options.kept(keeper->options.arg, outcome);
	}
	pthread_mutex_lock(&keeper->lock);
	keeper->ahead -= wanted;
	pthread_mutex_unlock(&keeper->lock);
}

/* --- what is wanted --- */

static void hand_out(struct keeper *keeper, uint32_t failures)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->ahead++;
	pthread_mutex_unlock(&keeper->lock);
	keeper->options.want(keeper->options.arg, keeper->after, failures);
}

/*
 * Hands out so many domains that are due, from where the list was read to.
 * Having come to its end, says when to look again.
 */
static void read_list(struct keeper *keeper, size_t room)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(keeper->options.db);
	int64_t now = clock_secs(keeper->options.clock), due, wait = LOOK_MS;
	struct err err = {0};
	uint32_t failures;

	while (room > 0 &&
	       policy_wanted_next(txn, keeper->after, &due, &failures)) {
		if (moment_has_come(due, now, WANTED_LONGEST_SECS)) {
			hand_out(keeper, failures);
			room--;
		} else if ((due - now) * 1000 < wait) {
			wait = (due - now) * 1000;
		}
	}
	if (db_failure(txn, &err) < 0)
		tell_trouble(keeper, &err);
	if (room > 0)
		keeper->after[0] = '\0';
	keeper->look_at_ms = room > 0 ? now_ms(keeper) + wait : INT64_MIN;
}

/* --- the thread --- */

/* Under the lock.  The moment of the list, when there is room for more. */
static int64_t next_look_ms(const struct keeper *keeper)
{
	int64_t look_at_ms = keeper->woken ? INT64_MIN : keeper->look_at_ms;

	if (!keeper->options.wanted || keeper->ahead > AHEAD_MAX / 2)
		return INT64_MAX;
	return look_at_ms > keeper->paused_until_ms ? look_at_ms
	                                            : keeper->paused_until_ms;
}

/* Waits for something to do; how many domains may be handed out now. */
static size_t wait_for_work(struct keeper *keeper, struct outcomes *outcomes)
{
	size_t room = 0;

	TAILQ_INIT(outcomes);
	pthread_mutex_lock(&keeper->lock);
	while (!keeper->stop && TAILQ_EMPTY(&keeper->outcomes) &&
	       next_look_ms(keeper) > now_ms(keeper)) {
		int64_t left = next_look_ms(keeper) - now_ms(keeper);

		/* the clock may be one that stands still */
		wait_cond(&keeper->wake, &keeper->lock,
		          clock_host_ms() + (left < LOOK_MS ? left : LOOK_MS));
	}
	TAILQ_CONCAT(outcomes, &keeper->outcomes, place);
	if (!keeper->stop && next_look_ms(keeper) <= now_ms(keeper)) {
		room = AHEAD_MAX - keeper->ahead;
		keeper->woken = false;
	}
	pthread_mutex_unlock(&keeper->lock);
	return room;
}

static void *work(void *arg)
{
	struct keeper *keeper = arg;
	struct outcomes outcomes;
	bool stopped = false;

	while (!stopped) {
		size_t room = wait_for_work(keeper, &outcomes);

		if (!TAILQ_EMPTY(&outcomes))
			keep(keeper, &outcomes);
		if (room > 0)
			read_list(keeper, room);
		pthread_mutex_lock(&keeper->lock);
		stopped = keeper->stop && TAILQ_EMPTY(&keeper->outcomes);
		pthread_mutex_unlock(&keeper->lock);
	}
	return NULL;
}

void keeper_put(struct keeper *keeper, struct outcome *outcome)
{
	pthread_mutex_lock(&keeper->lock);
	TAILQ_INSERT_TAIL(&keeper->outcomes, outcome, place);
	pthread_cond_signal(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
}

void keeper_wake(struct keeper *keeper)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->woken = true;
	pthread_cond_signal(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
}

void keeper_unwant(struct keeper *keeper)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->ahead--;
	pthread_cond_signal(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
}

int keeper_open(struct keeper **out, const struct keeper_options *options,
                struct err *err)
{
	struct keeper *keeper = xcalloc(1, sizeof(*keeper));

	*out = keeper;
	keeper->options = *options;
	TAILQ_INIT(&keeper->outcomes);
	pthread_mutex_init(&keeper->lock, NULL);
	wait_cond_init(&keeper->wake);
	keeper->look_at_ms = INT64_MIN;
	keeper->paused_until_ms = INT64_MIN;
	errno = pthread_create(&keeper->thread, NULL, work, keeper);
	keeper->started = errno == 0;
	if (keeper->started)
		return 0;
	err_errno(err, ERR_BUSY, "cannot start a thread for lookups");
	keeper_close(out);
	return ERR_BUSY;
}

void keeper_close(struct keeper **out)
{
	struct keeper *keeper = *out;

	if (keeper == NULL)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->stop = true;
	pthread_cond_signal(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
	if (keeper->started)
		pthread_join(keeper->thread, NULL);
	pthread_cond_destroy(&keeper->wake);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
	*out = NULL;
}
