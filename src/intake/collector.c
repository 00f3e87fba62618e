#include "intake/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "intake/memo.h"
#include "store/feed_table.h"
#include "store/tally_table.h"

enum {
	MEMO_ENTRIES = 32768,
	MEMO_BYTES = 10 * 1024 * 1024,
	IDLE_COMMIT_MS = 10000, /* the watermark moves on without events */
	RETRY_MS = 1000,        /* after a commit that failed */
	STOP_TRIES = 5,
	STOP_PAUSE_MS = 200,
	DAYS_KEPT = 8,
};

/* Sums of the days that a side has seen: one, or two around midnight. */
struct side {
	struct tally *tally;
	int32_t days[DAYS_KEPT];
	struct day_stats stats[DAYS_KEPT];
	size_t day_count;
	int64_t last_event; /* secs */
	uint64_t events;
};

struct collector {
	struct db *db;
	struct collector_options options;
	struct memo *memo;
	struct side sides[2];
	int filling;           /* index of the side that sessions go to */
	int32_t day;           /* of the batch, and of all hits in the memo */
	int32_t taken_day;     /* of the hits on the side that was taken */
	int64_t watermark;     /* secs: when that side was taken */
	size_t done;           /* domains of it that are in the store */
	int64_t idle_since_ms; /* monotonic */
	struct collector_state state;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started;
	bool stopping;
	bool in_a_hurry; /* the filling side wants to be committed */
};

struct collector *collector_new(struct db *db,
                                const struct collector_options *options)
{
	struct memo_limits memo = {MEMO_ENTRIES, MEMO_BYTES};
	struct collector *c = xcalloc(1, sizeof(*c));
	uint64_t seed;

	random_bytes(&seed, sizeof(seed));
	c->db = db;
	c->options = *options;
	c->memo = memo_new(seed, &memo);
	c->sides[0].tally = tally_new(seed, &options->limits);
	c->sides[1].tally = tally_new(seed, &options->limits);
	c->day = day_of(clock_secs(options->clock));
	pthread_mutex_init(&c->lock, NULL);
	wait_cond_init(&c->wake);
	return c;
}

void collector_free(struct collector **collector)
{
	struct collector *c = *collector;

	if (c == NULL)
		return;
	memo_free(&c->memo);
	tally_free(&c->sides[0].tally);
	tally_free(&c->sides[1].tally);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
	*collector = NULL;
}

/* The side's sums of a day.  More days than DAYS_KEPT mean that no commit
 * worked for a week; the last one then takes the rest. */
static struct day_stats *stats_of(struct side *side, int32_t day)
{
	for (size_t i = 0; i < side->day_count; i++)
		if (side->days[i] == day)
			return &side->stats[i];
	if (side->day_count == DAYS_KEPT)
		return &side->stats[DAYS_KEPT - 1];
	side->days[side->day_count] = day;
	memset(&side->stats[side->day_count], 0, sizeof(struct day_stats));
	return &side->stats[side->day_count++];
}

static void count(struct side *side, int32_t day, const struct session *session,
                  uint64_t n)
{
	struct day_stats *stats = stats_of(side, day);

	stats->events += n;
	day_stats_count(stats, session, n,
	                tally_add(side->tally, day, session, n));
}

struct counting {
	struct side *side;
	int32_t day;
};

static void count_hits(void *arg, const struct session *session, uint64_t hits)
{
	struct counting *counting = arg;

	count(counting->side, counting->day, session, hits);
}

void collector_begin(struct collector *c)
{
	struct side *side;
	int64_t now;
	int32_t day;

	pthread_mutex_lock(&c->lock);
	/* asked for under the lock: a watermark of the new day must not be
	 * taken before what still counts for the old one */
	now = clock_secs(c->options.clock);
	day = day_of(now);
	side = &c->sides[c->filling];
	if (day != c->day) {
		struct counting counting = {side, c->day};

		/* midnight, or a clock that was set: the hits so far are the
		 * old day's */
		memo_drain(c->memo, count_hits, &counting);
		c->day = day;
	}
	side->last_event = now;
}

/* Early enough that nothing folds while it is taken over. */
static bool is_half_full(const struct collector *c)
{
	return tally_bytes(c->sides[c->filling].tally) >=
	       c->options.limits.soft_bytes / 2;
}

void collector_end(struct collector *c)
{
	if (!c->in_a_hurry && is_half_full(c)) {
		c->in_a_hurry = true;
		pthread_cond_signal(&c->wake);
	}
	pthread_mutex_unlock(&c->lock);
}

static void note_event(struct collector *c)
{
	c->sides[c->filling].events++;
	c->state.events++;
}

void collector_prepare(struct collector *c, struct memo_event *events,
                       size_t count)
{
	memo_prepare(c->memo, events, count);
}

bool collector_recall(struct collector *c, const struct memo_event *event)
{
	if (!memo_hit(c->memo, event))
		return false;
	note_event(c);
	return true;
}

void collector_learn(struct collector *c, const struct memo_event *event,
                     const struct session *session)
{
	collector_count(c, session);
	memo_miss(c->memo, event, session);
}

void collector_count(struct collector *c, const struct session *session)
{
	note_event(c);
	count(&c->sides[c->filling], c->day, session, 1);
}

void collector_bad(struct collector *c, enum bad_input kind)
{
	stats_of(&c->sides[c->filling], c->day)->bad[kind]++;
	c->sides[c->filling].events++;
	c->state.bad++;
}

struct collector_state collector_state(struct collector *c)
{
	struct collector_state state;

	pthread_mutex_lock(&c->lock);
	state = c->state;
	pthread_mutex_unlock(&c->lock);
	return state;
}

/* Puts the side's sums and the feed's watermark into the transaction that
 * commits the last of its domains. */
static void put_sums(struct db_txn *txn, void *arg)
{
	struct collector *c = arg;
	const struct side *side = &c->sides[c->filling ^ 1];
	struct feed feed = {0};

	for (size_t i = 0; i < side->day_count; i++)
		day_stats_add(txn, side->days[i], &side->stats[i]);
	snprintf(feed.name, sizeof(feed.name), "%s", c->options.feed);
	feed_get(txn, feed.name, &feed);
	feed.watermark = c->watermark;
	feed.seen_at = c->watermark;
	if (side->events > 0)
		feed.last_event = side->last_event;
	feed.events += side->events;
	feed_put(txn, &feed);
}

static void side_reset(struct side *side)
{
	tally_reset(side->tally);
	side->day_count = 0;
	side->events = 0;
}

/* Takes the filled side away; under the lock, for as long as it takes to
 * change an index. */
static void take_side(struct collector *c)
{
	c->watermark = clock_secs(c->options.clock);
	c->filling ^= 1;
	c->in_a_hurry = false;
	c->taken_day = c->day;
	c->done = 0;
	memo_swap(c->memo);
}

static uint64_t without_domain_on(const struct side *side)
{
	uint64_t n = 0;

	for (size_t i = 0; i < side->day_count; i++)
		n += side->stats[i].catch_all.success +
		     side->stats[i].catch_all.failure;
	return n;
}

static void say_outcome(struct collector *c, bool failed, const char *why)
{
	if (failed && !c->state.commit_fails)
		log_error("the store takes no counters: %s; they are kept in "
		          "memory and tried again",
		          why);
	else if (!failed && c->state.commit_fails)
		log_info("the store takes counters again; nothing was lost "
		         "meanwhile but what was said to be");
}

/* Tries to commit the side that was taken. */
static int commit_taken(struct collector *c, struct err *err)
{
	struct side *side = &c->sides[c->filling ^ 1];
	uint64_t without_domain = without_domain_on(side);
	int rc = tally_commit(c->db, side->tally, &c->options.limits, &c->done,
	                      put_sums, c, err);

	say_outcome(c, rc < 0, err->text);
	pthread_mutex_lock(&c->lock);
	c->state.commit_fails = rc < 0;
	if (rc == 0)
		c->state.commits++;
	if (rc == 0)
		c->state.without_domain += without_domain;
	pthread_mutex_unlock(&c->lock);
	if (rc < 0)
		return rc;
	if (without_domain > 0)
		log_warning("%" PRIu64 " sessions were counted without their "
		            "domain: more new domains came than the store "
		            "took, and memory was full",
		            without_domain);
	side_reset(side);
	memo_forget(c->memo);
	return 0;
}

/* Waits for the time, for collector_stop() and, if asked to, for a side that is
 * half full; true when stopping. */
static bool wait_for_turn(struct collector *c, int64_t ms, bool for_hurry)
{
	int64_t until_ms = clock_host_ms() + ms;

	while (!c->stopping && !(for_hurry && c->in_a_hurry) &&
	       wait_cond(&c->wake, &c->lock, until_ms))
		;
	return c->stopping;
}

/* Swaps sides when there is something to commit; under the lock. */
static bool take_if_due(struct collector *c, int64_t now_ms, bool stopping)
{
	bool due = stopping || c->sides[c->filling].events > 0 ||
	           now_ms - c->idle_since_ms >= IDLE_COMMIT_MS;

	c->state.progress_ms = now_ms;
	if (due) {
		take_side(c);
		c->idle_since_ms = now_ms;
	}
	return due;
}

/* Commits the taken side, again and again while it fails; when stopping only
 * so many times. */
static int commit_until_done(struct collector *c, struct err *err)
{
	struct counting counting = {&c->sides[c->filling ^ 1], c->taken_day};
	int tries = 0;

	memo_each(c->memo, count_hits, &counting);
	while (commit_taken(c, err) < 0) {
		bool stopping;

		pthread_mutex_lock(&c->lock);
		stopping = wait_for_turn(c, RETRY_MS, false);
		c->state.progress_ms = clock_monotonic_ms(c->options.clock);
		pthread_mutex_unlock(&c->lock);
		if (stopping && ++tries >= STOP_TRIES)
			return err->class;
		if (stopping)
			wait_ms(STOP_PAUSE_MS);
	}
	return 0;
}

static void *commit_thread(void *arg)
{
	struct collector *c = arg;
	struct err err = {0};
	bool stopping = false;

	while (!stopping) {
		bool due;

		pthread_mutex_lock(&c->lock);
		stopping =
			wait_for_turn(c, c->options.commit_interval_ms, true);
		due = take_if_due(c, clock_monotonic_ms(c->options.clock),
		                  stopping);
		pthread_mutex_unlock(&c->lock);
		if (due && commit_until_done(c, &err) < 0)
			break;
	}
	return NULL;
}

int collector_start(struct collector *c, struct err *err)
{
	int rc;

	c->idle_since_ms = INT64_MIN / 2;
	c->state.progress_ms = clock_monotonic_ms(c->options.clock);
	rc = pthread_create(&c->thread, NULL, commit_thread, c);
	if (rc != 0) {
		errno = rc;
		return err_errno(err, ERR_IO, "starting the commit thread");
	}
	c->started = true;
	return 0;
}

int collector_stop(struct collector *c, struct err *err)
{
	uint64_t left = 0;

	if (!c->started)
		return 0;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	c->started = false;
	if (!c->state.commit_fails)
		return 0;
	for (int i = 0; i < 2; i++)
		left += c->sides[i].events;
	return err_set(err, ERR_IO,
	               "the store took no counters to the end: %" PRIu64
	               " events are lost",
	               left);
}
