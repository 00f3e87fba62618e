#include "intake/collector.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "intake/policy_told.h"
#include "store/day_table.h"
#include "store/journal_apply.h"
#include "store/journal_aside.h"
#include "store/journal_write.h"
#include "store/tally_aside.h"
#include "store/tally_table.h"

enum {
	MEMO_ENTRIES = 32768,
	MEMO_BYTES = 10 * 1024 * 1024,
	DAYS_KEPT = 8,
	APPLY_AGAIN_MS = 30000,
};

/* Sums of the days that a side has seen: one, or two around midnight. */
struct side {
	struct tally *tally;
	int32_t days[DAYS_KEPT];
	struct day_stats stats[DAYS_KEPT];
	size_t day_count;
};

/* Of the journal of counts. */
struct applying {
	bool fails;
	int32_t failed_day; /* it and those before are tried again later */
	int64_t again_ms;   /* monotonic */
	struct err err;     /* why */
	uint64_t aside;     /* the last row that was told of as set aside */
};

struct collector {
	struct collector_options options;
	struct committer *committer;
	struct memo *memo;
	struct side sides[2];
	struct side *filling; /* of the batch in hand */
	uint64_t events;      /* of it */
	int32_t day;          /* of it, and of all hits in the memo */
	int32_t taken_day;    /* of the hits on the side that was taken */
	struct tally_domain **taken_domains; /* of that side */
	int64_t taken_at;       /* secs: it was counted until then */
	struct journal_ids ids; /* as of the last commit, and what becomes */
	struct journal_ids ids_then; /* of them in the one at hand */
	struct applying applying;
};

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
	day_table_stats_count(stats, session, n,
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
	int64_t now;
	int32_t day;

	c->filling = &c->sides[committer_begin(c->committer, &now)];
	c->events = 0;
	day = day_of(now);
	if (day != c->day) {
		struct counting counting = {c->filling, c->day};

		/* midnight, or a clock that was set: the hits so far are the
		 * old day's */
		memo_drain(c->memo, count_hits, &counting);
		c->day = day;
	}
}

/* In a hurry early enough that nothing folds while the side is taken over. */
void collector_end(struct collector *c)
{
	committer_end(c->committer, c->events,
	              tally_bytes(c->filling->tally) >=
	                      c->options.limits.soft_bytes / 2);
}

void collector_prepare(struct collector *c, struct memo_event *events,
                       size_t count)
{
	memo_prepare(c->memo, events, count);
}

bool collector_recall(struct collector *c, const struct memo_event *event)
{
	bool known = memo_hit(c->memo, event);

	c->events += known;
	return known;
}

void collector_learn(struct collector *c, const struct memo_event *event,
                     const struct session *session)
{
	c->events++;
	count(c->filling, c->day, session, 1);
	memo_miss(c->memo, event, session);
}

void collector_bad(struct collector *c, enum bad_input kind)
{
	c->events++;
	stats_of(c->filling, c->day)->bad[kind]++;
}

static void taken(void *arg, int side)
{
	struct collector *c = arg;

	(void)side;
	c->taken_day = c->day;
	memo_swap(c->memo);
}

static size_t rows(void *arg, int side)
{
	struct collector *c = arg;
	struct tally *tally = c->sides[side].tally;
	struct counting counting = {&c->sides[side], c->taken_day};

	memo_each(c->memo, count_hits, &counting);
	c->taken_domains = tally_sorted(tally);
	c->taken_at = clock_secs(c->options.committer.clock);
	policy_told_look(c->options.committer.db, tally, c->taken_domains,
	                 tally_domain_count(tally), c->taken_at);
	return 0; /* they are put with the feed's */
}

static void put_all(struct db_txn *txn, void *arg, int index,
                    const struct feed *feed)
{
	struct collector *c = arg;
	const struct side *side = &c->sides[index];
	const struct journal_commit commit = {
		.domains = c->taken_domains,
		.count = tally_domain_count(side->tally),
		.days = side->days,
		.stats = side->stats,
		.day_count = side->day_count,
		.feed = feed,
		.now = clock_secs(c->options.committer.clock),
	};

	c->ids_then = c->ids;
	journal_write(txn, &commit, &c->ids_then);
	for (size_t i = 0; i < commit.count; i++)
		policy_told_keep(txn, c->taken_domains[i], c->taken_at,
		                 c->options.committer.clock);
	policy_told_settle(txn, c->options.committer.clock, &c->options.limits);
}

/* Rows that could not be read, for whoever reads the log. */
static void tell_aside(struct collector *c, int32_t day)
{
	auto_(db_abort) struct db_txn *txn =
		db_begin_read(c->options.committer.db);
	struct journal_aside aside = {.day = day};
	uint64_t told = c->applying.aside;
	char text[JOURNAL_ASIDE_TEXT];

	while (journal_aside_next(txn, &aside) && aside.day == day) {
		if (aside.number <= told)
			continue;
		log_warning("%s cannot be read (%s): it is set aside, and "
		            "what it counted is missing",
		            journal_aside_text(&aside, text), aside.words);
		if (aside.number > c->applying.aside)
			c->applying.aside = aside.number;
	}
}

static void tell_failure(struct applying *applying, const struct err *err)
{
	if (!applying->fails)
		log_error("cannot apply what was counted: %s; it waits in the "
		          "journal of counts, will retry",
		          err->text);
	applying->fails = true;
	applying->err = *err;
}

/* Some of a day that is due.  1: there may be more; 0: for now there is not. A
 * day that cannot be applied keeps no other one waiting. */
static int apply_some(struct collector *c)
{
	const struct committer_options *options = &c->options.committer;
	struct applying *applying = &c->applying;
	int64_t now_ms = clock_monotonic_ms(options->clock);
	bool rests = applying->fails && now_ms < applying->again_ms;
	int32_t day = rests ? applying->failed_day + 1 : 0;
	struct err err;
	int rc = journal_apply_due(options->db, clock_secs(options->clock),
	                           &day, &err);

	if (rc > 0)
		rc = journal_apply_some(options->db, day, &c->options.limits,
		                        JOURNAL_APPLY_DOMAINS, &err);
	else if (rc == 0)
		return 0;
	if (rc < 0) {
		tell_failure(applying, &err);
		applying->failed_day = day;
		applying->again_ms = now_ms + APPLY_AGAIN_MS;
		return 1;
	}
	if (applying->fails && !rests) {
		log_info("what was counted is applied again");
		applying->fails = false;
	}
	if (rc == 0)
		tell_aside(c, day);
	return 1;
}

/* What was committed gets into its tables when it is time. */
static bool apply(void *arg)
{
	return apply_some(arg) > 0;
}

/* While it cannot be applied what is counted goes on to the journal, and past
 * its bound stays in memory, which has its own. */
static int may_write(void *arg, struct err *err)
{
	struct collector *c = arg;
	int full = journal_apply_is_full(c->options.committer.db, err);

	while (full > 0 && apply_some(c) > 0) {
		committer_goes_on(c->committer);
		full = journal_apply_is_full(c->options.committer.db, err);
	}
	if (full > 0)
		return err_set(err, ERR_BUSY,
		               "the journal of counts is full, and cannot be "
		               "applied: %s",
		               c->applying.err.text);
	return full;
}

static void committed(void *arg, int index)
{
	struct collector *c = arg;
	struct side *side = &c->sides[index];
	uint64_t without_domain = 0;

	for (size_t i = 0; i < side->day_count; i++)
		without_domain += side->stats[i].catch_all.success +
		                  side->stats[i].catch_all.failure;
	if (without_domain > 0)
		log_warning("%" PRIu64
		            " sessions were counted without their domain: new "
		            "domains arrived faster than the store accepted "
		            "them, and memory was full",
		            without_domain);
	c->ids = c->ids_then;
	tally_reset(side->tally);
	side->day_count = 0;
	memo_forget(c->memo);
}

/* Counts that cannot be read are no reason to keep others waiting.  What was
 * told is settled on the day before, too. */
static void mend(void *arg, int index)
{
	struct collector *c = arg;
	const struct side *side = &c->sides[index];
	struct err err;

	for (size_t i = 0; i < side->day_count; i++) {
		tally_aside_days(c->options.committer.db, side->days[i] - 1,
		                 side->days[i], &err);
		tell_aside(c, side->days[i] - 1);
		tell_aside(c, side->days[i]);
	}
}

struct collector *collector_new(const struct collector_options *options)
{
	static const struct committer_work work = {
		.taken = taken,
		.may_write = may_write,
		.mend = mend,
		.rows = rows,
		.put_feed = put_all,
		.committed = committed,
		.rest = apply,
	};
	struct memo_limits memo = {MEMO_ENTRIES, MEMO_BYTES};
	struct collector *c = xcalloc(1, sizeof(*c));
	uint64_t seed;

	hash_random_bytes(&seed, sizeof(seed));
	c->options = *options;
	c->options.committer.work = &work;
	c->options.committer.arg = c;
	c->committer = committer_new(&c->options.committer);
	c->memo = memo_new(seed, &memo);
	c->sides[0].tally = tally_new(seed, &options->limits);
	c->sides[1].tally = tally_new(seed, &options->limits);
	c->day = day_of(clock_secs(options->committer.clock));
	return c;
}

void collector_free(struct collector **collector)
{
	struct collector *c = *collector;

	if (c == NULL)
		return;
	committer_free(&c->committer);
	memo_free(&c->memo);
	tally_free(&c->sides[0].tally);
	tally_free(&c->sides[1].tally);
	free(c);
	*collector = NULL;
}

int collector_start(struct collector *c, struct err *err)
{
	return committer_start(c->committer, err);
}

int collector_stop(struct collector *c, struct err *err)
{
	if (committer_stop(c->committer, err) < 0)
		return err->class;
	if (c->options.leaves_journal)
		return 0;
	if (journal_apply_days(c->options.committer.db, 0, INT32_MAX,
	                       &c->options.limits, err) < 0)
		return err_prefix(err, "cannot apply what was counted (it "
		                       "waits in the journal of counts)");
	return 0;
}

struct committer_state collector_state(struct collector *c)
{
	return committer_state(c->committer);
}
