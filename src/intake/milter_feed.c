#include "intake/milter_feed.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "base/lru.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "intake/milter_bounces.h"
#include "intake/milter_counts.h"

enum {
	SEEN_DOMAINS = 16384,   /* of today, for the warm-up */
	IDLE_COMMIT_MS = 10000, /* the feed shows that it lives */
	RETRY_MS = 1000,        /* after a commit that failed */
	STOP_TRIES = 5,
	STOP_PAUSE_MS = 200,
	QUEUE_ID_MAX = 31, /* Postfix's longest has some 20 */
};

struct milter_feed {
	struct db *db;
	struct milter_feed_options options;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;

	/* Under the lock. */
	struct milter_counts *sides[2];
	int filling;
	int64_t last_message; /* secs, on the filling side */
	struct lru *seen;     /* remote domains: struct seen */
	struct milter_bounces bounces;
	uint64_t unread;
	bool stopping, closed;
	/* messages that wait for the commit of what they are in */
	pthread_cond_t committed;
	bool hurry;
	uint64_t filling_turn, committed_turn;
	struct milter_feed_state state;

	/* The committing thread's. */
	struct feed taken;
	size_t done;
	int64_t idle_since_ms; /* monotonic */
	struct log_limit unread_limit, dropped_limit, refused_limit;
};

struct seen {
	int32_t day;
};

/* Under the lock: what a day's first message to a domain starts. */
static void warm_up(struct milter_feed *f, struct milter_counts *side,
                    int32_t day, const struct milter_message *message)
{
	if (milter_message_is_report(message))
		return;
	for (size_t i = 0; i < message->domain_count; i++) {
		const struct milter_domain *domain = &message->domains[i];
		struct seen *seen;

		if (domain->way != MILTER_TO_OTHERS ||
		    strcmp(domain->name, MILTER_OTHERS) == 0 ||
		    !domain_is_host(domain->name))
			continue;
		seen = lru_use(f->seen, domain->name, strlen(domain->name));
		if (seen->day != day)
			milter_counts_want(side, day, domain->name);
		seen->day = day;
	}
}

/* Under the lock.  A store that takes nothing holds up no mail. */
static void await_commit(struct milter_feed *f)
{
	uint64_t turn = f->filling_turn;
	int64_t until_ms = clock_host_ms() + MILTER_HURRY_MS;

	f->hurry = true;
	pthread_cond_signal(&f->wake);
	while (f->committed_turn <= turn && !f->state.commit_fails &&
	       !f->closed && wait_cond(&f->committed, &f->lock, until_ms))
		;
}

static bool is_queue_id(const char *text)
{
	size_t len = text != NULL ? strnlen(text, QUEUE_ID_MAX + 1) : 0;

	return len > 0 && len <= QUEUE_ID_MAX;
}

void milter_feed_take(struct milter_feed *f, struct milter_message *message,
                      const char *queue_id)
{
	struct milter_counts *side;
	bool hurry = message->tls_optional && is_queue_id(queue_id);
	int64_t now;

	pthread_mutex_lock(&f->lock);
	if (f->closed) {
		pthread_mutex_unlock(&f->lock);
		return;
	}
	/* asked for under the lock, as the watermark is */
	now = clock_secs(f->options.clock);
	side = f->sides[f->filling];
	milter_counts_add(side, day_of(now), message);
	warm_up(f, side, day_of(now), message);
	f->last_message = now;
	f->state.messages++;
	if (f->options.bounce != NULL && milter_message_may_be_bounce(message))
		milter_bounces_add(&f->bounces, message->token, &message->text);
	if (milter_counts_full(side) && !f->state.commit_fails)
		pthread_cond_signal(&f->wake);
	if (hurry) {
		milter_counts_tls_optional(side, day_of(now), queue_id);
		await_commit(f);
	}
	pthread_mutex_unlock(&f->lock);
}

void milter_feed_unread(struct milter_feed *f)
{
	pthread_mutex_lock(&f->lock);
	f->unread++;
	pthread_mutex_unlock(&f->lock);
}

struct milter_feed_state milter_feed_state(struct milter_feed *f)
{
	struct milter_feed_state state;

	pthread_mutex_lock(&f->lock);
	state = f->state;
	pthread_mutex_unlock(&f->lock);
	return state;
}

/* Waits for the time, for milter_feed_stop() or for a side to fill up; under
 * the lock.  True when stopping. */
static bool wait_for_turn(struct milter_feed *f, int64_t ms, bool also_full)
{
	int64_t until_ms = clock_host_ms() + ms;

	while (!f->stopping &&
	       !(also_full &&
	         (f->hurry || milter_counts_full(f->sides[f->filling]))) &&
	       wait_cond(&f->wake, &f->lock, until_ms))
		;
	return f->stopping;
}

/* Swaps the sides when there is something to commit; under the lock. */
static bool take_if_due(struct milter_feed *f)
{
	int64_t now_ms = clock_monotonic_ms(f->options.clock);
	int64_t now = clock_secs(f->options.clock);
	uint64_t messages = milter_counts_messages(f->sides[f->filling]);
	bool due = f->stopping || messages > 0 ||
	           now_ms - f->idle_since_ms >= IDLE_COMMIT_MS;

	f->state.progress_ms = now_ms;
	if (!due)
		return false;
	f->idle_since_ms = now_ms;
	f->taken = (struct feed){
		.watermark = now,
		.seen_at = now,
		.last_event = messages > 0 ? f->last_message : 0,
		.events = messages,
	};
	snprintf(f->taken.name, sizeof(f->taken.name), "%s", f->options.feed);
	f->filling ^= 1;
	f->filling_turn++;
	f->hurry = false;
	f->done = 0;
	return true;
}

static void say_outcome(struct milter_feed *f, bool failed, const char *why)
{
	if (failed && !f->state.commit_fails)
		log_error("the store takes no counters: %s; they are kept in "
		          "memory and tried again, and mail flows on",
		          why);
	else if (!failed && f->state.commit_fails)
		log_info("the store takes counters again; nothing was lost "
		         "meanwhile but what was said to be");
}

/* At most a line a minute of each: what nobody counted. */
static void say_lost(struct log_limit *limit, int64_t now_ms, uint64_t lost,
                     const char *what)
{
	uint64_t held;

	if (lost == 0)
		return;
	/* `held` counts lines; they are the numbers that must not get lost */
	if (log_allowed(limit, now_ms, &held))
		log_warning("%" PRIu64 " %s", lost + held, what);
	else
		limit->held += lost - 1;
}

static int commit_taken(struct milter_feed *f, struct err *err)
{
	struct milter_counts *side = f->sides[f->filling ^ 1];
	int rc = milter_counts_commit(side, f->db, clock_secs(f->options.clock),
	                              &f->taken, &f->done, err);

	say_outcome(f, rc < 0, err->text);
	pthread_mutex_lock(&f->lock);
	f->state.commit_fails = rc < 0;
	if (rc == 0) {
		f->state.commits++;
		f->committed_turn = f->filling_turn;
	}
	pthread_cond_broadcast(&f->committed);
	pthread_mutex_unlock(&f->lock);
	if (rc < 0)
		return rc;
	say_lost(&f->refused_limit, clock_monotonic_ms(f->options.clock),
	         milter_counts_refused(side),
	         "counts found no room in memory and are lost");
	milter_counts_reset(side);
	return 0;
}

/* Again and again while it fails; when stopping only so many times. */
static int commit_until_done(struct milter_feed *f, struct err *err)
{
	int tries = 0;

	while (commit_taken(f, err) < 0) {
		bool stopping;

		pthread_mutex_lock(&f->lock);
		stopping = wait_for_turn(f, RETRY_MS, false);
		f->state.progress_ms = clock_monotonic_ms(f->options.clock);
		pthread_mutex_unlock(&f->lock);
		if (stopping && ++tries >= STOP_TRIES)
			return err->class;
		if (stopping)
			wait_ms(STOP_PAUSE_MS);
	}
	return 0;
}

/* All that wait, unless one shall come again later. */
static void read_bounces(struct milter_feed *f)
{
	int rc = 0;

	while (rc != ERR_BUSY) {
		struct milter_bounce *bounce;

		pthread_mutex_lock(&f->lock);
		bounce = milter_bounces_take(&f->bounces);
		f->state.progress_ms = clock_monotonic_ms(f->options.clock);
		pthread_mutex_unlock(&f->lock);
		if (bounce == NULL)
			return;
		rc = f->options.bounce(f->options.bounce_arg, bounce->token,
		                       bounce->text.data, bounce->text.len);
		if (rc != ERR_BUSY) {
			milter_bounce_free(&bounce);
			continue;
		}
		pthread_mutex_lock(&f->lock);
		milter_bounces_put_back(&f->bounces, bounce);
		pthread_mutex_unlock(&f->lock);
	}
}

static void say_all_lost(struct milter_feed *f)
{
	int64_t now_ms = clock_monotonic_ms(f->options.clock);
	uint64_t unread, dropped;

	pthread_mutex_lock(&f->lock);
	unread = f->unread;
	dropped = f->bounces.dropped;
	f->unread = f->bounces.dropped = 0;
	pthread_mutex_unlock(&f->lock);
	say_lost(&f->unread_limit, now_ms, unread,
	         "sessions were let through uncounted: too many at once");
	say_lost(&f->dropped_limit, now_ms, dropped,
	         "messages to addresses of ours were not read as bounces: too "
	         "many wait");
}

static void *feed_thread(void *arg)
{
	struct milter_feed *f = arg;
	struct err err = {0};
	bool stopping = false;

	while (!stopping) {
		bool due;

		pthread_mutex_lock(&f->lock);
		wait_for_turn(f, f->options.commit_interval_ms, true);
		stopping = f->stopping;
		f->closed = stopping;
		due = take_if_due(f);
		pthread_mutex_unlock(&f->lock);
		if (due && commit_until_done(f, &err) < 0)
			return NULL;
		read_bounces(f);
		say_all_lost(f);
	}
	return NULL;
}

static struct milter_feed *make(struct db *db,
                                const struct milter_feed_options *options)
{
	struct milter_feed *f = xcalloc(1, sizeof(*f));

	f->db = db;
	f->options = *options;
	f->sides[0] = milter_counts_new();
	f->sides[1] = milter_counts_new();
	f->seen = lru_new(SEEN_DOMAINS, sizeof(struct seen), NULL);
	milter_bounces_init(&f->bounces);
	f->state.progress_ms = clock_monotonic_ms(options->clock);
	f->idle_since_ms = INT64_MIN / 2;
	pthread_mutex_init(&f->lock, NULL);
	wait_cond_init(&f->wake);
	wait_cond_init(&f->committed);
	return f;
}

int milter_feed_start(struct milter_feed **feed, struct db *db,
                      const struct milter_feed_options *options,
                      struct err *err)
{
	int rc;

	*feed = make(db, options);
	rc = pthread_create(&(*feed)->thread, NULL, feed_thread, *feed);
	if (rc == 0)
		return 0;
	milter_feed_free(feed);
	errno = rc;
	return err_errno(err, ERR_IO, "starting the committing thread");
}

int milter_feed_stop(struct milter_feed *f, struct err *err)
{
	uint64_t left = 0;

	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	pthread_mutex_lock(&f->lock);
	f->closed = true;
	for (int i = 0; f->state.commit_fails && i < 2; i++)
		left += milter_counts_messages(f->sides[i]);
	pthread_mutex_unlock(&f->lock);
	if (!f->state.commit_fails)
		return 0;
	return err_set(
		err, ERR_IO,
		"the store took no counters to the end: those of %" PRIu64
		" messages are lost",
		left);
}

void milter_feed_free(struct milter_feed **feed)
{
	struct milter_feed *f = *feed;

	if (f == NULL)
		return;
	milter_counts_free(&f->sides[0]);
	milter_counts_free(&f->sides[1]);
	lru_free(&f->seen);
	milter_bounces_clear(&f->bounces);
	pthread_cond_destroy(&f->wake);
	pthread_cond_destroy(&f->committed);
	pthread_mutex_destroy(&f->lock);
	free(f);
	*feed = NULL;
}
