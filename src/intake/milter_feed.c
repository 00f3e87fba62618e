#include "intake/milter_feed.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "base/lru.h"
#include "base/xalloc.h"
#include "intake/milter_bounces.h"
#include "intake/milter_counts.h"
#include "store/own_report_table.h"

enum {
	SEEN_DOMAINS = 16384, /* of today, for the warm-up */
	QUEUE_ID_MAX = 31,    /* Postfix's longest has some 20 */
};

struct milter_feed {
	struct milter_feed_options options;
	struct committer *committer;

	/* Under its lock. */
	struct milter_counts *sides[2];
	struct lru *seen; /* remote domains: struct seen */
	struct milter_bounces bounces;

	atomic_uint_fast64_t unread;
	/* The committing thread's. */
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

void milter_feed_take(struct milter_feed *f, struct milter_message *message,
                      const char *queue_id)
{
	size_t id_len =
		queue_id != NULL ? strnlen(queue_id, QUEUE_ID_MAX + 1) : 0;
	int64_t now;
	struct milter_counts *side =
		f->sides[committer_begin(f->committer, &now)];

	if (committer_is_closed(f->committer)) {
		committer_end(f->committer, 0, false);
		return;
	}
	milter_counts_add(side, day_of(now), message);
	warm_up(f, side, day_of(now), message);
	if (f->options.bounce != NULL && milter_message_may_be_bounce(message))
		milter_bounces_add(&f->bounces, message->token, &message->text);
	if (message->tls_optional && id_len > 0 && id_len <= QUEUE_ID_MAX) {
		milter_counts_tls_optional(side, day_of(now), queue_id);
		committer_end_committed(f->committer, 1, MILTER_HURRY_MS);
	} else {
		committer_end(f->committer, 1, milter_counts_full(side));
	}
}

void milter_feed_unread(struct milter_feed *f)
{
	atomic_fetch_add(&f->unread, 1);
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

static size_t rows(void *arg, int side)
{
	struct milter_feed *f = arg;

	return milter_counts_rows(f->sides[side]);
}

static void put_row(struct db_txn *txn, void *arg, int side, size_t row)
{
	struct milter_feed *f = arg;

	milter_counts_put(f->sides[side], row, txn,
	                  clock_secs(f->options.committer.clock));
}

static void put_ran(struct db_txn *txn, void *arg, int side,
                    const struct feed *more)
{
	struct milter_feed *f = arg;
	struct feed before;

	(void)side;
	if (feed_table_get(txn, f->options.committer.feed, &before))
		own_seen_committed(txn, before.watermark, more->watermark);
}

static void committed(void *arg, int side)
{
	struct milter_feed *f = arg;

	say_lost(&f->refused_limit,
	         clock_monotonic_ms(f->options.committer.clock),
	         milter_counts_refused(f->sides[side]),
	         "counts were lost because memory was full");
	milter_counts_reset(f->sides[side]);
}

/* All that wait, unless one shall come again later. */
static void read_bounces(struct milter_feed *f)
{
	int64_t now;
	int rc = 0;

	while (rc != ERR_BUSY) {
		struct milter_bounce *bounce;

		committer_goes_on(f->committer);
		committer_begin(f->committer, &now);
		bounce = milter_bounces_take(&f->bounces);
		committer_end(f->committer, 0, false);
		if (bounce == NULL)
			return;
		rc = f->options.bounce(f->options.bounce_arg, bounce->token,
		                       bounce->text.data, bounce->text.len);
		if (rc != ERR_BUSY) {
			milter_bounce_free(&bounce);
			continue;
		}
		committer_begin(f->committer, &now);
		milter_bounces_put_back(&f->bounces, bounce);
		committer_end(f->committer, 0, false);
	}
}

static bool rest(void *arg)
{
	struct milter_feed *f = arg;
	int64_t now_ms = clock_monotonic_ms(f->options.committer.clock), now;
	uint64_t dropped;

	read_bounces(f);
	committer_begin(f->committer, &now);
	dropped = f->bounces.dropped;
	f->bounces.dropped = 0;
	committer_end(f->committer, 0, false);
	say_lost(&f->unread_limit, now_ms, atomic_exchange(&f->unread, 0),
	         "sessions were not counted: too many at the same time");
	say_lost(&f->dropped_limit, now_ms, dropped,
	         "messages were not read as bounces: too many are waiting");
	return false;
}

int milter_feed_start(struct milter_feed **feed,
                      const struct milter_feed_options *options,
                      struct err *err)
{
	static const struct committer_work work = {
		.rows = rows,
		.put = put_row,
		.put_sums = put_ran,
		.committed = committed,
		.rest = rest,
	};
	struct milter_feed *f = xcalloc(1, sizeof(*f));

	*feed = f;
	f->options = *options;
	f->options.committer.work = &work;
	f->options.committer.arg = f;
	f->committer = committer_new(&f->options.committer);
	f->sides[0] = milter_counts_new();
	f->sides[1] = milter_counts_new();
	f->seen = lru_new(SEEN_DOMAINS, sizeof(struct seen), NULL);
	milter_bounces_init(&f->bounces, MILTER_BOUNCES_BYTES,
	                    MILTER_BOUNCES_MAX);
	if (committer_start(f->committer, err) < 0) {
		milter_feed_free(feed);
		return err->class;
	}
	return 0;
}

struct committer_state milter_feed_state(struct milter_feed *f)
{
	return committer_state(f->committer);
}

int milter_feed_stop(struct milter_feed *f, struct err *err)
{
	return committer_stop(f->committer, err);
}

void milter_feed_free(struct milter_feed **feed)
{
	struct milter_feed *f = *feed;

	if (f == NULL)
		return;
	committer_free(&f->committer);
	milter_counts_free(&f->sides[0]);
	milter_counts_free(&f->sides[1]);
	lru_free(&f->seen);
	milter_bounces_clear(&f->bounces);
	free(f);
	*feed = NULL;
}
