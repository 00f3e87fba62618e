#include "intake/committer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/wait.h"
#include "base/xalloc.h"

enum {
	RETRY_MS = 1000, /* after a commit that failed */
	STOP_TRIES = 5,
	STOP_RETRY_MS = 200,
};

struct committer {
	struct committer_options options;
	const struct feed_kind *kind;
	pthread_mutex_t lock;
	pthread_cond_t wake, committed;
	pthread_t thread;
	bool started, stopping;
	bool closed; /* the last side was taken */
	bool hurry;
	int filling;                   /* the side that is counted on */
	int64_t now;                   /* secs: of committer_begin() */
	struct feed counting;          /* what the filling side adds */
	struct feed taken;             /* what the other one does */
	size_t rows, done;             /* of the other one */
	uint64_t turn, committed_turn; /* how often a side was taken */
	int64_t taken_ms;              /* monotonic: the last time */
	struct committer_state state;
};

struct committer *committer_new(const struct committer_options *options)
{
	struct committer *c = xcalloc(1, sizeof(*c));

	c->options = *options;
	c->kind = feed_kind(options->feed);
	c->taken_ms = INT64_MIN / 2;
	c->state.progress_ms = clock_monotonic_ms(options->clock);
	pthread_mutex_init(&c->lock, NULL);
	wait_cond_init(&c->wake);
	wait_cond_init(&c->committed);
	return c;
}

void committer_free(struct committer **committer)
{
	struct committer *c = *committer;

	if (c == NULL)
		return;
	pthread_cond_destroy(&c->wake);
	pthread_cond_destroy(&c->committed);
	pthread_mutex_destroy(&c->lock);
	free(c);
	*committer = NULL;
}

int committer_begin(struct committer *c, int64_t *now)
{
	pthread_mutex_lock(&c->lock);
	*now = c->now = clock_secs(c->options.clock);
	return c->filling;
}

/* Under the lock. */
static void note_events(struct committer *c, uint64_t events, bool hurry)
{
	if (events > 0)
		c->counting.last_event = c->now;
	c->counting.events += events;
	c->state.events += events;
	if (hurry && !c->hurry)
		pthread_cond_signal(&c->wake);
	c->hurry |= hurry;
}

void committer_end(struct committer *c, uint64_t events, bool hurry)
{
	note_events(c, events, hurry);
	pthread_mutex_unlock(&c->lock);
}

void committer_end_committed(struct committer *c, uint64_t events, int64_t ms)
{
	int64_t until_ms = clock_host_ms() + ms;
	uint64_t turn = c->turn;

	note_events(c, events, true);
	while (c->committed_turn <= turn && !c->state.commit_fails &&
	       !c->closed && wait_cond(&c->committed, &c->lock, until_ms))
		;
	pthread_mutex_unlock(&c->lock);
}

bool committer_is_closed(const struct committer *c)
{
	return c->closed;
}

bool committer_is_stopping(struct committer *c)
{
	bool stopping;

	pthread_mutex_lock(&c->lock);
	stopping = c->stopping;
	pthread_mutex_unlock(&c->lock);
	return stopping;
}

void committer_goes_on(struct committer *c)
{
	pthread_mutex_lock(&c->lock);
	c->state.progress_ms = clock_monotonic_ms(c->options.clock);
	pthread_mutex_unlock(&c->lock);
}

struct committer_state committer_state(struct committer *c)
{
	struct committer_state state;

	pthread_mutex_lock(&c->lock);
	state = c->state;
	pthread_mutex_unlock(&c->lock);
	return state;
}

static void put_feed(struct committer *c, struct db_txn *txn, int side,
                     const struct feed *more)
{
	int64_t now = clock_secs(c->options.clock);
	struct feed feed = {0};

	snprintf(feed.name, sizeof(feed.name), "%s", c->options.feed);
	feed_table_get(txn, feed.name, &feed);
	/* one of a time to come is from a clock that proved wrong */
	if (more->watermark > feed.watermark ||
	    moment_is_to_come(feed.watermark, now))
		feed.watermark = more->watermark;
	feed.seen_at = now;
	if (more->last_event > 0)
		feed.last_event = more->last_event;
	feed.events += more->events;
	memcpy(feed.trouble, more->trouble, sizeof(feed.trouble));
	if (c->options.work->put_feed != NULL)
		c->options.work->put_feed(txn, c->options.arg, side, &feed);
	else
		feed_table_put(txn, &feed);
}

/* As far as the store takes it: what is done is not done again. */
static int write_side(struct committer *c, int side, const struct feed *more,
                      struct err *err)
{
	const struct committer_work *work = c->options.work;
	void *arg = c->options.arg;
	bool all;

	if (work->may_write != NULL && work->may_write(arg, err) < 0)
		return err->class;
	do {
		auto_(db_abort) struct db_txn *txn =
			db_begin_write(c->options.db);
		size_t at = c->done;

		while (at < c->rows && !db_failed(txn) &&
		       (work->whole || (at - c->done < DB_BATCH_ROWS &&
		                        db_written(txn) < DB_BATCH_BYTES)))
			work->put(txn, arg, side, at++);
		all = at == c->rows;
		if (all && work->put_sums != NULL)
			work->put_sums(txn, arg, side, more);
		if (all)
			put_feed(c, txn, side, more);
		if (db_commit(&txn, err) < 0)
			return err->class;
		c->done = at;
	} while (!all);
	return 0;
}

/* True when it is to stop. */
static bool wait_to_retry(struct committer *c)
{
	int64_t until_ms = clock_host_ms() + RETRY_MS;
	bool stopping;

	pthread_mutex_lock(&c->lock);
	c->state.commit_fails = true;
	pthread_cond_broadcast(&c->committed);
	while (!c->stopping && wait_cond(&c->wake, &c->lock, until_ms))
		;
	stopping = c->stopping;
	c->state.progress_ms = clock_monotonic_ms(c->options.clock);
	pthread_mutex_unlock(&c->lock);
	return stopping;
}

int committer_commit(struct committer *c, int side, const struct feed *more,
                     struct err *err)
{
	int tries = 0;

	c->rows = c->options.work->rows(c->options.arg, side);
	c->done = 0;
	while (write_side(c, side, more, err) < 0) {
		if (!c->state.commit_fails) {
			log_error("cannot commit counters: %s; %s", err->text,
			          c->kind->meanwhile);
			if (err->class == ERR_IO &&
			    c->options.work->mend != NULL)
				c->options.work->mend(c->options.arg, side);
		}
		if (!wait_to_retry(c))
			continue;
		if (++tries == STOP_TRIES)
			return err->class;
		wait_ms(STOP_RETRY_MS);
	}
	if (c->state.commit_fails)
		log_info("counters are committed again");
	pthread_mutex_lock(&c->lock);
	c->state.commit_fails = false;
	c->state.commits++;
	c->committed_turn = c->turn;
	pthread_cond_broadcast(&c->committed);
	pthread_mutex_unlock(&c->lock);
	c->options.work->committed(c->options.arg, side);
	return 0;
}

/* Under the lock: swaps the sides when there is something to commit. */
static bool take_if_due(struct committer *c)
{
	const struct committer_work *work = c->options.work;
	int64_t now_ms = clock_monotonic_ms(c->options.clock);

	c->state.progress_ms = now_ms;
	c->hurry = false;
	if (!c->stopping && c->counting.events == 0 &&
	    now_ms - c->taken_ms < COMMITTER_IDLE_MS)
		return false;
	c->taken_ms = now_ms;
	c->taken = c->counting;
	c->taken.watermark = clock_secs(c->options.clock);
	c->counting = (struct feed){0};
	c->closed = c->stopping;
	c->turn++;
	c->filling ^= 1;
	if (work->taken != NULL)
		work->taken(c->options.arg, c->filling ^ 1);
	return true;
}

static void rest(struct committer *c, int64_t until_ms)
{
	const struct committer_work *work = c->options.work;
	bool more = work->rest != NULL;

	while (more) {
		more = work->rest(c->options.arg) && clock_host_ms() < until_ms;
		pthread_mutex_lock(&c->lock);
		more &= !c->hurry && !c->stopping;
		c->state.progress_ms = clock_monotonic_ms(c->options.clock);
		pthread_mutex_unlock(&c->lock);
	}
}

static void commit_what_is_counted(struct committer *c)
{
	struct err err = {0};
	bool stopping = false;

	while (!stopping) {
		int64_t until_ms = clock_host_ms() + c->options.interval_ms;
		bool due;

		pthread_mutex_lock(&c->lock);
		while (!c->stopping && !c->hurry &&
		       wait_cond(&c->wake, &c->lock, until_ms))
			;
		stopping = c->stopping;
		due = take_if_due(c);
		pthread_mutex_unlock(&c->lock);
		if (due &&
		    committer_commit(c, c->filling ^ 1, &c->taken, &err) < 0)
			return;
		rest(c, until_ms);
	}
}

static void *commit_thread(void *arg)
{
	struct committer *c = arg;

	if (c->options.work->read != NULL)
		c->options.work->read(c->options.arg);
	else
		commit_what_is_counted(c);
	return NULL;
}

int committer_start(struct committer *c, struct err *err)
{
	int rc = pthread_create(&c->thread, NULL, commit_thread, c);

	if (rc != 0) {
		errno = rc;
		return err_errno(err, ERR_IO,
		                 "cannot start the committing thread");
	}
	c->started = true;
	return 0;
}

int committer_stop(struct committer *c, struct err *err)
{
	if (!c->started)
		return 0;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	if (c->options.work->wake != NULL)
		c->options.work->wake(c->options.arg);
	pthread_join(c->thread, NULL);
	c->started = false;
	pthread_mutex_lock(&c->lock);
	c->closed = true;
	pthread_mutex_unlock(&c->lock);
	if (!c->state.commit_fails)
		return 0;
	if (c->kind->is_read_again)
		return err_set(err, ERR_IO,
		               "cannot commit the last counters: they will be "
		               "read from %s again",
		               c->kind->source);
	return err_set(err, ERR_IO,
	               "cannot commit the last counters: those of %" PRIu64
	               " %ss are lost",
	               c->taken.events + c->counting.events, c->kind->unit);
}
