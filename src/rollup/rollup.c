#include "rollup/rollup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/gzip.h"
#include "base/xalloc.h"
#include "report/report_json.h"
#include "rollup/closing.h"
#include "rollup/decide.h"
#include "rollup/held.h"
#include "rollup/lists.h"
#include "rollup/selfloop.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "store/intern.h"
#include "store/journal_apply.h"
#include "store/journal_table.h"
#include "store/log_pending_table.h"
#include "store/outbox_table.h"
#include "store/tally_aside.h"

enum {
	BATCH_DOMAINS = 500,
	BATCH_BYTES = 4 * 1024 * 1024, /* of finished reports */
	BATCH_TRIES = 20,
};

/* One domain of a batch: what to do in the write transaction. */
struct item {
	char domain[TALLY_DOMAIN_TEXT];
	struct merged_mark mark; /* but what becomes of it */
	struct decision decision;
	struct outbox_head head;
	struct strbuf body;
	uint64_t *policy_ids;  /* 0: of a policy that only others counted, */
	struct strbuf unknown; /* whose bytes stand here */
	size_t policy_count;
	uint64_t folded;
};

struct rollup {
	struct db *db;
	const struct rollup_options *options;
	struct rollup_result *result;
	struct tally_limits limits;
	struct lists *lists;
	struct merged *merged;
	struct gzip *gzip;
	struct report *report;
	struct strbuf json;
	struct item *items;
	struct rua *ruas; /* DECIDE_RUA_MAX an item */
	size_t item_count;
	size_t body_bytes;
	int32_t day;
	char missing[OUTBOX_MISSING]; /* hosts that have not sent it */
	bool ours_asked, has_ours;    /* events_have_ours() */
	bool loop_check;
	bool unsent; /* the day was read from an old log */
	bool waits;  /* some of its domains are not to be touched yet */
	char at[TALLY_DOMAIN_TEXT]; /* the day is done up to this domain, */
	uint64_t position;          /* which has so many reports before it */
};

static void batch_clear(struct rollup *r)
{
	for (size_t i = 0; i < r->item_count; i++) {
		strbuf_clear(&r->items[i].body);
		strbuf_clear(&r->items[i].unknown);
		free(r->items[i].policy_ids);
	}
	r->item_count = 0;
	r->body_bytes = 0;
}

static void fill_head(struct rollup *r, struct item *item)
{
	const struct conf *conf = r->options->conf;
	int64_t now = clock_secs(r->options->clock);
	struct outbox_head *head = &item->head;

	memset(head, 0, sizeof(*head));
	/* decide() lets no other than a valid domain get here */
	snprintf(head->domain, sizeof(head->domain), "%.*s", DOMAIN_MAX,
	         item->domain);
	head->day = r->day;
	head->status = conf->report.mode == MODE_PREVIEW ? OUTBOX_HELD
	                                                 : OUTBOX_PENDING;
	head->created_at = now;
	head->planned = true;
	head->of_fleet = r->merged->fleet_id != 0;
	head->deliver_at =
		now + report_spread(r->day, r->position,
	                            merged_seed(r->merged, db_store_id(r->db)),
	                            conf->report.spread);
	head->start = r->report->start;
	head->end = r->report->end;
	head->success = report_success(r->report);
	head->failure = report_failure(r->report);
	head->policy_count = (uint32_t)r->report->policy_count;
	head->destination_count = (uint16_t)item->decision.rua_count;
	snprintf(head->report_id, sizeof(head->report_id), "%s",
	         r->report->report_id);
	memcpy(head->missing, r->missing, sizeof(head->missing));
}

static void put_unknown(struct item *item, const struct report_policy *from,
                        struct strbuf *scratch)
{
	const struct session_policy policy = {
		.type = from->type,
		.domain = from->domain,
		.strings = from->strings,
		.string_count = from->string_count,
		.mx_hosts = from->mx_hosts,
		.mx_count = from->mx_count,
	};

	strbuf_reset(scratch);
	session_policy_encode(&policy, scratch);
	strbuf_blob32(&item->unknown, scratch->data, scratch->len);
}

/* The report's bytes, as they will be sent, and what the outbox keeps. */
static void pack(struct rollup *r, struct item *item)
{
	const struct report *report = r->report;

	strbuf_reset(&r->json);
	report_json_write(report, false, &r->json);
	strbuf_init(&item->body, 0);
	gzip_pack(r->gzip, r->json.data, r->json.len, &item->body);
	item->policy_count = report->policy_count;
	item->policy_ids =
		xcalloc(report->policy_count, sizeof(*item->policy_ids));
	for (size_t i = 0; i < report->policy_count; i++) {
		item->policy_ids[i] = report->policies[i].id;
		if (item->policy_ids[i] == 0)
			put_unknown(item, &report->policies[i], &r->json);
	}
	fill_head(r, item);
	item->head.body_len = (uint32_t)item->body.len;
	r->body_bytes += item->body.len;
}

/* The domain at which merged_next() stands. */
static struct item *add_item(struct rollup *r)
{
	struct item *item = &r->items[r->item_count++];

	memset(item, 0, sizeof(*item));
	snprintf(item->domain, sizeof(item->domain), "%s", r->at);
	item->mark = (struct merged_mark){
		.domain = item->domain,
		.is_own = r->merged->is_own,
		.is_late = r->merged->is_late,
		.revision = r->merged->revision,
		.row = r->merged->row,
	};
	return item;
}

/* Other hosts' counts of the domain were reported before this host had any. */
static void take_late(struct rollup *r)
{
	add_item(r)->decision.mark = TALLY_LATE;
}

static int take_domain(struct rollup *r, struct db_txn *txn,
                       const struct tally_head *head, struct err *err)
{
	struct decide_context context = {
		.conf = r->options->conf,
		.lists = r->lists,
		.now = clock_secs(r->options->clock),
		.asked_for = r->options->one_day,
		.unsent = r->unsent,
		.loop_check = r->loop_check,
	};
	struct item *item = add_item(r);
	struct rua *ruas = &r->ruas[(r->item_count - 1) * DECIDE_RUA_MAX];
	int rc;

	item->decision.ruas = ruas;
	decide(&context, txn, r->day, r->at, head, &item->decision);
	if (item->decision.mark != TALLY_QUEUED)
		return 0;
	rc = rollup_build(r->merged, txn, r->options->conf, db_store_id(r->db),
	                  r->at, r->report, &item->folded, err);
	if (rc > 0) {
		pack(r, item);
		r->position++;
	}
	if (rc == 0)
		decide_nothing_counted(head, &item->decision);
	return rc < 0 ? rc : 0;
}

/* Those that have no report yet for a reason that the operator can change are
 * looked at again when he asks for their day. */
static bool is_wanted(const struct rollup *r, enum tally_mark mark)
{
	static const bool again[TALLY_MARKS] = {
		[TALLY_NO_RUA] = true, /* a way of delivery was off */
		[TALLY_DENIED] = true,  [TALLY_BY_MODE] = true,
		[TALLY_TOO_OLD] = true, [TALLY_UNSENT] = true,
	};

	if (mark == TALLY_OPEN)
		return true;
	return r->options->one_day &&
	       (again[mark] || (mark == TALLY_SELF && !r->loop_check));
}

/* The domain at hand, or with NULL any: here, or on a host that sent the
 * day. */
static bool waits(const struct rollup *r, struct db_txn *txn,
                  const char *domain)
{
	int64_t now = clock_secs(r->options->clock);
	bool elsewhere = domain != NULL ? r->merged->waits
	                                : merged_waiting(r->merged) > 0;

	return closing_waits(txn, r->day, domain, now) ||
	       (elsewhere && now - day_start(r->day + 1) < LOG_WAIT_SECS);
}

/* Reads on from r->at until the batch is full or the day ends; the number of
 * domains read, whatever their marks. */
static int read_batch(struct rollup *r, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(r->db);
	char domain[sizeof(r->at)];
	struct tally_head head;
	int seen = 0;

	merged_begin(r->merged, txn, r->day);
	r->loop_check =
		selfloop_possible(txn, r->options->conf, r->day, r->has_ours);
	r->unsent = day_table_is_unsent(txn, r->day);
	r->waits = waits(r, txn, NULL);
	memcpy(domain, r->at, sizeof(domain));
	while (r->item_count < BATCH_DOMAINS && r->body_bytes < BATCH_BYTES &&
	       merged_next(r->merged, txn, domain, &head)) {
		seen++;
		memcpy(r->at, domain, sizeof(r->at));
		r->position += head.mark == TALLY_QUEUED;
		if (r->merged->is_late)
			take_late(r);
		if (!is_wanted(r, head.mark) || r->merged->is_late ||
		    (r->waits && waits(r, txn, domain)))
			continue;
		if (take_domain(r, txn, &head, err) < 0)
			return err->class;
	}
	if (db_failed(txn))
		return db_failure(txn, err);
	return seen;
}

/* Policies that this host has not counted get an id of this store. */
static void know_policies(struct db_txn *txn, int32_t day, struct item *item)
{
	struct reader unknown;

	reader_init(&unknown, item->unknown.data, item->unknown.len);
	for (size_t i = 0; i < item->policy_count; i++) {
		const void *bytes;
		size_t len;

		if (item->policy_ids[i] != 0)
			continue;
		bytes = reader_blob32(&unknown, &len);
		if (!intern_find(txn, day, bytes, len, &item->policy_ids[i]))
			item->policy_ids[i] =
				intern_add(txn, day, bytes, len, 0);
	}
}

static uint64_t put_report(struct db_txn *txn, const struct item *item,
                           int64_t now_ms)
{
	struct outbox_new report = {
		.head = item->head,
		.ruas = item->decision.ruas,
		.rua_count = item->decision.rua_count,
		.copies = item->decision.copies,
		.body = item->body.data,
		.body_len = item->body.len,
		.policy_ids = item->policy_ids,
		.policy_id_count = item->policy_count,
	};

	return outbox_add(txn, &report, now_ms);
}

static int write_batch(struct rollup *r, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(r->db);
	struct day_stats self = {0};

	if (!merged_is_current(r->merged, txn))
		db_fail(txn, ERR_BUSY, "another host sent its day meanwhile");
	for (size_t i = 0; i < r->item_count; i++) {
		struct item *item = &r->items[i];
		uint64_t id = 0;

		if (item->decision.mark == TALLY_QUEUED) {
			know_policies(txn, r->day, item);
			id = put_report(txn, item, clock_ms(r->options->clock));
		}
		if (item->decision.mark == TALLY_SELF)
			self.suppressed_self++;
		item->mark.row.mark = item->decision.mark;
		item->mark.row.outbox_id = id;
		memcpy(item->mark.row.reason, item->decision.reason,
		       sizeof(item->mark.row.reason));
		merged_mark_set(txn, r->day, merged_has_others(r->merged),
		                &item->mark);
	}
	if (self.suppressed_self > 0)
		day_table_stats_add(txn, r->day, &self);
	return db_commit(&txn, err);
}

/*
 * One batch from `from` on.  Another run, or a late count, may touch a domain
 * between our reading and writing, or be in the journal of counts again: then
 * the transaction is refused as a whole and the batch is read again.
 */
static int do_batch(struct rollup *r, struct err *err)
{
	char from[sizeof(r->at)];
	uint64_t position = r->position;
	int rc = ERR_BUSY, seen = 0;

	memcpy(from, r->at, sizeof(from));
	for (int tries = 0; rc == ERR_BUSY && tries < BATCH_TRIES; tries++) {
		memcpy(r->at, from, sizeof(from));
		r->position = position;
		batch_clear(r);
		seen = journal_apply_days(r->db, r->day, r->day, &r->limits,
		                          err);
		if (seen == 0)
			seen = read_batch(r, err);
		if (seen < 0)
			return seen;
		rc = r->item_count > 0 ? write_batch(r, err) : 0;
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < r->item_count; i++) {
		r->result->marks[r->items[i].decision.mark]++;
		r->result->folded += r->items[i].folded;
	}
	if (r->options->progress != NULL)
		r->options->progress(r->options->progress_arg, r->day,
		                     r->item_count);
	return seen;
}

/* The journal has nothing of the day.  Heads are read only where its sums say
 * that one is open. */
static bool has_open(struct db_txn *txn, int32_t day)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	struct day_sums sums;
	int32_t at = day;

	if (day_sums_get(txn, day, &sums) && sums.marks[TALLY_OPEN] == 0)
		return false;
	while (tally_head_next(txn, &at, domain, &head) && at == day)
		if (head.mark == TALLY_OPEN)
			return true;
	return false;
}

static uint64_t count_waiting(struct db *db, int32_t day)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	uint64_t n = 0;
	int32_t at = day;

	while (log_pending_next(txn, &at, domain) && at == day)
		n++;
	return n;
}

enum ending { ENDING_CLOSED, ENDING_WAITS, ENDING_AGAIN };

/* Closes the day, unless there is a domain that waits for its policies, or one
 * that came while we were at work: nobody would ever look at it again.  It
 * keeps others from writing, so it looks at no domain unless one is open. */
static int try_to_close(struct rollup *r, enum ending *ending, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(r->db);

	if (waits(r, txn, NULL))
		*ending = ENDING_WAITS;
	else if (journal_table_has(txn, r->day) || has_open(txn, r->day) ||
	         !merged_is_current(r->merged, txn))
		*ending = ENDING_AGAIN;
	else
		*ending = ENDING_CLOSED;
	if (*ending == ENDING_CLOSED)
		day_table_closed_set(txn, r->day);
	if (db_commit(&txn, err) < 0)
		return err->class;
	if (*ending == ENDING_WAITS)
		r->result->domains_waiting += count_waiting(r->db, r->day) +
		                              merged_waiting(r->merged);
	return 0;
}

/* Outside of all transactions: it may start a process. */
static void ask_about_ours(struct rollup *r)
{
	const struct rollup_options *options = r->options;

	if (r->ours_asked || options->events_have_ours == NULL ||
	    options->conf->report.own_sessions != OWN_SESSIONS_AUTO)
		return;
	r->ours_asked = true;
	r->has_ours = options->events_have_ours(options->ours_arg);
}

static int close_day(struct rollup *r, int32_t day, struct err *err)
{
	enum ending ending = ENDING_AGAIN;
	struct err other;
	int seen;

	r->day = day;
	ask_about_ours(r);
	while (ending == ENDING_AGAIN) {
		r->at[0] = '\0';
		r->position = 0;
		do {
			seen = do_batch(r, err);
		} while (seen > 0);
		batch_clear(r);
		if (seen >= 0 && try_to_close(r, &ending, err) == 0)
			continue;
		if (err->class != ERR_IO ||
		    tally_aside_day(r->db, day, &other) <= 0)
			return err_prefix(err, "cannot close a day");
		/* what cannot be read is out of the way */
		ending = ENDING_AGAIN;
	}
	if (ending == ENDING_CLOSED)
		r->result->days++;
	else
		r->result->days_waiting++;
	return 0;
}

enum day_is { DAY_OPEN, DAY_READY, DAY_DONE };

static int look_at_day(struct rollup *r, int32_t day, enum day_is *is,
                       struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(r->db);
	const struct rollup_options *options = r->options;
	char words[CLOSING_WORDS];
	int64_t now = clock_secs(options->clock);
	enum closing closing = closing_of(txn, options->conf, day, now, words);

	if (day_table_is_closed(txn, day) && !options->one_day)
		*is = DAY_DONE;
	else
		*is = closing == CLOSING_NOT_YET ? DAY_OPEN : DAY_READY;
	if (*is == DAY_OPEN && options->one_day)
		return err_set(err, ERR_BUSY,
		               "the day cannot be closed yet: %s", words);
	if (*is == DAY_READY && closing == CLOSING_ANYWAY) {
		r->result->days_incomplete++;
		memcpy(r->result->incomplete, words, sizeof(words));
	}
	closing_missing(txn, options->conf, day, r->missing);
	return db_failure(txn, err);
}

static bool was_counted(struct db_txn *txn, int32_t day)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct host_day host = {.slot = 0};
	struct tally_head head;
	int32_t at = day;

	return (tally_head_next(txn, &at, domain, &head) && at == day) ||
	       host_day_next(txn, day, &host);
}

static int day_range(struct rollup *r, int32_t *first, int32_t *last,
                     struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(r->db);
	int32_t today = day_of(clock_secs(r->options->clock));

	if (r->options->one_day) {
		*first = *last = r->options->day;
		return was_counted(txn, r->options->day)
		               ? 1
		               : err_set(err, ERR_NOTFOUND,
		                         "nothing was counted on that day");
	}
	if (!merged_day_range(txn, first, last))
		return db_failure(txn, err);
	if (*last >= today)
		*last = today - 1;
	return 1;
}

static int close_days(struct rollup *r, struct err *err)
{
	int32_t first, last;
	int rc = day_range(r, &first, &last, err);

	if (rc <= 0)
		return rc;
	for (int32_t day = first; day <= last; day++) {
		enum day_is is;

		if (look_at_day(r, day, &is, err) < 0)
			return err->class;
		if (is == DAY_OPEN)
			r->result->days_waiting++;
		if (is == DAY_READY && close_day(r, day, err) < 0)
			return err->class;
	}
	return 0;
}

int rollup_run(struct db *db, const struct rollup_options *options,
               struct rollup_result *result, struct err *err)
{
	struct rollup r = {
		.db = db,
		.options = options,
		.result = result,
		.limits = {.max_policies = options->conf->store.max_policies,
	                   .max_details = options->conf->store.max_details},
	};
	int rc = 0;

	memset(result, 0, sizeof(*result));
	if (options->doubt != NULL && !options->one_day)
		return 0; /* the next run comes again */
	if (options->doubt != NULL)
		return err_set(err, ERR_BUSY,
		               "the day cannot be closed yet: %s",
		               options->doubt);
	if (lists_new(&r.lists, options->conf, err) < 0)
		return err->class;
	r.merged = merged_new(options->conf);
	r.gzip = gzip_new();
	r.report = report_new();
	r.items = xcalloc(BATCH_DOMAINS, sizeof(*r.items));
	r.ruas = xcalloc((size_t)BATCH_DOMAINS * DECIDE_RUA_MAX,
	                 sizeof(*r.ruas));
	strbuf_init(&r.json, 0);
	/* not from who says what time it is: he rehearses days to come */
	if (!options->clock->told && !options->conf->store.rehearsal)
		rc = not_yet_take_back(db, clock_secs(options->clock),
		                       options->vouched, &r.limits,
		                       &result->taken_back, err);
	if (rc == 0)
		rc = close_days(&r, err);
	if (rc == 0)
		rc = held_review(db, options->conf, options->clock,
		                 &result->released, &result->lapsed, err);
	batch_clear(&r);
	strbuf_clear(&r.json);
	free(r.ruas);
	free(r.items);
	report_free(&r.report);
	gzip_free(&r.gzip);
	merged_free(&r.merged);
	lists_free(&r.lists);
	return rc;
}
