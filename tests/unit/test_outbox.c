/* outbox/: what scenarios (tests/scenario) do not reach by themselves. */
#include "unit/store_test.h"

#include "base/gzip.h"
#include "base/lease.h"
#include "fake/fake_transport.h"
#include "outbox/claim.h"
#include "outbox/outbox.h"
#include "outbox/rendered.h"
#include "outbox/settle.h"
#include "store/due_table.h"
#include "store/suppress_table.h"

enum { NOW = 1772409600 }; /* 2026-03-02T00:00:00Z */

/* as report_json writes it */
#define REPORT                                                                 \
	"{\"organization-name\":\"A\",\"date-range\":{\"start-datetime\":"     \
	"\"2026-03-01T00:00:00Z\",\"end-datetime\":\"2026-03-01T23:59:59Z\"}," \
	"\"contact-info\":\"tls@reporter.example\",\"report-id\":"             \
	"\"20260301.a.example.0123abcd@reporter.example\",\"policies\":[{"     \
	"\"policy\":{"                                                         \
	"\"policy-type\":\"no-policy-found\",\"policy-domain\":\"a.example\"}" \
	","                                                                    \
	"\"summary\":{\"total-successful-session-count\":1,"                   \
	"\"total-failure-session-count\":0},\"failure-details\":[]}]}"

static void conf_make(struct conf *conf)
{
	struct err err;

	conf_init(conf);
	conf->report.mode = MODE_ALL;
	assert_int_equal(conf_set(conf,
	                          "report.contact_info=tls@reporter.example",
	                          &err),
	                 0);
}

/* A report about the domain to one place, due at that time. */
static uint64_t add(struct db_txn *txn, const char *domain, const char *uri,
                    int64_t due)
{
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	auto_(strbuf_clear) struct strbuf body = {0};
	struct outbox_new report = {.rua_count = 1};
	struct rua rua;
	struct err err;
	int rc = strncmp(uri, "directory:", 10) == 0
	                 ? rua_from_directory(uri, &rua, &err)
	                 : rua_parse(uri, strlen(uri), &rua, &err);

	if (rc != 0)
		fail_msg("%s", err.text);
	gzip_pack(gzip, REPORT, strlen(REPORT), &body);
	report.head.status = OUTBOX_PENDING;
	report.head.deliver_at = due;
	report.head.start = NOW - 86400;
	report.head.end = NOW - 1;
	snprintf(report.head.domain, sizeof(report.head.domain), "%s", domain);
	strcpy(report.head.report_id,
	       "20260301.a.example.0123abcd@reporter.example");
	report.ruas = &rua;
	report.body = body.data;
	report.body_len = body.len;
	return outbox_add(txn, &report, NOW * INT64_C(1000));
}

struct run_as {
	int64_t now;
	bool all_now;
	uint64_t per_host; /* reports an hour; 0: no limit */
};

static int run_as(struct fixture *f, const struct run_as *as,
                  struct fake_world *world, struct outbox_result *result)
{
	struct transport *transport = fake_transport_new(world);
	struct clock clock = clock_fixed(as->now);
	struct conf conf;
	struct outbox_options options = {
		.conf = &conf,
		.clock = &clock,
		.transport = transport,
		.all_now = as->all_now,
	};
	int rc;

	conf_make(&conf);
	conf.deliver.rate_per_host = as->per_host;
	rc = outbox_run(f->db, &options, result, &f->err);
	conf_clear(&conf);
	transport->free(&transport);
	return rc;
}

static int run(struct fixture *f, struct fake_world *world, bool all_now,
               struct outbox_result *result)
{
	const struct run_as as = {.now = NOW, .all_now = all_now};

	return run_as(f, &as, world, result);
}

static void suppress(struct db_txn *txn, const char *address)
{
	struct suppression row = {.since = NOW};

	strcpy(row.address, address);
	suppress_put(txn, &row);
}

/* More than one transaction may look at stands before the one that can go. */
static void test_many_settled(void **state)
{
	static const struct {
		const char *name;
		bool all_now;
		int64_t due;
	} rows[] = {
		{"what is due", false, NOW},
		{"all there is", true, NOW + 7200},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fake_world world = {0};
		struct outbox_result result;
		struct db_txn *txn = db_begin_write(f->db);

		ROW(&rows[i]);
		suppress(txn, "dead@a.example");
		for (int n = 0; n < 2500; n++)
			add(txn, "a.example", "mailto:dead@a.example",
			    rows[i].due - 1);
		add(txn, "b.example", "mailto:tls@b.example", rows[i].due);
		commit_ok(&txn);
		if (run(f, &world, rows[i].all_now, &result) != 0)
			fail_msg("%s", f->err.text);
		assert_int_equal(result.counts.suppressed, 2500);
		assert_int_equal(result.counts.delivered, 1);
		assert_int_equal(world.sent_count, 1);
		fake_world_clear(&world);
	}
}

/* The list of what is due is damaged behind the first batch: that is told,
 * and the answers that came are kept. */
static void test_answers_survive_failure(void **state)
{
	struct fixture *f = *state;
	struct outbox_destination nobodys = {.due = NOW, .index = 7};
	struct outbox_head head = {0};
	struct fake_world world = {0};
	struct outbox_result result;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id = 0;

	for (int n = 0; n < CLAIM_BATCH; n++)
		add(txn, "a.example", "https://r.example/", NOW - 1);
	id = add(txn, "b.example", "https://r.example/", NOW + 9999);
	nobodys.rua.kind = RUA_HTTPS;
	outbox_destination_put(txn, id, &nobodys);
	nobodys.index = 0;
	outbox_remove(txn, id);
	commit_ok(&txn);
	/* outbox_remove() is thorough, so the row is put back alone */
	txn = db_begin_write(f->db);
	outbox_destination_put(txn, id, &nobodys);
	commit_ok(&txn);
	assert_int_equal(run(f, &world, false, &result), ERR_IO);
	assert_int_equal(world.sent_count, CLAIM_BATCH);
	assert_int_equal(result.counts.delivered, CLAIM_BATCH);
	txn = db_begin_read(f->db);
	assert_int_equal(outbox_head_next(txn, &head), 0);
	db_abort(&txn);
	fake_world_clear(&world);
}

/* A mail server that answers nothing until something has left by HTTPS, or
 * has been waited for too often. */
struct slow_mail {
	struct transport transport;
	struct delivery_job *jobs[1000];
	size_t count;
	size_t waits;
	bool https_left;
};

static void slow_submit(struct transport *self, struct delivery_job *job)
{
	struct slow_mail *slow = (struct slow_mail *)self;

	assert_true(slow->count < COUNT(slow->jobs));
	slow->jobs[slow->count++] = job;
}

static void slow_wait(struct transport *self, int timeout_ms,
                      delivery_done_fn *done, void *arg)
{
	struct slow_mail *slow = (struct slow_mail *)self;
	struct delivery_answer answer = {.event = EVENT_ACCEPTED};
	bool mail_too = slow->https_left || slow->waits++ > 20;
	size_t kept = 0, count = slow->count;

	(void)timeout_ms;
	slow->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct delivery_job *job = slow->jobs[i];

		if (job->rua->kind == RUA_MAIL && !mail_too) {
			slow->jobs[kept++] = job;
			continue;
		}
		slow->https_left |= job->rua->kind == RUA_HTTPS && !mail_too;
		done(arg, job, &answer);
	}
	slow->count = kept;
}

/* It is in the way of mail alone. */
static void test_slow_mail_server(void **state)
{
	struct fixture *f = *state;
	struct slow_mail slow = {
		.transport = {.submit = slow_submit, .wait = slow_wait}};
	struct clock clock = clock_fixed(NOW);
	struct conf conf;
	struct outbox_options options = {
		.conf = &conf, .clock = &clock, .transport = &slow.transport};
	struct outbox_result result;
	struct db_txn *txn = db_begin_write(f->db);

	for (int n = 0; n < 500; n++)
		add(txn, "a.example", "mailto:tls@a.example", NOW - 2);
	add(txn, "b.example", "https://r.example/", NOW - 1);
	commit_ok(&txn);
	conf_make(&conf);
	if (outbox_run(f->db, &options, &result, &f->err) != 0)
		fail_msg("%s", f->err.text);
	assert_true(slow.https_left);
	assert_int_equal(result.counts.delivered, 501);
	conf_clear(&conf);
}

/* What begins at the end of its quarter of an hour is done within the lease. */
static void test_lease_outlasts_the_longest_transfer(void **state)
{
	static const struct {
		const char *name;
		const char *mail;
		int64_t timeout, mail_timeout, want;
	} rows[] = {
		{"by default: half an hour for a mail", "smtp://127.0.0.1:25",
	         60, 600, 900 + 1800},
		{"a slow receiver by HTTPS", "smtp://127.0.0.1:25", 3600, 1,
	         900 + 7200},
		{"a slow mail server", "smtp://127.0.0.1:25", 60, 3600,
	         900 + 10800},
		{"a program", "sendmail:/usr/sbin/sendmail", 60, 600,
	         900 + 660},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf conf = {0};

		ROW(&rows[i]);
		conf.deliver.mail = (char *)(uintptr_t)rows[i].mail;
		conf.deliver.timeout = rows[i].timeout;
		conf.deliver.mail_timeout = rows[i].mail_timeout;
		assert_int_equal(outbox_lease_secs(&conf), rows[i].want);
	}
}

static struct claim *claim_one(struct fixture *f, const struct conf *conf,
                               int64_t now, uint64_t run_id)
{
	struct claim_context context = {
		.conf = conf,
		.now = now,
		.run_start = now,
		.run = run_id,
		.lease_secs = 900,
	};
	struct claim *claim;

	if (claim_due(f->db, &context, 1, &claim, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return claim;
}

static struct settle_counts settle(struct fixture *f, const struct conf *conf,
                                   struct claim *claim,
                                   enum delivery_event event)
{
	struct settle_counts counts = {0};

	claim->answer.event = event;
	assert_int_equal(
		settle_answers(f->db, conf, NOW + 901, claim, &counts, &f->err),
		0);
	return counts;
}

/* The first run hangs past its lease; the second one has taken over. */
static void test_late_answer(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct outbox_destination dest;
	struct settle_counts counts;
	struct claim *first, *second;
	struct conf conf;
	uint64_t id;

	conf_make(&conf);
	id = add(txn, "a.example", "mailto:tls@a.example", NOW);
	commit_ok(&txn);
	first = claim_one(f, &conf, NOW, 1);
	assert_non_null(first);
	assert_null(claim_one(f, &conf, NOW + 899, 2));
	second = claim_one(f, &conf, NOW + 900, 2);
	assert_non_null(second);
	assert_true(second->dest.uncertain);
	assert_string_equal(second->dest.token, first->dest.token);
	assert_int_equal(second->dest.date, first->dest.date);

	counts = settle(f, &conf, first, EVENT_REFUSED);
	assert_int_equal(counts.not_ours, 1);
	assert_int_equal(counts.failed, 0);
	txn = db_begin_read(f->db);
	assert_int_equal(outbox_destination_get(txn, id, 0, &dest), 1);
	assert_int_equal(dest.state, DELIVERY_INFLIGHT);
	db_abort(&txn);

	counts = settle(f, &conf, second, EVENT_ACCEPTED);
	assert_int_equal(counts.delivered, 1);
	assert_int_equal(counts.archived, 1);
	/* and once more, when the report is in the archive */
	counts = settle(f, &conf, second, EVENT_ACCEPTED);
	assert_int_equal(counts.not_ours, 1);
	claim_free(&first);
	claim_free(&second);
	conf_clear(&conf);
}

/* A run that slept too long gives back what it did not begin: it is due again
 * at once, as if nothing had been, and its bytes stay. */
static void test_given_back(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct outbox_destination dest;
	struct settle_counts counts;
	struct claim *first, *second;
	struct conf conf;
	uint64_t id;

	conf_make(&conf);
	id = add(txn, "a.example", "mailto:tls@a.example", NOW);
	commit_ok(&txn);
	first = claim_one(f, &conf, NOW, 1);
	assert_non_null(first);
	counts = settle(f, &conf, first, EVENT_RELEASE);
	assert_int_equal(counts.released, 1);
	assert_int_equal(counts.deferred, 0);
	txn = db_begin_read(f->db);
	assert_int_equal(outbox_destination_get(txn, id, 0, &dest), 1);
	assert_int_equal(dest.state, DELIVERY_PENDING);
	assert_false(dest.uncertain);
	assert_int_equal(dest.attempts, 0);
	assert_int_equal(dest.first_attempt, 0);
	assert_int_equal(dest.try_count, 0);
	db_abort(&txn);
	second = claim_one(f, &conf, dest.due, 2);
	assert_non_null(second);
	assert_string_equal(second->dest.token, first->dest.token);
	claim_free(&first);
	claim_free(&second);
	conf_clear(&conf);
}

/* What failed together is tried again together, and not all at once. */
static void test_neighbours_stay_together(void **state)
{
	enum { REPORTS = CLAIM_BATCH, TOGETHER = 64 };
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	int64_t due[REPORTS], least = INT64_MAX, most = 0;
	struct claim_context context = {
		.now = NOW, .run_start = NOW, .run = 1, .lease_secs = 900};
	struct settle_counts counts = {0};
	uint64_t ids[REPORTS];
	struct claim *claims;
	struct conf conf;

	conf_make(&conf);
	context.conf = &conf;
	for (int i = 0; i < REPORTS; i++)
		ids[i] = add(txn, "a.example", "mailto:tls@a.example", NOW);
	commit_ok(&txn);
	assert_int_equal(claim_due(f->db, &context, REPORTS, &claims, &f->err),
	                 REPORTS);
	for (struct claim *claim = claims; claim; claim = claim->next)
		claim->answer.event = EVENT_TEMPORARY;
	assert_int_equal(
		settle_answers(f->db, &conf, NOW, claims, &counts, &f->err), 0);
	assert_int_equal(counts.deferred, REPORTS);
	txn = db_begin_read(f->db);
	for (int i = 0; i < REPORTS; i++) {
		struct outbox_destination dest;

		assert_int_equal(outbox_destination_get(txn, ids[i], 0, &dest),
		                 1);
		due[i] = dest.due;
		least = due[i] < least ? due[i] : least;
		most = due[i] > most ? due[i] : most;
		if (i > 0 && ids[i] / TOGETHER == ids[i - 1] / TOGETHER)
			assert_int_equal(due[i], due[i - 1]);
	}
	db_abort(&txn);
	assert_true(most > least);
	while (claims != NULL) {
		struct claim *claim = claims;

		claims = claim->next;
		claim_free(&claim);
	}
	conf_clear(&conf);
}

static void test_lease(void **state)
{
	enum { SECS = 900, MS = 1000 };
	static const struct {
		const char *name;
		int64_t goes_on, stepped, slept, vm_paused; /* secs */
		bool over;
	} rows[] = {
		{"a moment before the end", 899, 0, 0, 0, false},
		{"the end", 900, 0, 0, 0, true},
		{"the host slept", 1, 0, 899, 0, true},
		{"the host slept, not so long", 1, 0, 898, 0, false},
		{"a hypervisor paused it: the boot clock stood", 1, 0, 0, 899,
	         true},
		{"the wall clock was set back, time went on", 900, -86400, 0, 0,
	         true},
		{"the wall clock was set back", 1, -86400, 0, 0, false},
		{"the wall clock was set ahead: others see it over", 1, 86400,
	         0, 0, true},
	};
	struct lease never = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct clock clock = clock_fixed(NOW);
		struct lease lease = lease_from(&clock, SECS + 60);

		ROW(&rows[i]);
		lease = lease_less(&lease, 60);
		clock.fixed_ms += rows[i].goes_on * MS;
		clock_sleep(&clock, rows[i].slept * MS);
		clock_step(&clock, (rows[i].stepped + rows[i].vm_paused) * MS);
		assert_int_equal(lease_is_over(&lease, &clock), rows[i].over);
		assert_false(lease_is_over(&never, &clock));
	}
}

static bool has(const struct claim *claim, const char *text)
{
	return memmem(claim->job.body, claim->job.body_len, text,
	              strlen(text)) != NULL;
}

static void test_letter(void **state)
{
	struct fixture *f = *state;
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	auto_(strbuf_clear) struct strbuf plain = {0};
	struct db_txn *txn = db_begin_write(f->db);
	struct claim *claim, *again;
	struct conf conf;
	char sender[100];

	conf_make(&conf);
	conf.deliver.verp = true;
	add(txn, "a.example", "mailto:tls@a.example", NOW - 3);
	add(txn, "a.example", "https://r.example/", NOW - 2);
	add(txn, "a.example", "directory:/reports", NOW - 1);
	commit_ok(&txn);

	claim = claim_one(f, &conf, NOW, 1);
	assert_int_equal(claim_make_letter(claim, &conf, gzip, &f->err), 0);
	snprintf(sender, sizeof(sender), "tls+%s@reporter.example",
	         claim->dest.token);
	assert_string_equal(claim->job.mail_from, sender);
	assert_true(has(claim, "TLS-Report-Domain: a.example\r\n"));
	assert_true(has(claim, "TLS-Report-Submitter: reporter.example\r\n"));
	assert_true(has(claim, claim->dest.token));
	again = claim_one(f, &conf, NOW + 900, 2);
	assert_int_equal(again->dest.rua.kind, RUA_HTTPS);
	assert_int_equal(claim_make_letter(again, &conf, gzip, &f->err), 0);
	assert_null(again->job.mail_from);
	assert_int_equal(gzip_unpack(again->job.body, again->job.body_len, 9999,
	                             &plain, &f->err),
	                 0);
	assert_string_equal(strbuf_text(&plain), REPORT);
	claim_free(&claim);
	claim_free(&again);

	claim = claim_one(f, &conf, NOW + 900, 2);
	assert_int_equal(claim_make_letter(claim, &conf, gzip, &f->err), 0);
	assert_string_equal(claim->job.file_name,
	                    "reporter.example!a.example!1772323200!1772409599!"
	                    "0123abcd.json.gz");
	claim_free(&claim);
	conf_clear(&conf);
}

/* A file name has 255 bytes at most, and a domain may have as many. */
static void test_long_file_name(void **state)
{
	struct fixture *f = *state;
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	struct db_txn *txn = db_begin_write(f->db);
	char domain[DOMAIN_TEXT];
	struct claim *claim;
	struct conf conf;

	for (int i = 0; i < 245; i++)
		domain[i] = i % 60 == 59 ? '.' : 'a';
	strcpy(domain + 245, ".example");
	conf_make(&conf);
	add(txn, domain, "directory:/reports", NOW);
	commit_ok(&txn);
	claim = claim_one(f, &conf, NOW, 1);
	assert_int_equal(claim_make_letter(claim, &conf, gzip, &f->err), 0);
	assert_true(strlen(claim->job.file_name) <= 200);
	claim_free(&claim);
	conf_clear(&conf);
}

static void test_blob_id(void **state)
{
	static const struct {
		const char *name, *text;
		bool good;
		enum blob_form form;
		uint16_t index;
	} rows[] = {
		{"JSON", "a000000000001-json", true, BLOB_JSON, 0},
		{"gzip", "a000000000001-gzip", true, BLOB_GZIP, 0},
		{"a destination", "a000000000001-15", true, BLOB_LETTER, 15},
		{"the last one", "a000000000001-65535", true, BLOB_LETTER,
	         65535},
		{"what others sent", "a000000000001-received-json", true,
	         BLOB_RECEIVED_JSON, 0},
		{"the same, packed", "a000000000001-received-gzip", true,
	         BLOB_RECEIVED_GZIP, 0},
		{"one past that", "a000000000001-65536", false, 0, 0},
		{"too many digits", "a000000000001-100000", false, 0, 0},
		{"another way to write it", "a000000000001-00", false, 0, 0},
		{"a sign", "a000000000001--1", false, 0, 0},
		{"another form", "a000000000001-xml", false, 0, 0},
		{"no form", "a000000000001-", false, 0, 0},
		{"no dash", "a000000000001", false, 0, 0},
		{"no id", "0000000000001-json", false, 0, 0},
		{"too short", "json", false, 0, 0},
		{"nothing", "", false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena mem = {0};
		enum blob_form form = BLOB_JSON;
		uint64_t report = 0;
		uint16_t index = 0;

		ROW(&rows[i]);
		assert_int_equal(
			blob_id_parse(rows[i].text, &report, &form, &index),
			rows[i].good);
		if (!rows[i].good)
			continue;
		assert_int_equal(report, 1);
		assert_int_equal(form, rows[i].form);
		assert_int_equal(index, rows[i].index);
		assert_string_equal(blob_id(report, form, index, &mem),
		                    rows[i].text);
	}
}

static void render(struct fixture *f, const struct conf *conf, uint64_t id,
                   enum blob_form form, struct rendered *out)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);

	assert_int_equal(rendered_load(txn, conf, SHOWN_OUTBOX, id, form, 0,
	                               NOW, out, &f->err),
	                 1);
}

/* Before it is claimed the mail differs by its token alone; after that in
 * nothing. */
static void test_rendered(void **state)
{
	auto_(rendered_clear) struct rendered before = {0}, after = {0};
	auto_(rendered_clear) struct rendered json = {0};
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id = add(txn, "a.example", "mailto:tls@a.example", NOW);
	struct claim *claim;
	struct conf conf;

	commit_ok(&txn);
	conf_make(&conf);
	render(f, &conf, id, BLOB_JSON, &json);
	assert_string_equal(json.type, "application/tlsrpt+json");
	assert_string_equal(strbuf_text(&json.data), REPORT);
	render(f, &conf, id, BLOB_LETTER, &before);
	assert_string_equal(before.type, "message/rfc822");
	assert_non_null(strstr(strbuf_text(&before.data), "<preview."));

	claim = claim_one(f, &conf, NOW, 1);
	assert_non_null(claim);
	assert_int_equal(claim_make_letter(claim, &conf, gzip, &f->err), 0);
	render(f, &conf, id, BLOB_LETTER, &after);
	assert_int_equal(after.data.len, claim->job.body_len);
	assert_memory_equal(after.data.data, claim->job.body, after.data.len);
	assert_null(strstr(strbuf_text(&after.data), "<preview."));

	txn = db_begin_read(f->db);
	assert_int_equal(rendered_load(txn, &conf, SHOWN_OUTBOX, id,
	                               BLOB_LETTER, 1, NOW, &json, &f->err),
	                 0);
	assert_int_equal(rendered_load(txn, &conf, SHOWN_ARCHIVE, id, BLOB_JSON,
	                               0, NOW, &json, &f->err),
	                 0);
	db_abort(&txn);
	claim_free(&claim);
	conf_clear(&conf);
}

/* A mail that no run has made yet has its sender from the settings. */
static void test_rendered_without_contact(void **state)
{
	auto_(rendered_clear) struct rendered json = {0}, letter = {0};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id = add(txn, "a.example", "mailto:tls@a.example", NOW);
	struct conf conf;

	commit_ok(&txn);
	conf_init(&conf);
	render(f, &conf, id, BLOB_JSON, &json);
	txn = db_begin_read(f->db);
	assert_int_equal(rendered_load(txn, &conf, SHOWN_OUTBOX, id,
	                               BLOB_LETTER, 0, NOW, &letter, &f->err),
	                 ERR_IO);
	assert_non_null(strstr(f->err.text, "contact_info"));
	db_abort(&txn);
	conf_clear(&conf);
}

/* A body that cannot be read ends that report alone. */
static void test_damaged_body(void **state)
{
	struct fixture *f = *state;
	struct fake_world world = {0};
	struct outbox_result result;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id = add(txn, "a.example", "https://r.example/", NOW - 1);

	outbox_body_put(txn, id, "garbage", 7, NULL, 0);
	add(txn, "b.example", "https://r.example/", NOW);
	commit_ok(&txn);
	assert_int_equal(run(f, &world, false, &result), 0);
	assert_int_equal(result.counts.deferred, 1);
	assert_int_equal(result.counts.delivered, 1);
	assert_true(result.our_fault);
	assert_non_null(strstr(result.trouble, "the stored report"));
	fake_world_clear(&world);
}

/* Its receiver has had enough: the backlog is one row in what is due, and a run
 * that comes too early does nothing at all to it. */
static void test_backlog_of_a_receiver(void **state)
{
	enum { REPORTS = 1500, TURN = NOW + 3600 + 600 };
	static const struct {
		const char *name;
		struct run_as as;
		uint64_t delivered;
		uint64_t in_queue; /* its own row included */
		uint64_t due;
	} rows[] = {
		{"the first hour", {NOW, false, 3}, 3, REPORTS - 3 + 1, 1},
		{"before its turn", {NOW + 60, false, 3}, 0, REPORTS - 2, 1},
		{"all, but not past the limit",
	         {NOW + 120, true, 3},
	         0,
	         REPORTS - 2,
	         1},
		{"its turn", {TURN, false, 3}, 3, REPORTS - 5, 1},
		{"no limit, not yet", {TURN + 60, false, 0}, 0, REPORTS - 5, 1},
		{"no limit", {TURN + 3600, false, 0}, REPORTS - 6, 0, 0},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	for (int n = 0; n < REPORTS; n++)
		add(txn, "a.example",
		    n % 2 ? "mailto:tls@r.example" : "https://r.example/",
		    NOW - n % 7);
	commit_ok(&txn);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fake_world world = {0};
		struct outbox_result result;

		ROW(&rows[i]);
		assert_int_equal(run_as(f, &rows[i].as, &world, &result), 0);
		assert_int_equal(result.counts.delivered, rows[i].delivered);
		txn = db_begin_read(f->db);
		assert_int_equal(rows_in(txn, TABLE_QUEUE), rows[i].in_queue);
		assert_int_equal(rows_in(txn, TABLE_DUE), rows[i].due);
		db_abort(&txn);
		fake_world_clear(&world);
	}
}

/* What waits in a queue can be edited, held, sent by name and taken away. */
static void test_out_of_a_queue(void **state)
{
	static const struct run_as limited = {NOW, false, 1};
	struct fixture *f = *state;
	struct fake_world world = {0};
	struct outbox_destination dest;
	struct outbox_result result;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id[4];

	for (size_t i = 0; i < COUNT(id); i++)
		id[i] = add(txn, "a.example", "https://r.example/", NOW);
	commit_ok(&txn);
	assert_int_equal(run_as(f, &limited, &world, &result), 0);
	txn = db_begin_write(f->db);
	assert_int_equal(outbox_destination_get(txn, id[1], 0, &dest), 1);
	assert_int_equal(dest.due, OUTBOX_DUE_IN_TURN);
	assert_in_range(outbox_next_attempt(txn, &dest), NOW + 3600,
	                NOW + 3600 + 599);
	assert_int_equal(due_first(txn), outbox_next_attempt(txn, &dest));
	outbox_release(txn, id[1], 0);
	outbox_remove(txn, id[2]);
	assert_int_equal(rows_in(txn, TABLE_QUEUE), 1 + 1);
	outbox_release(txn, id[3], NOW + 5);
	assert_int_equal(rows_in(txn, TABLE_QUEUE), 1);
	assert_int_equal(due_first(txn), NOW + 5);
	commit_ok(&txn);
	fake_world_clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_many_settled),
		STORE_TEST(test_answers_survive_failure),
		cmocka_unit_test(test_lease_outlasts_the_longest_transfer),
		STORE_TEST(test_slow_mail_server),
		STORE_TEST(test_late_answer),
		STORE_TEST(test_given_back),
		STORE_TEST(test_neighbours_stay_together),
		cmocka_unit_test(test_lease),
		STORE_TEST(test_letter),
		STORE_TEST(test_long_file_name),
		STORE_TEST(test_damaged_body),
		STORE_TEST(test_backlog_of_a_receiver),
		STORE_TEST(test_out_of_a_queue),
		cmocka_unit_test(test_blob_id),
		STORE_TEST(test_rendered),
		STORE_TEST(test_rendered_without_contact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
