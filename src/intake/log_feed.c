#include "intake/log_feed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/log.h"
#include "base/reader.h"
#include "base/xalloc.h"
#include "intake/committer.h"
#include "intake/counts.h"
#include "intake/log_share.h"
#include "store/day_table.h"
#include "store/log_state_table.h"
#include "store/tls_optional_table.h"

enum {
	BATCH_LINES = 4096,
	RETRY_MS = 1000, /* after a read that failed */
	LAG_MS = 200,    /* asking costs a system call a file */
};

/* What stands before the source's position in the store. */
enum { PLACE_FINISHED = 0, PLACE_UNFINISHED = 1 };

struct log_feed {
	struct db *db;
	struct log_source *source;
	struct log_feed_options options;
	struct smtp_tracker *tracker;
	struct committer *committer;
	struct counts *counts;
	struct count_row **rows; /* of them, when they are committed */
	struct strbuf encoded;   /* of the session being counted */
	/* since the last commit */
	struct log_fates fates;
	struct feed more;     /* what the feed's row will be given */
	int64_t committed_ms; /* monotonic */
	int64_t read_ms;      /* the same: the last line */

	int64_t now;       /* secs, at the beginning of the batch */
	int64_t ahead;     /* secs, the wall clock, of that (clock_hold) */
	int64_t last_time; /* secs, of the last line */
	bool has_place;    /* the store knows where to go on */
	bool finished;     /* the source has come to its end */
	bool read_fails;
	int64_t lag_ms;              /* monotonic: when it was asked */
	struct log_feed_state going; /* the thread's own */
	struct log_feed_state state; /* the others', under the lock */
	struct log_site *site;       /* the tracker's */
	struct log_site *next_site;  /* under the lock; NULL */
	pthread_mutex_t lock;
};

static int64_t monotonic_ms(const struct log_feed *f)
{
	return clock_monotonic_ms(f->options.committer.clock);
}

/* A clock that was wrong for a moment must not make days to come, nor days
 * before all days. */
static int32_t day_of_line(const struct log_feed *f, int64_t time)
{
	return day_of(time < 0 || time > f->now + DAY_SECS ? f->now : time);
}

/* Into f->encoded; false: beside tlstallyd nothing of it is ours. */
static bool encode(struct log_feed *f, int64_t time,
                   const struct log_session *session)
{
	auto_(db_abort) struct db_txn *txn = NULL;

	strbuf_reset(&f->encoded);
	if (!f->options.completes) {
		log_session_encode(session, &f->encoded);
		return true;
	}
	txn = db_begin_read(f->db);
	return log_share_encode(txn, session, time, &f->encoded);
}

static void count_session(void *arg, int64_t time,
                          const struct log_session *session)
{
	struct log_feed *f = arg;

	f->more.last_event = f->now;
	if (!encode(f, time, session))
		return;
	counts_add(f->counts, day_of_line(f, time), session->domain,
	           f->encoded.data, f->encoded.len);
	f->more.events++;
	f->going.sessions++;
}

/* By what tlstally-milter noted. */
static bool is_tls_optional(void *arg, int64_t time, const char *queue_id)
{
	struct log_feed *f = arg;
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);

	return tls_optional_has(txn, day_of_line(f, time), queue_id);
}

/* While somebody has set the clock, what is logged now has its time, which is
 * not the one that we go by. */
static struct log_line by_our_time(const struct log_feed *f,
                                   const struct log_line *line)
{
	int64_t apart = line->time - (f->now + f->ahead);
	struct log_line ours = *line;

	if (f->ahead != 0 && apart >= -CLOCK_BOUND_SECS &&
	    apart <= CLOCK_BOUND_SECS)
		ours.time -= f->ahead;
	return ours;
}

static void take_line(struct log_feed *f, const struct log_line *line)
{
	struct fact fact;

	/* whoever runs us ought to hear of lines that count for nothing */
	if (line->kind == LOG_LINE_FOREIGN)
		log_fates_note_foreign(&f->fates, line->uid, line->message);
	else if (line->kind == LOG_LINE_UNREAD)
		log_fates_note(&f->fates, LINE_UNREAD, line->message);
	if (line->kind != LOG_LINE_READ)
		return;
	f->going.lines++;
	f->fates.n[LINE_READ]++;
	f->last_time = line->time;
	if (maillog_read(line, f->site != NULL ? &f->site->lines : NULL,
	                 &fact) == FACT_NONE) {
		if (maillog_is_lost(line))
			log_fates_note(&f->fates, LINE_UNREAD, line->message);
		return;
	}
	f->fates.n[LINE_TELLS]++;
	if (fact.kind == FACT_UNCLEAR)
		log_fates_note(&f->fates, LINE_UNCLEAR, line->message);
	if (fact.kind == FACT_OUR_FAULT || fact.kind == FACT_NO_ENGINE ||
	    fact.our_fault)
		log_fates_note(&f->fates, LINE_OURS, line->message);
	if (fact.kind == FACT_DELIVERY && fact.has_relay && fact.delivered)
		f->going.deliveries++;
	smtp_tracker_take(f->tracker, line, &fact, count_session, f);
}

static void take_site(struct log_feed *f)
{
	struct log_site *next;

	pthread_mutex_lock(&f->lock);
	next = f->next_site;
	f->next_site = NULL;
	pthread_mutex_unlock(&f->lock);
	if (next == NULL)
		return;
	smtp_tracker_set_site(f->tracker, next);
	log_site_free(&f->site);
	f->site = next;
}

/* Some lines: 1 when there are more, else what the source said. */
static int read_batch(struct log_feed *f, struct err *err)
{
	struct log_line line = {0};
	int rc = 1;

	take_site(f);
	f->now = clock_secs(f->options.committer.clock);
	f->ahead = clock_ahead_secs(f->options.committer.clock);
	for (int i = 0; i < BATCH_LINES && !counts_full(f->counts); i++) {
		rc = f->source->next(f->source, &line, err);
		if (rc != 1)
			break;
		line = by_our_time(f, &line);
		take_line(f, &line);
		f->read_ms = monotonic_ms(f);
	}
	return rc;
}

/* All of the log is read, so all that was written until the batch began; or
 * else until the last line. */
static void move_watermark(struct log_feed *f, int rc)
{
	bool at_end = rc == 0 || rc == ERR_NOTFOUND;

	if (at_end && f->source->lag(f->source) <= 0)
		f->more.watermark = f->now;
	else if (f->last_time < f->now)
		f->more.watermark = f->last_time;
}

static void publish(struct log_feed *f, bool ended)
{
	int64_t now = monotonic_ms(f);

	if (now - f->lag_ms >= LAG_MS || ended) {
		f->going.lag = f->source->lag(f->source);
		f->lag_ms = now;
	}
	f->going.last_time = f->last_time;
	f->going.has_loglevel = smtp_tracker_has_loglevel(f->tracker);
	f->going.sees_events = smtp_tracker_sees_events(f->tracker);
	f->going.lacks_events = smtp_tracker_lacks_events(f->tracker);
	f->going.ended = ended;
	committer_goes_on(f->committer);
	pthread_mutex_lock(&f->lock);
	f->state = f->going;
	pthread_mutex_unlock(&f->lock);
}

static void put_state(struct db_txn *txn, struct log_feed *f)
{
	struct strbuf position, tracker;
	struct log_state state;

	strbuf_init(&position, 0);
	strbuf_init(&tracker, 0);
	strbuf_u8(&position, f->options.from_start && !f->finished
	                             ? PLACE_UNFINISHED
	                             : PLACE_FINISHED);
	f->source->save(f->source, &position);
	smtp_tracker_save(f->tracker, &tracker);
	state = (struct log_state){
		.position = position.data,
		.position_len = position.len,
		.tracker = strbuf_text(&tracker),
		.tracker_len = tracker.len,
	};
	log_state_put(txn, f->options.source_name, &state);
	strbuf_clear(&position);
	strbuf_clear(&tracker);
}

static size_t rows(void *arg, int side)
{
	struct log_feed *f = arg;
	size_t count;

	(void)side;
	f->rows = counts_sorted(f->counts, &count);
	return count;
}

static void put_row(struct db_txn *txn, void *arg, int side, size_t row)
{
	const struct log_feed *f = arg;
	const struct count_row *c = f->rows[row];

	(void)side;
	log_share_add(txn, c->day, c->domain, c->bytes, c->len, c->n);
	if (f->options.from_start && c->day < f->options.unsent_until &&
	    (row == 0 || c->day != f->rows[row - 1]->day))
		day_table_unsent_set(txn, c->day);
}

static void put_sums(struct db_txn *txn, void *arg, int side,
                     const struct feed *more)
{
	struct log_feed *f = arg;

	(void)side;
	(void)more;
	put_state(txn, f);
	log_fates_put(&f->fates, txn,
	              day_of(clock_secs(f->options.committer.clock)));
}

static void committed(void *arg, int side)
{
	struct log_feed *f = arg;

	(void)side;
	counts_reset(f->counts);
	log_fates_add(&f->going.fates, &f->fates);
	f->fates = (struct log_fates){0};
	f->more.events = 0;
	f->more.last_event = 0;
	f->committed_ms = monotonic_ms(f);
	f->has_place = true;
}

static int commit(struct log_feed *f, struct err *err)
{
	return committer_commit(f->committer, 0, &f->more, err);
}

/* The log is its own queue: while lines come the commit can wait, and then
 * there is one for all of them. */
static int64_t until_commit(const struct log_feed *f)
{
	int64_t interval = f->options.committer.interval_ms;
	int64_t now = monotonic_ms(f), quiet, longest;

	longest = f->committed_ms +
	          (f->more.events > 0 && interval > COMMITTER_IDLE_MS
	                   ? interval
	                   : COMMITTER_IDLE_MS) -
	          now;
	quiet = f->read_ms + interval - now;
	return f->more.events > 0 && quiet < longest ? quiet : longest;
}

static void say_read_failure(struct log_feed *f, int rc, const char *why)
{
	bool failed = rc < 0 && rc != ERR_NOTFOUND;

	if (failed && !f->read_fails)
		log_error("cannot read the log: %s; will retry", why);
	else if (!failed && f->read_fails)
		log_info("the log can be read again");
	f->read_fails = failed;
	snprintf(f->more.trouble, sizeof(f->more.trouble), "%.*s",
	         FEED_TROUBLE_MAX, failed ? why : "");
}

static void read_and_count(struct log_feed *f)
{
	struct err err = {0};
	int rc = 1;

	/* A first start begins at the log's end; killed before its first commit
	 * the next would begin at another, and what lies between be lost. */
	if (!f->has_place && commit(f, &err) < 0)
		return;
	while (rc != ERR_NOTFOUND && !committer_is_stopping(f->committer)) {
		struct err why = {0};
		int64_t ms;

		rc = read_batch(f, &why);
		say_read_failure(f, rc, why.text);
		move_watermark(f, rc);
		if ((counts_full(f->counts) || until_commit(f) <= 0) &&
		    commit(f, &err) < 0)
			return;
		publish(f, false);
		if (rc > 0 || rc == ERR_NOTFOUND)
			continue;
		/* for more lines, at most until something must be done */
		ms = rc < 0 ? RETRY_MS : until_commit(f);
		if (ms > RETRY_MS)
			ms = RETRY_MS;
		if (ms > 0 && !committer_is_stopping(f->committer))
			f->source->wait(f->source, (int)ms);
	}
	f->finished = rc == ERR_NOTFOUND;
	commit(f, &err);
}

static void read_until_stopped(void *arg)
{
	struct log_feed *f = arg;

	read_and_count(f);
	publish(f, true);
}

static void wake(void *arg)
{
	struct log_feed *f = arg;

	f->source->wake(f->source);
}

static int read_place(struct db *db, const char *source_name,
                      struct arena *arena, struct log_state *state,
                      struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	int found = log_state_get(txn, source_name, arena, state);

	if (db_failure(txn, err) < 0)
		return err->class;
	return found;
}

int log_feed_place(struct db *db, const char *source_name,
                   struct log_feed_place *place, struct err *err)
{
	auto_(arena_clear) struct arena arena;
	struct log_state state = {0};
	int found;

	strbuf_init(&place->position, 0);
	place->unfinished = false;
	arena_init(&arena);
	found = read_place(db, source_name, &arena, &state, err);
	if (found == 1 && state.position_len > 0) {
		const char *stored = state.position;

		place->unfinished = stored[0] == PLACE_UNFINISHED;
		strbuf_add(&place->position, stored + 1,
		           state.position_len - 1);
	}
	return found;
}

/* A tracker of another version than wrote it: a few sessions that were open
 * are worth less than all that is to come. */
static int load_tracker(struct log_feed *f, struct err *err)
{
	auto_(arena_clear) struct arena arena;
	struct log_state state = {0};
	struct err why = {0};
	int found;

	arena_init(&arena);
	found = read_place(f->db, f->options.source_name, &arena, &state, err);
	f->has_place = found == 1;
	if (found == 1 && state.tracker_len > 0 &&
	    smtp_tracker_load(f->tracker, state.tracker, state.tracker_len,
	                      &why) < 0) {
		log_warning("sessions that were open when tlstally-logd last "
		            "stopped are not counted: %s",
		            why.text);
		smtp_tracker_free(&f->tracker);
		f->tracker = smtp_tracker_new(&f->options.tracker);
	}
	return found < 0 ? found : 0;
}

static void feed_free(struct log_feed **feed)
{
	struct log_feed *f = *feed;

	f->source->free(&f->source);
	smtp_tracker_free(&f->tracker);
	log_site_free(&f->site);
	log_site_free(&f->next_site);
	counts_free(&f->counts);
	committer_free(&f->committer);
	strbuf_clear(&f->encoded);
	pthread_mutex_destroy(&f->lock);
	free(f);
	*feed = NULL;
}

static int feed_new(struct log_feed **out, struct log_source *source,
                    const struct log_feed_options *options, struct err *err)
{
	static const struct committer_work work = {
		.rows = rows,
		.put = put_row,
		.put_sums = put_sums,
		.committed = committed,
		.read = read_until_stopped,
		.wake = wake,
		/* the place in the log, and all that was counted up to it */
		.whole = true,
	};
	struct log_feed *f = xcalloc(1, sizeof(*f));

	f->db = options->committer.db;
	f->source = source;
	f->options = *options;
	f->options.committer.work = &work;
	f->options.committer.arg = f;
	f->committer = committer_new(&f->options.committer);
	if (options->tls_optional) {
		f->options.tracker.tls_optional = is_tls_optional;
		f->options.tracker.tls_optional_arg = f;
	}
	f->site = options->site;
	f->options.tracker.site = options->site;
	f->tracker = smtp_tracker_new(&f->options.tracker);
	f->counts = counts_new();
	strbuf_init(&f->encoded, 0);
	pthread_mutex_init(&f->lock, NULL);
	f->committed_ms = monotonic_ms(f);
	f->state.lag = f->going.lag = source->lag(source);
	if (load_tracker(f, err) < 0) {
		feed_free(&f);
		return err->class;
	}
	*out = f;
	return 0;
}

int log_feed_start(struct log_feed **feed, struct log_source *source,
                   const struct log_feed_options *options, struct err *err)
{
	if (feed_new(feed, source, options, err) < 0)
		return err->class;
	if (committer_start((*feed)->committer, err) < 0) {
		feed_free(feed);
		return err->class;
	}
	return 0;
}

void log_feed_set_site(struct log_feed *feed, struct log_site *site)
{
	struct log_site *unused;

	pthread_mutex_lock(&feed->lock);
	unused = feed->next_site;
	feed->next_site = site;
	pthread_mutex_unlock(&feed->lock);
	log_site_free(&unused);
}

struct log_feed_state log_feed_state(struct log_feed *feed)
{
	struct log_feed_state state;

	pthread_mutex_lock(&feed->lock);
	state = feed->state;
	pthread_mutex_unlock(&feed->lock);
	state.committer = committer_state(feed->committer);
	return state;
}

int log_feed_stop(struct log_feed **feed, struct err *err)
{
	int rc;

	if (*feed == NULL)
		return 0;
	rc = committer_stop((*feed)->committer, err);
	feed_free(feed);
	return rc;
}
