/* One host reports for three: what each of them counted, exported and imported
 * in any order, gives the reports that one host would have made that had seen
 * everything. */
#include "unit/store_test.h"

#include "api/object.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "fake/fake_events.h"
#include "fleet/day_export.h"
#include "fleet/day_import.h"
#include "fleet/host_state.h"
#include "outbox/shown.h"
#include "report/report_json.h"
#include "rollup/merged.h"
#include "rollup/rollup.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/log_pending_table.h"
#include "store/meta_table.h"
#include "store/outbox_table.h"

enum {
	DAY = 20513, /* 2026-03-01 */
	HOSTS = 3,   /* the first one reports */
	ALL = HOSTS, /* the one that saw everything */
	STORES,
};

#define MORNING (day_start(DAY + 1) + 3 * 3600)

struct site {
	struct fixture at[STORES];
	struct conf conf;
};

static const char *const names[] = {"mx1.example", "mx2.example", "mx3.example",
                                    "all.example"};

static int site_make(void **state)
{
	struct site *site = xcalloc(1, sizeof(*site));
	struct err err;

	conf_init(&site->conf);
	assert_int_equal(conf_set(&site->conf,
	                          "report.contact_info=tls@reporter.example",
	                          &err),
	                 0);
	assert_int_equal(conf_set(&site->conf, "report.mode=all", &err), 0);
	assert_int_equal(conf_set(&site->conf, "deliver.spread=0", &err), 0);
	for (int i = 0; i < STORES; i++) {
		fixture_make(&site->at[i]);
		fixture_open(&site->at[i]);
	}
	*state = site;
	return 0;
}

static int site_clear(void **state)
{
	struct site *site = *state;

	for (int i = 0; i < STORES; i++)
		fixture_clear(&site->at[i]);
	conf_clear(&site->conf);
	free(site);
	return 0;
}

static void set(struct site *site, const char *setting)
{
	struct err err;

	if (conf_set(&site->conf, setting, &err) != 0)
		fail_msg("%s", err.text);
}

static void count_at(struct site *site, int host, const char *datagram,
                     int64_t hour)
{
	struct clock clock = clock_fixed(day_start(DAY) + hour * 3600 + 60);
	struct fake_events to = {
		.db = site->at[host].db,
		.conf = &site->conf,
		.clock = &clock,
		.feed = "events",
		.leaves_journal = true,
	};

	if (fake_events_repeat(&to, datagram, 1, &site->at[host].err) != 0)
		fail_msg("%s", site->at[host].err.text);
}

static void count(struct site *site, int host, const char *datagram)
{
	count_at(site, host, datagram, 0);
}

/* The day is over: every feed has counted past it. */
static void move_on(struct site *site, int host)
{
	struct clock clock = clock_fixed(MORNING - 60);
	struct fake_events to = {
		.db = site->at[host].db,
		.conf = &site->conf,
		.clock = &clock,
		.feed = "events",
		.leaves_journal = true,
	};

	assert_int_equal(fake_events_repeat(&to, "", 0, NULL), 0);
}

#define RECORD(domain) "\"pr\":\"v=TLSRPTv1; rua=mailto:tls@" domain "\""
#define PLAIN(domain)                                                          \
	"{\"d\":\"" domain "\"," RECORD(domain) ",\"policies\":[{\"policy-"    \
						"type\":9,"                    \
						"\"policy-domain\":\"" domain  \
						"\",\"f\":0}]}"
#define STS(domain, id, end)                                                   \
	"{\"d\":\"" domain "\"," RECORD(                                       \
		domain) ",\"policies\":[{\"policy-type\":2,\"policy-"          \
			"domain\":\"" domain                                   \
			"\",\"policy-string\":[\"version: STSv1\",\"mode: "    \
			"enforce\",\"max_age: " id "\"],\"mx-host\":"          \
			"[\"mx.b.example\"]," end "}]}"
#define GOOD "\"f\":0"
#define BAD(reason)                                                            \
	"\"failure-details\":[{\"c\":202,\"n\":\"mx.b.example\",\"f\":"        \
	"\"" reason "\"}],\"f\":1"

static const char *const datagrams[] = {
	PLAIN("a.example"),
	STS("b.example", "86400", GOOD),
	STS("b.example", "86400", BAD("one")),
	STS("b.example", "86400", BAD("two")),
	STS("b.example", "3600", GOOD),
	PLAIN("c.example"),
};

static void count_random(struct site *site, unsigned seed)
{
	for (int i = 0; i < 60; i++) {
		int n = rand_r(&seed);
		const char *datagram =
			datagrams[(size_t)(n / 8) % COUNT(datagrams)];

		count(site, n % HOSTS, datagram);
		count(site, ALL, datagram);
	}
	/* a domain that the reporting host never sees */
	count(site, 2, PLAIN("only.example"));
	count(site, ALL, PLAIN("only.example"));
	for (int i = 0; i < STORES; i++)
		move_on(site, i);
}

static int append(void *arg, const char *data, size_t len, struct err *err)
{
	(void)err;
	strbuf_add(arg, data, len);
	return 0;
}

static void export_as(struct site *site, int host, const char *name,
                      struct strbuf *out)
{
	struct clock clock = clock_fixed(MORNING);
	struct day_export_result result;
	struct err err = {0};

	strbuf_reset(out);
	if (day_export(site->at[host].db, &site->conf, &clock, name, DAY,
	               append, out, &result, &err) != 0)
		fail_msg("%s", err.text);
}

static void export_to(struct site *site, int host, struct strbuf *out)
{
	export_as(site, host, names[host], out);
}

static int import_with(struct site *site, const char *data, size_t len,
                       bool replace, struct day_import_result *result,
                       struct err *err)
{
	const struct day_import_options options = {
		.host = names[0],
		.now = MORNING,
		.oldest = DAY - 5,
		.replace = replace,
	};
	auto_(day_import_free) struct day_import *import =
		day_import_new(site->at[0].db, &options);
	int rc = 0;

	/* in pieces, as a pipe has them */
	for (size_t at = 0; at < len && rc == 0; at += 100)
		rc = day_import_feed(import, data + at,
		                     len - at < 100 ? len - at : 100, err);
	return rc == 0 ? day_import_finish(import, result, err) : rc;
}

static int import(struct site *site, const char *data, size_t len,
                  struct day_import_result *result, struct err *err)
{
	return import_with(site, data, len, false, result, err);
}

/* The operator says that it is right. */
static enum day_import_what import_over(struct site *site,
                                        const struct strbuf *day)
{
	struct day_import_result result;
	struct err err = {0};

	if (import_with(site, day->data, day->len, true, &result, &err) != 0)
		fail_msg("%s", err.text);
	return result.what;
}

static enum day_import_what import_ok(struct site *site,
                                      const struct strbuf *day)
{
	struct day_import_result result;
	struct err err = {0};

	if (import(site, day->data, day->len, &result, &err) != 0)
		fail_msg("%s", err.text);
	return result.what;
}

static struct rollup_result roll_up(struct site *site, int host, int64_t at)
{
	struct clock clock = clock_fixed(at);
	struct rollup_options options = {.conf = &site->conf, .clock = &clock};
	struct rollup_result result;

	if (rollup_run(site->at[host].db, &options, &result,
	               &site->at[host].err) != 0)
		fail_msg("%s", site->at[host].err.text);
	return result;
}

/* All reports of the outbox, by domain, without what differs by store. */
static void reports_of(struct site *site, int host, struct strbuf *out)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(site->at[host].db);
	auto_(report_free) struct report *report = report_new();
	auto_(arena_clear) struct arena arena = {0};
	struct outbox_head head = {0};

	while (outbox_head_next(txn, &head)) {
		const void *body;
		size_t len, n;
		const uint64_t *ids;
		struct err err;

		assert_int_equal(outbox_body_get(txn, head.id, &arena, &body,
		                                 &len, &ids, &n),
		                 1);
		if (report_stored_read(body, len, report, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(n, report->policy_count);
		for (size_t i = 0; i < n; i++)
			assert_true(ids[i] > 0);
		report->report_id = head.domain;
		report_json_write(report, true, out);
		strbuf_printf(out, " %d\n", head.destination_count);
		assert_int_equal(head.success, report_success(report));
		assert_int_equal(head.failure, report_failure(report));
	}
	assert_false(db_failed(txn));
}

static void same_reports(struct site *site)
{
	auto_(strbuf_clear) struct strbuf got = {0}, want = {0};

	reports_of(site, 0, &got);
	reports_of(site, ALL, &want);
	assert_non_null(strstr(want.data, "only.example"));
	assert_string_equal(got.data, want.data);
}

static void test_three_hosts_report_as_one(void **state)
{
	struct site *site = *state;
	struct strbuf day[HOSTS] = {{0}};
	struct rollup_result result;

	count_random(site, 1);
	for (int i = 1; i < HOSTS; i++)
		export_to(site, i, &day[i]);
	assert_int_equal(import_ok(site, &day[2]), DAY_IMPORT_NEW);
	assert_int_equal(import_ok(site, &day[1]), DAY_IMPORT_NEW);
	assert_int_equal(import_ok(site, &day[2]), DAY_IMPORT_SAME);
	result = roll_up(site, 0, MORNING);
	assert_int_equal(result.days, 1);
	assert_int_equal(result.marks[TALLY_QUEUED], 4);
	roll_up(site, ALL, MORNING);
	same_reports(site);
	/* another run finds nothing to do */
	result = roll_up(site, 0, MORNING + 300);
	assert_int_equal(result.days, 0);
	same_reports(site);
	for (int i = 1; i < HOSTS; i++)
		strbuf_clear(&day[i]);
}

/* Wherever an import is cut off, nothing of it counts. */
static void test_a_day_cut_off_counts_for_nothing(void **state)
{
	struct site *site = *state;
	struct strbuf day = {0};
	struct merged *merged = merged_new(&site->conf);
	struct day_import_result result;
	struct db_txn *txn;
	struct err err;

	count_random(site, 2);
	export_to(site, 1, &day);
	for (size_t len = 0; len + 1 < day.len; len += day.len / 40 + 1)
		assert_true(import(site, day.data, len, &result, &err) < 0);
	txn = db_begin_read(site->at[0].db);
	merged_begin(merged, txn, DAY);
	assert_false(merged_has_others(merged));
	db_abort(&txn);
	/* and it does not keep the whole one out */
	assert_int_equal(import_ok(site, &day), DAY_IMPORT_NEW);
	strbuf_clear(&day);
	merged_free(&merged);
}

static void refused(struct site *site, const struct strbuf *day,
                    const char *words)
{
	struct day_import_result result;
	struct err err = {0};

	assert_int_equal(import(site, day->data, day->len, &result, &err),
	                 ERR_BUSY);
	if (strstr(err.text, words) == NULL)
		fail_msg("%s", err.text);
}

static void test_what_is_not_another_hosts_newest_is_refused(void **state)
{
	struct site *site = *state;
	struct strbuf old = {0}, new = {0}, other = {0};

	count(site, 1, PLAIN("a.example"));
	move_on(site, 1);
	export_to(site, 1, &old);
	count(site, 1, PLAIN("a.example"));
	export_to(site, 1, &new);
	assert_int_equal(import_ok(site, &new), DAY_IMPORT_NEW);
	refused(site, &old, "is older than what is here");
	/* this host's own, under whatever name */
	move_on(site, 0);
	export_to(site, 0, &other);
	refused(site, &other, "this host's own store");
	/* two hosts of one name */
	move_on(site, 2);
	export_as(site, 2, names[1], &other);
	refused(site, &other, "came from another store");
	export_as(site, 2, names[0], &other);
	refused(site, &other, "two hosts are called mx1.example");
	strbuf_clear(&old);
	strbuf_clear(&new);
	strbuf_clear(&other);
}

/* After a restore the host has less than it had sent, and counts on: its day
 * takes the place of the one before. */
static void test_a_restored_host_counts_nothing_twice(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0}, reports = {0};
	struct db_txn *txn;

	count(site, 1, PLAIN("a.example"));
	move_on(site, 1);
	export_to(site, 1, &day);
	assert_int_equal(import_ok(site, &day), DAY_IMPORT_NEW);
	txn = db_begin_write(site->at[1].db);
	change_epoch_renew(txn);
	commit_ok(&txn);
	count(site, 1, PLAIN("a.example"));
	export_to(site, 1, &day);
	assert_int_equal(import_ok(site, &day), DAY_IMPORT_REPLACED);
	move_on(site, 0);
	roll_up(site, 0, MORNING);
	reports_of(site, 0, &reports);
	assert_non_null(
		strstr(reports.data, "\"total-successful-session-count\":2"));
}

/* A day of two domains, one of which still waits over there. */
static void import_one_that_waits(struct site *site, struct strbuf *day)
{
	struct db_txn *txn;

	count(site, 1, PLAIN("a.example"));
	count(site, 1, PLAIN("b.example"));
	move_on(site, 1);
	move_on(site, 0);
	txn = db_begin_write(site->at[1].db);
	log_pending_add(txn, DAY, "a.example", "s", 1, 1);
	commit_ok(&txn);
	export_to(site, 1, day);
	import_ok(site, day);
}

/* A domain whose policy another host still looks up waits, and the others do
 * not; the day as it is then has it. */
static void test_a_domain_that_waits_elsewhere(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0};
	struct rollup_result result;

	import_one_that_waits(site, &day);
	result = roll_up(site, 0, MORNING);
	assert_int_equal(result.marks[TALLY_QUEUED], 1);
	assert_int_equal(result.days, 0);
	assert_int_equal(result.domains_waiting, 1);
	/* not for ever */
	result = roll_up(site, 0, day_start(DAY + 2) + 3600);
	assert_int_equal(result.marks[TALLY_QUEUED], 1);
	assert_int_equal(result.days, 1);
}

/* What is known later of the only report that was made. */
static void expect_missing(struct site *site, const char *want)
{
	auto_(object_free) struct internal_report *object = object_new();
	struct db_txn *txn = db_begin_read(site->at[0].db);
	struct outbox_head head = {.id = 0};

	assert_int_equal(outbox_head_next(txn, &head), 1);
	assert_int_equal(
		shown_load(txn, SHOWN_OUTBOX, head.id, false, object, NULL), 1);
	if (want == NULL)
		assert_null(object->missing);
	else
		assert_string_equal(object->missing, want);
	db_abort(&txn);
}

static void test_an_expected_host_is_waited_for(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0};
	struct rollup_result result;

	set(site, "fleet.expect=MX2.example");
	count(site, 0, PLAIN("a.example"));
	count(site, 1, PLAIN("a.example"));
	move_on(site, 0);
	move_on(site, 1);
	result = roll_up(site, 0, MORNING);
	assert_int_equal(result.days, 0);
	assert_int_equal(result.days_waiting, 1);
	export_to(site, 1, &day);
	import_ok(site, &day);
	result = roll_up(site, 0, MORNING);
	assert_int_equal(result.days, 1);
	assert_int_equal(result.days_incomplete, 0);
	expect_missing(site, NULL);
}

static void test_a_host_that_never_comes(void **state)
{
	struct site *site = *state;
	struct rollup_result result;

	set(site, "fleet.expect=mx2.example, mx3.example");
	count(site, 0, PLAIN("a.example"));
	move_on(site, 0);
	result = roll_up(site, 0, day_start(DAY + 1) + 6 * 3600 - 1);
	assert_int_equal(result.days, 0);
	result = roll_up(site, 0, day_start(DAY + 1) + 6 * 3600);
	assert_int_equal(result.days, 1);
	assert_int_equal(result.days_incomplete, 1);
	assert_non_null(strstr(result.incomplete, "mx2.example"));
	assert_non_null(strstr(result.incomplete, "mx3.example"));
	expect_missing(site, "mx2.example, mx3.example");
}

static void expect_host(struct site *site, size_t place, int64_t now,
                        const char *name, enum host_status status,
                        const char *words)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(site->at[0].db);
	struct host_state state;

	assert_true(host_state_next(txn, &site->conf, now, &place, &state));
	assert_string_equal(state.name, name);
	assert_int_equal(state.status, status);
	if (words == NULL)
		assert_string_equal(state.words, "");
	else if (strstr(state.words, words) == NULL)
		fail_msg("%s: %s", name, state.words);
}

/* What status, doctor, metrics and the page say of it. */
static void test_how_hosts_stand(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0};
	const int64_t deadline = day_start(DAY + 1) + 6 * 3600;

	set(site, "fleet.expect=mx2.example");
	set(site, "fleet.fetchers=ssh -p 22 root@mx3.example tlsrpt-fetcher");
	count(site, 1, PLAIN("a.example"));
	move_on(site, 1);
	expect_host(site, 0, MORNING, "mx2.example", HOST_WAITED_FOR,
	            "waited for until 2026-03-02T06:00:00Z");
	expect_host(site, 1, deadline, "mx3.example", HOST_MISSING,
	            "tlstally fetch");
	set(site, "report.mode=off");
	export_to(site, 1, &day);
	import_ok(site, &day);
	expect_host(site, 0, deadline, "mx2.example", HOST_HERE, NULL);
	/* and one that nobody waits for */
	set(site, "report.mode=all");
	export_as(site, 1, "mx9.example", &day);
	import_ok(site, &day);
	expect_host(site, 2, deadline, "mx9.example", HOST_HERE,
	            "does not name it");
	expect_host(site, 2, deadline, "mx9.example", HOST_HERE,
	            "makes reports of its own");
}

/* What exported once is noted: `tlstally doctor` wants to know. */
static void test_an_export_is_noted(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0};
	struct db_txn *txn;

	count(site, 1, PLAIN("a.example"));
	move_on(site, 1);
	export_to(site, 1, &day);
	txn = db_begin_read(site->at[1].db);
	assert_int_equal(meta_get(txn, META_EXPORTED), MORNING);
	db_abort(&txn);
}

/* A sealed day with the greatest of generations, or of a time to come, must not
 * keep those out that come after it. */
static void test_a_generation_too_great(void **state)
{
	struct site *site = *state;
	auto_(sealed_writer_free) struct sealed_writer *writer = NULL;
	auto_(strbuf_clear) struct strbuf day = {0}, hostile = {0};
	struct sealed_head head = {.host = "mx2.example",
	                           .store_id = db_store_id(site->at[1].db),
	                           .day = DAY,
	                           .generation = JSON_UINT_MAX,
	                           .sealed_at = MORNING};
	struct day_import_result result;
	struct db_txn *txn;
	struct err err = {0};

	txn = db_begin_read(site->at[1].db);
	head.epoch = change_epoch(txn);
	db_abort(&txn);
	writer = sealed_writer_new();
	sealed_write_head(writer, &head, &hostile);
	sealed_write_end(writer, &hostile);
	assert_int_equal(import_ok(site, &hostile), DAY_IMPORT_NEW);
	count(site, 1, PLAIN("a.example"));
	move_on(site, 1);
	export_to(site, 1, &day);
	assert_int_equal(import(site, day.data, day.len, &result, &err),
	                 ERR_BUSY);
	assert_non_null(strstr(err.text, "--replace"));
	assert_int_equal(import_over(site, &day), DAY_IMPORT_REPLACED);
	/* and one that was sealed in a time to come */
	sealed_writer_free(&writer);
	writer = sealed_writer_new();
	strbuf_reset(&hostile);
	head.sealed_at = MORNING + 86400 * 365;
	sealed_write_head(writer, &head, &hostile);
	sealed_write_end(writer, &hostile);
	assert_int_equal(import(site, hostile.data, hostile.len, &result, &err),
	                 ERR_BUSY);
	assert_non_null(strstr(err.text, "clock"));
}

/* What comes after the reports were made is told, and changes nothing. */
static void test_a_day_that_comes_late(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0}, before = {0}, after = {0};
	struct day_import_result result;

	count(site, 0, PLAIN("a.example"));
	count(site, 1, PLAIN("a.example"));
	move_on(site, 0);
	move_on(site, 1);
	roll_up(site, 0, MORNING);
	reports_of(site, 0, &before);
	export_to(site, 1, &day);
	assert_int_equal(import(site, day.data, day.len, &result, NULL), 0);
	assert_true(result.late);
	roll_up(site, 0, MORNING + 600);
	reports_of(site, 0, &after);
	assert_string_equal(after.data, before.data);
}

/* So does what comes while the day waits, for a domain that has its report. */
static void test_a_day_that_comes_while_another_domain_waits(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0}, before = {0}, after = {0};
	struct day_import_result imported;
	struct rollup_result result;
	struct db_txn *txn;

	count(site, 0, PLAIN("a.example"));
	count(site, 0, PLAIN("waits.example"));
	count(site, 1, PLAIN("a.example"));
	move_on(site, 0);
	move_on(site, 1);
	txn = db_begin_write(site->at[0].db);
	log_pending_add(txn, DAY, "waits.example", "s", 1, 1);
	commit_ok(&txn);
	result = roll_up(site, 0, MORNING);
	assert_int_equal(result.marks[TALLY_QUEUED], 1);
	assert_int_equal(result.days, 0);
	reports_of(site, 0, &before);
	export_to(site, 1, &day);
	assert_int_equal(import(site, day.data, day.len, &imported, NULL), 0);
	assert_int_equal(imported.what, DAY_IMPORT_NEW);
	assert_true(imported.late);
	result = roll_up(site, 0, MORNING + 600);
	assert_int_equal(result.marks[TALLY_QUEUED], 0);
	reports_of(site, 0, &after);
	assert_string_equal(after.data, before.data);
}

#define BARE(domain)                                                           \
	"{\"d\":\"" domain "\",\"policies\":[{\"policy-type\":9,"              \
	"\"policy-domain\":\"" domain "\",\"f\":0}]}"

/* Of a domain that had no report so far nothing is late. */
static void test_a_record_that_this_host_sees_later(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0}, reports = {0};
	struct rollup_result result;
	struct db_txn *txn;

	count(site, 0, PLAIN("waits.example"));
	count(site, 1, BARE("a.example"));
	move_on(site, 0);
	move_on(site, 1);
	txn = db_begin_write(site->at[0].db);
	log_pending_add(txn, DAY, "waits.example", "s", 1, 1);
	commit_ok(&txn);
	export_to(site, 1, &day);
	import_ok(site, &day);
	result = roll_up(site, 0, MORNING);
	assert_int_equal(result.marks[TALLY_NO_RECORD], 1);
	count(site, 0, PLAIN("a.example"));
	result = roll_up(site, 0, MORNING + 600);
	assert_int_equal(result.marks[TALLY_QUEUED], 1);
	reports_of(site, 0, &reports);
	assert_non_null(
		strstr(reports.data, "\"total-successful-session-count\":2"));
}

#define MOVED(domain, to)                                                      \
	"{\"d\":\"" domain "\",\"pr\":\"v=TLSRPTv1; rua=mailto:" to            \
	"\",\"policies\":[{\"policy-type\":9,\"policy-domain\":\"" domain      \
	"\",\"f\":0}]}"

/* Whoever saw the record change says where the report goes. */
static void test_the_newest_record_counts(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0};
	struct merged *merged = merged_new(&site->conf);
	struct tally_head head;
	struct db_txn *txn;

	count_at(site, 0, MOVED("a.example", "z@old.example"), 1);
	count_at(site, 1, MOVED("a.example", "z@old.example"), 2);
	count_at(site, 1, MOVED("a.example", "a@new.example"), 3);
	/* what this one knows from before */
	count_at(site, 0, MOVED("a.example", "z@old.example"), 4);
	move_on(site, 0);
	move_on(site, 1);
	export_to(site, 1, &day);
	import_ok(site, &day);
	txn = db_begin_read(site->at[0].db);
	merged_begin(merged, txn, DAY);
	assert_int_equal(merged_head(merged, txn, "a.example", &head), 1);
	assert_non_null(strstr(head.record, "new.example"));
	db_abort(&txn);
	merged_free(&merged);
}

static bool give_up(void *arg, const void *session, size_t len, uint64_t n)
{
	(void)arg;
	(void)session;
	(void)len;
	(void)n;
	return true;
}

/* The other host gave up what it waited for: nothing more was counted. */
static void test_a_domain_that_waits_no_longer(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0};
	struct day_import_result result;
	struct db_txn *txn;

	import_one_that_waits(site, &day);
	assert_int_equal(roll_up(site, 0, MORNING).days, 0);
	txn = db_begin_write(site->at[1].db);
	log_pending_take(txn, DAY, "a.example", give_up, NULL);
	commit_ok(&txn);
	export_to(site, 1, &day);
	assert_int_equal(import(site, day.data, day.len, &result, NULL), 0);
	assert_false(result.late); /* b.example was reported with it */
	assert_int_equal(roll_up(site, 0, MORNING).days, 1);
	assert_int_equal(import_ok(site, &day), DAY_IMPORT_SAME);
}

/* One more, and the day could never be closed. */
static void test_more_hosts_than_a_report_has_are_refused(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0};
	struct day_import_result result;
	struct err err = {0};

	count(site, 1, PLAIN("a.example"));
	move_on(site, 0);
	move_on(site, 1);
	for (int i = 0; i < MERGED_HOSTS_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "h%d.example", i);
		export_as(site, 1, name, &day);
		import_ok(site, &day);
	}
	import_ok(site, &day);
	export_as(site, 1, "one-more.example", &day);
	assert_int_equal(import(site, day.data, day.len, &result, &err),
	                 ERR_LIMIT);
	assert_int_equal(roll_up(site, 0, MORNING).days, 1);
}

/* Policies and details of three hosts are more than one domain may have. */
static void test_caps_are_looked_at_after_merging(void **state)
{
	struct site *site = *state;
	auto_(strbuf_clear) struct strbuf day = {0}, reports = {0};
	char datagram[512];

	set(site, "store.max_policies=3");
	for (int host = 0; host < HOSTS; host++) {
		for (int i = 0; i < 3; i++) {
			snprintf(datagram, sizeof(datagram),
			         STS("b.example", "%d", GOOD), host * 10 + i);
			count(site, host, datagram);
		}
		move_on(site, host);
	}
	for (int i = 1; i < HOSTS; i++) {
		export_to(site, i, &day);
		import_ok(site, &day);
	}
	roll_up(site, 0, MORNING);
	reports_of(site, 0, &reports);
	/* three, and the one that the rest counts under */
	assert_non_null(
		strstr(reports.data, "\"total-successful-session-count\":6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, site_make, site_clear)
		TEST(test_three_hosts_report_as_one),
		TEST(test_a_day_cut_off_counts_for_nothing),
		TEST(test_what_is_not_another_hosts_newest_is_refused),
		TEST(test_a_restored_host_counts_nothing_twice),
		TEST(test_a_domain_that_waits_elsewhere),
		TEST(test_an_expected_host_is_waited_for),
		TEST(test_a_host_that_never_comes),
		TEST(test_how_hosts_stand),
		TEST(test_an_export_is_noted),
		TEST(test_a_generation_too_great),
		TEST(test_a_day_that_comes_late),
		TEST(test_a_day_that_comes_while_another_domain_waits),
		TEST(test_a_record_that_this_host_sees_later),
		TEST(test_the_newest_record_counts),
		TEST(test_a_domain_that_waits_no_longer),
		TEST(test_more_hosts_than_a_report_has_are_refused),
		TEST(test_caps_are_looked_at_after_merging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
