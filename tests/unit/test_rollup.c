/* rollup/: what scenarios (tests/scenario) do not reach by themselves. */
#include "unit/store_test.h"

#include "base/day.h"
#include "base/json.h"
#include "fake/fake_events.h"
#include "report/report_json.h"
#include "rollup/decide.h"
#include "rollup/lists.h"
#include "rollup/rollup.h"
#include "rollup/selfloop.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/log_pending_table.h"
#include "store/outbox_table.h"

enum { DAY = 20513 }; /* 2026-03-01 */

static void conf_make(struct conf *conf)
{
	struct err err;

	conf_init(conf);
	assert_int_equal(conf_set(conf,
	                          "report.contact_info=tls@reporter.example",
	                          &err),
	                 0);
	assert_int_equal(conf_set(conf, "report.mode=all", &err), 0);
	assert_int_equal(conf_set(conf, "deliver.spread=0", &err), 0);
}

static void events(struct fixture *f, const struct conf *conf, int64_t at,
                   const char *datagram, size_t count)
{
	struct clock clock = clock_fixed(at);
	struct fake_events to = {f->db, conf, &clock, "events", false};

	if (fake_events_repeat(&to, datagram, count, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

#define PLAIN(domain)                                                          \
	"{\"d\":\"" domain "\",\"pr\":\"v=TLSRPTv1; rua=mailto:tls@" domain    \
	"\",\"policies\":[{\"policy-type\":9,\"policy-domain\":\"" domain      \
	"\",\"f\":0}]}"

#define FAILED(domain, reason)                                                 \
	"{\"d\":\"" domain "\",\"pr\":\"v=TLSRPTv1; rua=mailto:tls@" domain    \
	"\",\"policies\":[{\"policy-type\":9,\"policy-domain\":\"" domain      \
	"\",\"failure-details\":[{\"c\":202,\"f\":\"" reason "\"}],\"f\":1}]}"

static struct rollup_result rollup(struct fixture *f, const struct conf *conf,
                                   int64_t at)
{
	struct clock clock = clock_fixed(at);
	struct rollup_options options = {.conf = conf, .clock = &clock};
	struct rollup_result result;

	if (rollup_run(f->db, &options, &result, &f->err) != 0)
		fail_msg("%s", f->err.text);
	return result;
}

/* The domain's report of DAY. */
static int build(struct db_txn *txn, const struct conf *conf,
                 const char *domain, struct report *report, uint64_t *folded,
                 struct err *err)
{
	auto_(merged_free) struct merged *merged = merged_new(conf);

	merged_begin(merged, txn, DAY);
	return rollup_build(merged, txn, conf, 1, domain, report, folded, err);
}

static void test_build(void **state)
{
	struct fixture *f = *state;
	auto_(report_free) struct report *report = report_new();
	auto_(db_abort) struct db_txn *txn = NULL;
	struct conf conf;
	uint64_t folded;

	conf_make(&conf);
	events(f, &conf, day_start(DAY) + 60, PLAIN("a.example"), 3);
	txn = db_begin_read(f->db);
	assert_int_equal(
		build(txn, &conf, "a.example", report, &folded, &f->err), 1);
	assert_non_null(report->report_id);
	assert_int_equal(report_success(report), 3);
	assert_int_equal(report->start, day_start(DAY));
	assert_int_equal(report->end, day_end(DAY));
	assert_int_equal(folded, 0);
	assert_int_equal(
		build(txn, &conf, "b.example", report, &folded, &f->err), 0);
	conf_clear(&conf);
}

/* After folding, too, the largest detail comes first. */
static void test_folded_is_sorted(void **state)
{
	struct fixture *f = *state;
	auto_(report_free) struct report *report = report_new();
	auto_(db_abort) struct db_txn *txn = NULL;
	const struct report_policy *policy;
	struct conf conf;
	uint64_t folded;

	conf_make(&conf);
	events(f, &conf, day_start(DAY), FAILED("a.example", "one"), 2);
	events(f, &conf, day_start(DAY), FAILED("a.example", "two"), 3);
	events(f, &conf, day_start(DAY), FAILED("a.example", "three"), 4);
	conf.report.max_report_size = 960;
	txn = db_begin_read(f->db);
	assert_int_equal(
		build(txn, &conf, "a.example", report, &folded, &f->err), 1);
	assert_true(folded > 0);
	policy = &report->policies[0];
	assert_true(policy->detail_count > 1);
	for (size_t i = 1; i < policy->detail_count; i++)
		assert_true(policy->details[i - 1].count >=
		            policy->details[i].count);
	assert_int_equal(report_failure(report), 9);
	conf_clear(&conf);
}

/* Of one domain the counts are damaged: the others get their reports. */
static void test_a_damaged_domain(void **state)
{
	struct fixture *f = *state;
	struct db_key key = key_of_domain(TABLE_TALLY, DAY, "b.example");
	struct rollup_result result;
	struct conf conf;
	struct db_txn *txn;

	conf_make(&conf);
	events(f, &conf, day_start(DAY), PLAIN("a.example"), 1);
	events(f, &conf, day_start(DAY), PLAIN("b.example"), 1);
	events(f, &conf, day_start(DAY), PLAIN("c.example"), 1);
	events(f, &conf, day_start(DAY + 1), PLAIN("a.example"), 1);
	txn = db_begin_write(f->db);
	key_u8(&key, 1);
	db_put_bytes(txn, &key, "x", 1);
	commit_ok(&txn);
	result = rollup(f, &conf, day_start(DAY + 1) + 900);
	assert_int_equal(result.days, 1);
	assert_int_equal(result.marks[TALLY_QUEUED], 2);
	conf_clear(&conf);
}

static void test_queues(void **state)
{
	struct fixture *f = *state;
	struct outbox_head head = {0};
	struct rollup_result result;
	struct conf conf;
	struct db_txn *txn;

	conf_make(&conf);
	events(f, &conf, day_start(DAY), PLAIN("a.example"), 1);
	events(f, &conf, day_start(DAY + 1), PLAIN("b.example"), 1);
	result = rollup(f, &conf, day_start(DAY + 1) + 900);
	assert_int_equal(result.days, 1);
	assert_int_equal(result.marks[TALLY_QUEUED], 1);
	txn = db_begin_read(f->db);
	assert_int_equal(outbox_head_next(txn, &head), 1);
	assert_string_equal(head.domain, "a.example");
	assert_int_equal(head.success, 1);
	assert_memory_equal(head.report_id, "20260301.a.example.", 19);
	assert_int_equal(outbox_head_next(txn, &head), 0);
	db_abort(&txn);
	conf_clear(&conf);
}

struct intruder {
	struct fixture *f;
	const struct conf *conf;
	int left; /* how often it still comes */
};

static void count_more(void *arg, int32_t day, uint64_t domains)
{
	struct intruder *intruder = arg;

	(void)domains;
	if (intruder->left-- > 0)
		events(intruder->f, intruder->conf, day_start(day),
		       PLAIN("a.example"), 1);
}

/* a.example is counted for the day when the rollup is past it already */
static void test_counted_meanwhile(void **state)
{
	struct fixture *f = *state;
	struct clock clock = clock_fixed(day_start(DAY + 1) + 3 * 3600);
	struct conf conf;
	struct intruder intruder = {f, &conf, 1};
	struct rollup_options options = {
		.conf = &conf,
		.clock = &clock,
		.progress = count_more,
		.progress_arg = &intruder,
	};
	struct rollup_result result;

	conf_make(&conf);
	events(f, &conf, day_start(DAY), PLAIN("b.example"), 1);
	assert_int_equal(rollup_run(f->db, &options, &result, &f->err), 0);
	assert_int_equal(result.marks[TALLY_QUEUED], 2);
	assert_int_equal(result.days, 1);
	conf_clear(&conf);
}

/* Waits for its policies, n sessions. */
static void wait_for(struct fixture *f, const char *domain, uint64_t n)
{
	struct db_txn *txn = db_begin_write(f->db);

	log_pending_add(txn, DAY, domain, "s", 1, n);
	commit_ok(&txn);
}

static bool no_more(void *arg, const void *session, size_t len, uint64_t n)
{
	(void)arg;
	(void)session;
	(void)len;
	(void)n;
	return true;
}

static void wait_no_more(struct fixture *f, const char *domain)
{
	struct db_txn *txn = db_begin_write(f->db);

	assert_int_equal(log_pending_take(txn, DAY, domain, no_more, NULL), 0);
	commit_ok(&txn);
}

static enum tally_mark mark_of(struct fixture *f, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct tally_head head;

	assert_int_equal(tally_head_get(txn, DAY, domain, &head), 1);
	return head.mark;
}

static bool is_closed(struct fixture *f)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);

	return day_table_is_closed(txn, DAY);
}

/* Some of a.example's sessions are counted, others wait; c.example has only
 * such as wait. */
static void test_policies_that_are_looked_up(void **state)
{
	struct fixture *f = *state;
	struct rollup_result result;
	struct conf conf;
	int64_t hour = 3600, next = day_start(DAY + 1);

	conf_make(&conf);
	events(f, &conf, day_start(DAY), PLAIN("a.example"), 1);
	events(f, &conf, day_start(DAY), PLAIN("b.example"), 1);
	wait_for(f, "a.example", 2);
	wait_for(f, "c.example", 2);
	result = rollup(f, &conf, next + 3 * hour);
	assert_int_equal(result.days, 0);
	assert_int_equal(result.days_waiting, 1);
	assert_int_equal(result.domains_waiting, 2);
	assert_int_equal(mark_of(f, "a.example"), TALLY_OPEN);
	assert_int_equal(mark_of(f, "b.example"), TALLY_QUEUED);
	assert_false(is_closed(f));
	/* a.example's are counted now, as apply_waiting() does it */
	wait_no_more(f, "a.example");
	events(f, &conf, day_start(DAY), PLAIN("a.example"), 2);
	result = rollup(f, &conf, next + 4 * hour);
	assert_int_equal(result.marks[TALLY_QUEUED], 1);
	assert_int_equal(result.domains_waiting, 1);
	assert_int_equal(mark_of(f, "a.example"), TALLY_QUEUED);
	assert_false(is_closed(f));
	/* nobody found out about c.example */
	result = rollup(f, &conf, next + 24 * hour);
	assert_int_equal(result.days, 1);
	assert_int_equal(result.domains_waiting, 0);
	assert_true(is_closed(f));
	conf_clear(&conf);
}

/* The last domain's policies come in the middle of the day after. */
static void test_policies_that_came(void **state)
{
	struct fixture *f = *state;
	struct rollup_result result;
	struct conf conf;

	conf_make(&conf);
	events(f, &conf, day_start(DAY), PLAIN("b.example"), 1);
	wait_for(f, "a.example", 2);
	result = rollup(f, &conf, day_start(DAY + 1) + 3 * 3600);
	assert_int_equal(result.days_waiting, 1);
	wait_no_more(f, "a.example");
	events(f, &conf, day_start(DAY), PLAIN("a.example"), 2);
	result = rollup(f, &conf, day_start(DAY + 1) + 12 * 3600);
	assert_int_equal(result.days, 1);
	assert_int_equal(mark_of(f, "a.example"), TALLY_QUEUED);
	assert_true(is_closed(f));
	conf_clear(&conf);
}

static void put_feed(struct db_txn *txn, const char *name, int64_t last_event)
{
	struct feed feed = {.last_event = last_event};

	snprintf(feed.name, sizeof(feed.name), "%s", name);
	feed_table_put(txn, &feed);
}

static void test_selfloop_by_feed(void **state)
{
	static const struct {
		const char *name, *set;
		int64_t log, events; /* last event, in hours of the day; -1000:
		                        no such feed */
		bool want;
		bool named; /* the events are of Postfix 3.10.5 or later */
		bool ours;  /* which has tls_required_enable = no */
	} rows[] = {
		{"Postfix leaves ours out", "auto", -1000, 5, false, true,
	         false},
		{"it was told not to", "auto", -1000, 5, true, true, true},
		{"it was told not to, and the setting says no", "no", -1000, 5,
	         false, true, true},
		{"it was told not to, and only its log is counted", "auto", 5,
	         -1000, false, false, true},
		{"events only", "auto", -1000, 5, true, false, false},
		{"the log only", "auto", 5, -1000, false, false, false},
		{"the log only, by setting", "yes", 5, -1000, true, false,
	         false},
		{"both", "auto", 5, 5, true, false, false},
		{"both, by setting", "no", 5, 5, false, false, false},
		{"the log, and events until yesterday", "auto", 5, -5, false,
	         false, false},
		{"events, and the log until yesterday", "auto", -5, 5, true,
	         false, false},
		{"nobody knows", "auto", -1000, -1000, true, false, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		int64_t start = day_start(DAY);
		struct conf conf;
		char set[64];

		ROW(&rows[i]);
		conf_make(&conf);
		snprintf(set, sizeof(set), "report.own_sessions=%s",
		         rows[i].set);
		assert_int_equal(conf_set(&conf, set, &f->err), 0);
		if (rows[i].log > -1000)
			put_feed(txn, FEED_LOG, start + rows[i].log * 3600);
		if (rows[i].events > -1000)
			put_feed(txn, FEED_EVENTS,
			         start + rows[i].events * 3600);
		if (rows[i].named)
			day_table_stats_add(txn, DAY,
			                    &(struct day_stats){.named = 1});
		assert_int_equal(
			selfloop_possible(txn, &conf, DAY, rows[i].ours),
			rows[i].want);
		conf_clear(&conf);
	}
}

static void test_lists_errors(void **state)
{
	static const struct {
		const char *name;
		const char *deny;
		const char *redirect;
		const char *want;
	} rows[] = {
		{"no domain", "exam ple", NULL, "[report] deny = exam ple: "},
		{"no address", "a b@example.org", NULL, "[report] deny = a b"},
		{"nothing after @", "@", NULL, "[report] deny = @: "},
		{"no arrow", NULL, "example.org mailto:a@b.example", "no '->'"},
		{"nothing before the arrow", NULL, "-> mailto:a@b.example",
	         "[report] redirect = -> "},
		{"no URI", NULL, "example.org -> a@b.example",
	         "[report] redirect = example.org -> "},
		{"a scheme of no use", NULL, "example.org -> ftp://b.example/",
	         "[report] redirect = example.org -> "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *deny = (char *)(uintptr_t)rows[i].deny;
		char *redirect = (char *)(uintptr_t)rows[i].redirect;
		struct conf conf = {0};
		struct lists *lists;
		struct err err = {0};

		ROW(&rows[i]);
		conf.report.deny = (struct conf_list){&deny, deny != NULL};
		conf.report.redirect =
			(struct conf_list){&redirect, redirect != NULL};
		assert_true(lists_new(&lists, &conf, &err) < 0);
		assert_null(lists);
		if (strstr(err.text, rows[i].want) == NULL)
			fail_msg("'%s' without '%s'", err.text, rows[i].want);
	}
}

struct decide_row {
	const char *name;
	const char *set; /* a setting; NULL: none */
	const char *record;
	uint64_t failure;
	bool invalid;
	bool unsent;
	bool old;
	bool asked_for;
	enum tally_mark want;
	size_t ruas;
	size_t copies;
};

#define ONE "v=TLSRPTv1; rua=mailto:a@b.example"

static const struct decide_row decide_rows[] = {
	{"one place", .record = ONE, .want = TALLY_QUEUED, .ruas = 1},
	{"the same place twice", .record = ONE ",mailto:a@B.example",
         .want = TALLY_QUEUED, .ruas = 1},
	{"a copy into a directory", "deliver.directory=/reports", .record = ONE,
         .want = TALLY_QUEUED, .ruas = 2},
	{"a directory is no reason for a report", "deliver.directory=/reports",
         .record = "", .want = TALLY_NO_RECORD},
	{"two places redirected to one",
         "report.redirect=@b.example -> https://r.example/",
         .record = ONE ",mailto:c@b.example", .want = TALLY_QUEUED, .ruas = 1},
	{"all places redirected to two",
         "report.redirect=. -> mailto:x@r.example https://r.example/",
         .record = ONE, .want = TALLY_QUEUED, .ruas = 2},
	{"a place redirected to two",
         "report.redirect=@b.example -> mailto:x@r.example https://r.example/",
         .record = ONE, .want = TALLY_QUEUED, .ruas = 2},
	{"more places than there may be",
         "report.redirect=@b.example -> mailto:1@r.example mailto:2@r.example "
         "mailto:3@r.example mailto:4@r.example mailto:5@r.example "
         "mailto:6@r.example mailto:7@r.example mailto:8@r.example",
         .record = ONE, .want = TALLY_QUEUED, .ruas = 8},
	{"a copy of all", "report.always_bcc=mailto:our@r.example",
         .record = ONE, .want = TALLY_QUEUED, .ruas = 2, .copies = 1},
	{"a copy of some", "report.bcc=.example -> mailto:our@r.example",
         .record = ONE, .want = TALLY_QUEUED, .ruas = 2, .copies = 1},
	{"not of this one", "report.bcc=!a.example, . -> mailto:our@r.example",
         .record = ONE, .want = TALLY_QUEUED, .ruas = 1},
	{"a copy of what goes to a place",
         "report.bcc=mailto:@b.example -> mailto:our@r.example "
         "https://r.example/",
         .record = ONE, .want = TALLY_QUEUED, .ruas = 3, .copies = 2},
	{"not of what goes elsewhere",
         "report.bcc=https://b.example -> mailto:our@r.example", .record = ONE,
         .want = TALLY_QUEUED, .ruas = 1},
	{"who gets it gets no copy", "report.always_bcc=mailto:a@b.example",
         .record = ONE, .want = TALLY_QUEUED, .ruas = 1},
	{"no report, no copy", "report.always_bcc=mailto:our@r.example",
         .record = "", .want = TALLY_NO_RECORD},
	{"denied by a pattern", "report.deny=.example", .record = ONE,
         .want = TALLY_DENIED},
	{"all receivers of mail denied", "report.deny=mailto:@.", .record = ONE,
         .want = TALLY_DENIED},
	{"deny wins over redirect", "report.deny=a@b.example,@b.example",
         .record = ONE, .want = TALLY_DENIED},
	{"one denied, one of no use", "report.deny=a@b.example",
         .record = ONE ",ftp://b.example/", .want = TALLY_DENIED},
	{"https is off", "deliver.https=off",
         .record = "v=TLSRPTv1; rua=https://b.example/", .want = TALLY_NO_RUA},
	{"malformed", .record = "v=TLSRPTv1; rua", .want = TALLY_BAD_RECORD},
	{"no name for a report", .invalid = true, .record = ONE,
         .want = TALLY_BAD_DOMAIN},
	{"too old", .old = true, .record = ONE, .want = TALLY_TOO_OLD},
	{"from an old log", .unsent = true, .record = ONE,
         .want = TALLY_UNSENT},
	{"from a very old log", .unsent = true, .old = true, .record = ONE,
         .want = TALLY_UNSENT},
	{"from an old log, but asked for", .unsent = true, .asked_for = true,
         .record = ONE, .want = TALLY_QUEUED, .ruas = 1},
	{"old, but asked for", .old = true, .asked_for = true, .record = ONE,
         .want = TALLY_QUEUED, .ruas = 1},
	{"failures-only and none", "report.mode=failures-only", .record = ONE,
         .want = TALLY_BY_MODE},
	{"failures-only and one", "report.mode=failures-only", .failure = 1,
         .record = ONE, .want = TALLY_QUEUED, .ruas = 1},
};

static void decide_one(struct db_txn *txn, const struct decide_row *row)
{
	auto_(lists_free) struct lists *lists = NULL;
	struct rua *ruas = xcalloc(DECIDE_RUA_MAX, sizeof(*ruas));
	struct decision decision = {.ruas = ruas};
	struct tally_head head = {
		.success = 1,
		.failure = row->failure,
		.valid = !row->invalid,
	};
	struct conf conf;
	struct err err = {0};
	struct decide_context context = {
		.conf = &conf,
		.now = day_start(DAY + (row->old ? 4 : 1)) + 900,
		.asked_for = row->asked_for,
		.unsent = row->unsent,
	};

	conf_make(&conf);
	if (row->set != NULL && conf_set(&conf, row->set, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(lists_new(&lists, &conf, &err), 0);
	context.lists = lists;
	strcpy(head.record, row->record);
	decide(&context, txn, DAY, "a.example", &head, &decision);
	assert_string_equal(word_api(&words_marks, decision.mark),
	                    word_api(&words_marks, row->want));
	assert_int_equal(decision.rua_count, row->ruas);
	assert_int_equal(decision.copies, row->copies);
	assert_int_equal(decision.reason[0] == '\0', row->want == TALLY_QUEUED);
	free(ruas);
	conf_clear(&conf);
}

static void test_decide(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(decide_rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);

		ROW(&decide_rows[i]);
		decide_one(txn, &decide_rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_build),
		STORE_TEST(test_folded_is_sorted),
		STORE_TEST(test_a_damaged_domain),
		STORE_TEST(test_queues),
		STORE_TEST(test_counted_meanwhile),
		STORE_TEST(test_policies_that_are_looked_up),
		STORE_TEST(test_policies_that_came),
		STORE_TEST(test_selfloop_by_feed),
		STORE_TEST(test_decide),
		cmocka_unit_test(test_lists_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
