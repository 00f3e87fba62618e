#include "judge/complete.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "domain/domain_view.h"
#include "judge/apply_work.h"
#include "store/feed_table.h"
#include "store/log_completing_table.h"
#include "store/log_pending_table.h"
#include "store/tally_aside.h"
#include "store/tally_settle.h"
#include "store/told_table.h"

enum {
	BATCH_DOMAINS = DB_BATCH_ROWS,
	MINUTE = 60,
	/* by so much tlstallyd must have counted further */
	PASSED_SECS = 2 * MINUTE,
	/* and so long after its end a day does not wait for it */
	DAY_GRACE_SECS = 5 * MINUTE,
};

struct complete {
	const struct apply_options *options;
	int64_t now;
	int64_t counted; /* secs: tlstallyd has counted until then */
	int64_t told;    /* secs: what was told before is known */
	struct place at; /* read up to here */
	struct place *batch;
	size_t count;

	/* one transaction, one domain's day, one row at work */
	struct db_txn *txn;
	const struct place *place;
	struct db_key
		from; /* of its rows, where the next transaction goes on */
	struct arena mem;
	struct session session;
	uint64_t judged;
};

/* Is it known by now what events there are? */
static bool is_over(const struct complete *c, int32_t day, int64_t until)
{
	return c->counted - PASSED_SECS > until ||
	       c->now >= day_end(day) + DAY_GRACE_SECS;
}

/* Where Postfix itself compares names it was told the lines alone
 * (domain/policy_answer). */
static struct sts_policy policy_of(const struct session_policy *policy,
                                   struct arena *arena)
{
	struct sts_policy sts = {.mode = STS_TESTING,
	                         .mx = policy->mx_hosts,
	                         .mx_count = policy->mx_count};

	if (sts.mx_count == 0)
		sts_policy_take_mx(&sts, (const char *const *)policy->strings,
		                   policy->string_count, arena);
	return sts;
}

/* By the policy that Postfix was told, as its event has it. */
static bool judge_event(struct complete *c, const struct log_session *session,
                        const struct session_policy *policy)
{
	struct judge_options options = judge_options_of(session->enforces);
	const struct domain_view view = {
		.domain = session->domain,
		.tlsrpt = VIEW_NONE,
		.sts_record = VIEW_OK,
		.sts = VIEW_OK,
		.sts_fetch = VIEW_OK,
		.sts_policy = policy_of(policy, &c->mem),
		.mx = VIEW_NONE,
	};

	options.dane = options.dane_by_map = false;
	options.sts = true;
	/* of the lines too many were cut off */
	if (view.sts_policy.mx_count == 0)
		return false;
	return judge(&options, session, &view, &c->session, NULL) == 0 &&
	       !c->session.policies[0].unjudged;
}

/* As many of n as are not judged on that day; how many are left. */
static uint64_t judge_some(struct complete *c,
                           const struct log_session *session, int32_t day,
                           uint64_t n)
{
	struct tally_unjudged at = {.policy_id = 0};

	while (n > 0 &&
	       tally_unjudged_next(c->txn, day, session->domain,
	                           &c->options->limits, &c->mem, &at)) {
		uint64_t some = n < at.sessions ? n : at.sessions;

		if (session_policy_is_bare(&at.policy))
			continue;
		/* nobody could tell: it stays as it is */
		if (judge_event(c, session, &at.policy)) {
			tally_settle(c->txn, day, session->domain, at.policy_id,
			             some, &c->session.policies[0],
			             &c->options->limits);
			c->judged += some;
		}
		n -= some;
	}
	return n;
}

static void count_by_log(struct complete *c, struct log_session *session,
                         uint64_t n)
{
	auto_(strbuf_clear) struct strbuf bytes = {0};

	session->enforces |= ENFORCES_KNOWN | ENFORCES_STS;
	log_session_encode(session, &bytes);
	log_pending_add(c->txn, c->place->day, session->domain, bytes.data,
	                bytes.len, n);
}

/* policyd may have ended before it wrote down what it told. */
static uint64_t complete_plain(struct complete *c, struct log_completing *row,
                               uint64_t n)
{
	if (row->until >= c->told && !is_over(c, c->place->day, row->until))
		return n;
	if (told_to_report(c->txn, row->session.domain, row->until))
		count_by_log(c, &row->session, n);
	return 0;
}

static uint64_t complete_row(void *arg, const void *data, size_t len,
                             uint64_t n)
{
	struct complete *c = arg;
	struct log_completing row;
	int32_t day = c->place->day;

	arena_reset(&c->mem);
	if (log_completing_decode(data, len, &c->mem, &row) < 0)
		return 0;
	if (row.session.outcome == LOG_PLAIN)
		return complete_plain(c, &row, n);
	n = judge_some(c, &row.session, day, n);
	/* the event may have come after midnight */
	if (n > 0 && row.until + 1 >= day_end(day))
		n = judge_some(c, &row.session, day + 1, n);
	if (n == 0 || !is_over(c, day, row.until))
		return n;
	if (row.certain)
		count_by_log(c, &row.session, n);
	return 0;
}

/* Is there anything to do for the domain's day? */
static bool is_due(struct complete *c, struct db_txn *txn)
{
	struct log_completing_first first;
	struct tally_head head;

	for (int32_t day = c->at.day; day <= c->at.day + 1; day++)
		if (tally_head_get(txn, day, c->at.domain, &head) &&
		    head.unjudged > 0)
			return true;
	first = log_completing_first(txn, c->at.day, c->at.domain);
	return first.plain < c->told || is_over(c, c->at.day, first.any);
}

static int find_batch(struct complete *c, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(c->options->db);
	struct feed feed = {.watermark = 0};

	c->count = 0;
	if (feed_table_get(txn, FEED_EVENTS, &feed) &&
	    !moment_is_to_come(feed.watermark, c->now))
		c->counted = feed.watermark;
	c->told = told_until(txn);
	while (c->count < BATCH_DOMAINS &&
	       log_completing_next(txn, &c->at.day, c->at.domain))
		if (is_due(c, txn))
			c->batch[c->count++] = c->at;
	return db_failure(txn, err);
}

/* One transaction, from *done and c->from on. */
static int complete_some(struct complete *c, size_t *done, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(c->options->db);
	size_t rows = 0;

	c->txn = txn;
	c->judged = 0;
	while (*done < c->count && rows < TXN_ROWS && !db_failed(txn)) {
		size_t most = TXN_ROWS - rows, taken;

		c->place = &c->batch[*done];
		taken = log_completing_take(txn, c->place->day,
		                            c->place->domain, &c->from, most,
		                            complete_row, c);
		rows += taken;
		if (taken == most)
			continue;
		c->from.len = 0;
		(*done)++;
	}
	return db_commit(&txn, err);
}

static int complete_batch(struct complete *c, uint64_t *judged, struct err *err)
{
	size_t done = 0;

	c->from.len = 0;
	while (done < c->count) {
		int rc = complete_some(c, &done, err);

		if (rc < 0)
			return rc;
		*judged += c->judged;
	}
	return 0;
}

static void complete_clear(struct complete *c)
{
	session_clear(&c->session);
	arena_clear(&c->mem);
	free(c->batch);
}

int complete_waiting(const struct apply_options *options, uint64_t *judged,
                     struct err *err)
{
	auto_(complete_clear) struct complete c = {
		.options = options,
		.now = clock_secs(options->clock),
		.at.day = INT32_MIN,
		.batch = xcalloc(BATCH_DOMAINS, sizeof(*c.batch)),
	};
	struct err other;
	int rc;

	*judged = 0;
	arena_init(&c.mem);
	session_init(&c.session);
	do {
		rc = find_batch(&c, err);
		if (rc == 0 && c.count > 0)
			rc = complete_batch(&c, judged, err);
	} while (rc == 0 && c.count == BATCH_DOMAINS);
	/* what cannot be read is out of the way the next time */
	if (rc == ERR_IO && !options->leaves_damage && c.at.day > INT32_MIN &&
	    c.at.day < INT32_MAX)
		tally_aside_days(options->db,
		                 c.count > 0 ? c.batch[0].day : c.at.day,
		                 c.at.day + 1, &other);
	return rc;
}
