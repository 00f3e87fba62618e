#include "judge/complete.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "domain/domain_view.h"
#include "store/feed_table.h"
#include "store/log_completing_table.h"
#include "store/log_pending_table.h"
#include "store/tally_settle.h"
#include "store/told_table.h"

enum {
	BATCH_DOMAINS = DB_BATCH_ROWS,
	MINUTE = 60,
	/* by so many tlstallyd must have counted further */
	PASSED_MINUTES = 2,
	/* and so long after its end a day does not wait for it */
	DAY_GRACE_SECS = 5 * MINUTE,
};

struct place {
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
};

struct complete {
	const struct apply_options *options;
	int64_t now;
	int64_t counted; /* secs: tlstallyd has counted until then */
	struct place at; /* read up to here */
	struct place *batch;
	size_t count;

	/* one transaction, one domain's day, one row at work */
	struct db_txn *txn;
	const struct place *place;
	struct arena mem;
	struct session session;
	uint64_t judged;
};

/* Is it known by now what events there are? */
static bool is_over(const struct complete *c, int32_t day, int64_t minute)
{
	return c->counted / MINUTE - PASSED_MINUTES > minute ||
	       c->now >= day_end(day) + DAY_GRACE_SECS;
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
		.sts_policy = {.mode = STS_TESTING,
	                       .mx = policy->mx_hosts,
	                       .mx_count = policy->mx_count},
		.mx = VIEW_NONE,
	};

	options.dane = options.dane_by_map = false;
	options.sts = true;
	return judge(&options, session, &view, &c->session, NULL) == 0 &&
	       !c->session.policies[0].unjudged;
}

/* As many of n as are not judged on that day; how many are left. */
static uint64_t judge_some(struct complete *c,
                           const struct log_session *session, int32_t day,
                           uint64_t n)
{
	struct tally_unjudged at = {.policy_id = 0};

	while (n > 0 && tally_unjudged_next(c->txn, day, session->domain,
	                                    &c->mem, &at)) {
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

/* What was told in its minute is written down by then, if anything was. */
static uint64_t complete_plain(struct complete *c, struct log_completing *row,
                               uint64_t n)
{
	if (!is_over(c, c->place->day, row->minute))
		return n;
	if (told_to_report(c->txn, row->session.domain,
	                   (row->minute + 1) * MINUTE - 1))
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
	if (n > 0 && (row.minute + 1) * MINUTE >= day_end(day))
		n = judge_some(c, &row.session, day + 1, n);
	if (n == 0 || !is_over(c, day, row.minute))
		return n;
	if (row.certain)
		count_by_log(c, &row.session, n);
	return 0;
}

/* Is there anything to do for the domain's day? */
static bool is_due(struct complete *c, struct db_txn *txn)
{
	struct tally_head head;

	for (int32_t day = c->at.day; day <= c->at.day + 1; day++)
		if (tally_head_get(txn, day, c->at.domain, &head) &&
		    head.unjudged > 0)
			return true;
	return is_over(c, c->at.day,
	               log_completing_first(txn, c->at.day, c->at.domain));
}

static int find_batch(struct complete *c, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(c->options->db);
	struct feed feed = {.watermark = 0};

	c->count = 0;
	if (feed_table_get(txn, FEED_EVENTS, &feed) &&
	    !moment_is_to_come(feed.watermark, c->now))
		c->counted = feed.watermark;
	while (c->count < BATCH_DOMAINS &&
	       log_completing_next(txn, &c->at.day, c->at.domain))
		if (is_due(c, txn))
			c->batch[c->count++] = c->at;
	return db_failure(txn, err);
}

static int complete_batch(struct complete *c, uint64_t *judged, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(c->options->db);
	int rc;

	c->txn = txn;
	c->judged = 0;
	for (size_t i = 0; i < c->count && !db_failed(txn); i++) {
		c->place = &c->batch[i];
		log_completing_take(txn, c->place->day, c->place->domain,
		                    complete_row, c);
	}
	rc = db_commit(&txn, err);
	if (rc == 0)
		*judged += c->judged;
	return rc;
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
	int rc;

	*judged = 0;
	arena_init(&c.mem);
	session_init(&c.session);
	do {
		rc = find_batch(&c, err);
		if (rc == 0 && c.count > 0)
			rc = complete_batch(&c, judged, err);
	} while (rc == 0 && c.count == BATCH_DOMAINS);
	return rc;
}
