#include "unit/store_test.h"

#include "conf/conf.h"
#include "intake/received_take.h"
#include "store/keys.h"
#include "store/own_host_table.h"
#include "store/policy_cache_table.h"
#include "store/received_rate_table.h"
#include "store/received_table.h"

#define NOW INT64_C(1772530000)
#define HEAD                                                                   \
	"Authentication-Results: mx.example.com; dkim=pass "                   \
	"header.d=sender.example\r\nReceived: x\r\n"
#define FROM "From: <tls@sender.example>\r\n"
#define TYPE "Content-Type: application/tlsrpt+json\r\n\r\n"
#define POLICY(type, domain, good, bad)                                        \
	"{\"policy\":{\"policy-type\":\"" type                                 \
	"\",\"policy-domain\":\"" domain                                       \
	"\"},\"summary\":{\"total-successful-session-count\":" good            \
	",\"total-failure-session-count\":" bad                                \
	"},\"failure-details\":[{\"result-type\":\"certificate-expired\","     \
	"\"failed-session-count\":" bad "}]}"
#define REPORT(id, policies)                                                   \
	"{\"organization-name\":\"Sender\",\"contact-info\":\"a\","            \
	"\"report-id\":\"" id                                                  \
	"\",\"date-range\":{\"start-datetime\":\"2026-03-01T00:00:00Z\","      \
	"\"end-datetime\":\"2026-03-01T23:59:59Z\"},\"policies\":[" policies   \
	"]}"

struct world {
	struct fixture *f;
	struct conf conf;
	struct received_taken last;
	size_t heard;
	struct err err;
};

static void hear(void *arg, const struct received_taken *taken)
{
	struct world *w = arg;

	w->last = *taken;
	w->heard++;
}

static void world_begin(struct world *w, void **state)
{
	memset(w, 0, sizeof(*w));
	w->f = *state;
	conf_init(&w->conf);
	assert_int_equal(
		conf_set(&w->conf, "received.domains=Example.COM", &w->err), 0);
	assert_int_equal(conf_set(&w->conf,
	                          "received.authserv_id=mx.Example.com",
	                          &w->err),
	                 0);
}

static int take_by(struct world *w, enum received_way way, const char *text)
{
	bool is_mail = way == RECEIVED_BY_MAIL || way == RECEIVED_BY_MILTER;

	auto_(received_taker_free) struct received_taker *taker = NULL;

	assert_int_equal(
		received_taker_new(&taker, w->f->db, &w->conf, &w->err), 0);
	w->err = (struct err){0};
	return is_mail ? received_take_mail(taker, way, text, strlen(text), NOW,
	                                    hear, w, &w->err)
	               : received_take_file(taker, way, text, strlen(text), NOW,
	                                    hear, w, &w->err);
}

static int take(struct world *w, bool is_mail, const char *text)
{
	return take_by(w, is_mail ? RECEIVED_BY_MAIL : RECEIVED_FROM_FILE,
	               text);
}

static void set(struct world *w, const char *setting)
{
	assert_int_equal(conf_set(&w->conf, setting, &w->err), 0);
}

static struct received_sums sums_of(struct world *w, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(w->f->db);
	struct received_sum_row row = {.day = INT32_MIN};

	while (received_sums_next(txn, &row))
		if (strcmp(row.domain, domain) == 0)
			return row.sums;
	return (struct received_sums){0};
}

static void test_counts(void **state)
{
	struct received_sums sums;
	struct world w;

	world_begin(&w, state);
	assert_int_equal(take(&w, true,
	                      HEAD FROM TYPE REPORT(
				      "1", POLICY("sts", "example.com", "5",
	                                          "2") "," POLICY("sts",
	                                                          "other."
	                                                          "example",
	                                                          "7", "1"))),
	                 0);
	assert_true(w.last.is_new);
	assert_true(w.last.row.authenticated);
	assert_true(w.last.row.counts);
	assert_int_equal(w.last.row.ours, 1);
	assert_int_equal(w.last.row.foreign, 1);
	assert_int_equal(w.last.row.success, 5);
	assert_int_equal(w.last.row.failure, 2);
	assert_int_equal(w.last.row.expires_at, NOW + w.conf.received.keep);
	assert_string_equal(w.last.row.domain, "example.com");
	assert_string_equal(w.last.row.submitter, "sender.example");
	sums = sums_of(&w, "example.com");
	assert_int_equal(sums.reports, 1);
	assert_int_equal(sums.results[RESULT_CERTIFICATE_EXPIRED], 2);
	assert_int_equal(sums.policies[POLICY_STS], 7);
	assert_int_equal(sums_of(&w, "other.example").reports, 0);
	conf_clear(&w.conf);
}

/* Nothing of ours in it: it is kept, with the sums of all, and not counted. */
static void test_foreign(void **state)
{
	struct world w;

	world_begin(&w, state);
	take(&w, true,
	     HEAD FROM TYPE REPORT("1",
	                           POLICY("sts", "other.example", "7", "1")));
	assert_true(w.last.row.authenticated);
	assert_false(w.last.row.counts);
	assert_int_equal(w.last.row.success, 7);
	assert_string_equal(w.last.row.domain, "other.example");
	conf_clear(&w.conf);
}

/* A DANE policy's domain is the MX host. */
static void test_host(void **state)
{
	struct view_mx mx = {.host = "mx.hoster.example", .preference = 10};
	struct domain_view view = {.domain = "example.com",
	                           .checked_at = NOW,
	                           .mx = VIEW_OK,
	                           .mxs = &mx,
	                           .mx_count = 1};
	struct db_txn *txn;
	struct world w;

	world_begin(&w, state);
	txn = db_begin_write(w.f->db);
	policy_cache_put(txn, &view);
	commit_ok(&txn);
	take(&w, true,
	     HEAD FROM TYPE REPORT(
		     "1", POLICY("tlsa", "mx.hoster.example", "3", "1")));
	assert_true(w.last.row.counts);
	assert_int_equal(sums_of(&w, "mx.hoster.example").success, 3);
	conf_clear(&w.conf);
}

/* And it still is one of ours when DNS no longer shows it. */
static void test_former_host(void **state)
{
	struct view_mx mx = {.host = "old.hoster.example", .preference = 10};
	struct domain_view view = {.domain = "example.com",
	                           .mx = VIEW_OK,
	                           .mxs = &mx,
	                           .mx_count = 1};
	struct own_host host = {.host = ""};
	struct db_txn *txn;
	struct world w;
	uint64_t rows = 0;

	world_begin(&w, state);
	txn = db_begin_write(w.f->db);
	assert_int_equal(own_host_noted(txn, "example.com"), INT32_MIN);
	own_host_note(txn, &view, 20500);
	mx.host = "mx.hoster.example";
	own_host_note(txn, &view, 20510);
	view.mx = VIEW_TEMPFAIL;
	mx.host = "nobody.example";
	own_host_note(txn, &view, 20512);
	assert_int_equal(own_host_noted(txn, "example.com"), 20510);
	assert_false(own_host_next(txn, "example", &host));
	assert_true(own_host_next(txn, "example.com", &host));
	assert_string_equal(host.host, "mx.hoster.example");
	assert_int_equal(host.seen, 20510);
	assert_true(own_host_next(txn, "example.com", &host));
	assert_string_equal(host.host, "old.hoster.example");
	assert_false(own_host_next(txn, "example.com", &host));
	commit_ok(&txn);
	take(&w, true,
	     HEAD FROM TYPE REPORT(
		     "1", POLICY("tlsa", "old.hoster.example", "3", "1")));
	assert_true(w.last.row.counts);
	txn = db_begin_write(w.f->db);
	own_host_purge(txn, 20501, &rows);
	assert_int_equal(rows, 1);
	commit_ok(&txn);
	take(&w, true,
	     HEAD FROM TYPE REPORT(
		     "2", POLICY("tlsa", "old.hoster.example", "3", "1")));
	assert_false(w.last.row.counts);
	assert_int_equal(w.last.row.foreign, 1);
	conf_clear(&w.conf);
}

/* The host at fault is in the sums: the one that failed, else its address,
 * else the one that a DANE policy is about. */
static void test_faults(void **state)
{
#define DETAIL(more)                                                           \
	"{\"result-type\":\"certificate-expired\"," more                       \
	"\"failed-session-count\":1}"
	struct received_sum_row row = {.day = INT32_MIN};
	struct db_txn *txn;
	struct world w;

	world_begin(&w, state);
	take(&w, true,
	     HEAD FROM TYPE REPORT(
		     "1",
		     "{\"policy\":{\"policy-type\":\"sts\","
		     "\"policy-domain\":"
		     "\"example.com\"},\"summary\":{"
		     "\"total-successful-session-count\":1,"
		     "\"total-failure-session-count\":3},"
		     "\"failure-details\":[" DETAIL(
			     "\"receiving-mx-hostname\":"
			     "\"MX1.example.com.\","
			     "\"receiving-ip\":\"192.0.2."
			     "1\",") "," DETAIL("\"receiving"
	                                        "-ip\":"
	                                        "\"192.0.2."
	                                        "2\",") "," DETAIL("") "]}"));
	txn = db_begin_read(w.f->db);
	assert_true(received_sums_next(txn, &row));
	assert_int_equal(row.faults.count, 3);
	assert_string_equal(row.faults.at[0].host, "mx1.example.com");
	assert_string_equal(row.faults.at[1].host, "192.0.2.2");
	assert_string_equal(row.faults.at[2].host, "");
	db_abort(&txn);
	conf_clear(&w.conf);
}

static size_t rows_of(struct world *w, uint8_t table)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(w->f->db);
	struct db_key all = key_of(table);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);
	size_t n = 0;

	while (db_rows_next(&rows))
		n++;
	return n;
}

/* Rows of days to come nobody would ever purge: it is kept as all are, and does
 * not count. */
static void test_a_day_to_come(void **state)
{
	static const char text[] = HEAD FROM TYPE
		"{\"organization-name\":\"Sender\",\"contact-info\":\"a\","
		"\"report-id\":\"f\",\"date-range\":{"
		"\"start-datetime\":\"2099-03-01T00:00:00Z\","
		"\"end-datetime\":\"2099-03-01T23:59:59Z\"},\"policies\":"
		"[" POLICY("sts", "example.com", "5", "2") "]}";
	struct db_txn *txn;
	uint64_t rows = 0;
	struct world w;

	world_begin(&w, state);
	assert_int_equal(take(&w, true, text), 0);
	assert_true(w.last.is_new);
	assert_true(w.last.row.authenticated);
	assert_false(w.last.row.counts);
	assert_string_equal(w.last.why.text, "it is about a day to come");
	assert_int_equal(sums_of(&w, "example.com").reports, 0);
	assert_int_equal(take(&w, true, text), 0);
	assert_false(w.last.is_new);

	/* a year later nothing is left of it */
	txn = db_begin_write(w.f->db);
	received_purge(txn, NOW + 366 * 86400, &rows);
	received_seen_purge(txn, NOW / 86400 + 366, &rows);
	commit_ok(&txn);
	assert_int_equal(rows_of(&w, TABLE_RECEIVED), 0);
	assert_int_equal(rows_of(&w, TABLE_RECEIVED_SEEN), 0);
	conf_clear(&w.conf);
}

static void test_unauthenticated(void **state)
{
	static const char mail[] =
		FROM TYPE REPORT("1", POLICY("sts", "example.com", "5", "2"));
	struct world w;

	world_begin(&w, state);
	take(&w, true, mail);
	assert_false(w.last.row.authenticated);
	assert_false(w.last.row.counts);
	assert_string_equal(w.last.row.submitter, "sender.example");
	assert_int_equal(w.last.why.class, ERR_NOTFOUND);
	assert_int_equal(sums_of(&w, "example.com").reports, 0);
	assert_int_equal(take(&w, true, mail), 0);
	assert_false(w.last.is_new);
	assert_int_equal(
		conf_set(&w.conf, "received.count_unauthenticated=yes", &w.err),
		0);
	take(&w, true,
	     FROM TYPE REPORT("2", POLICY("sts", "example.com", "5", "2")));
	assert_false(w.last.row.authenticated);
	assert_true(w.last.row.counts);
	assert_int_equal(sums_of(&w, "example.com").reports, 1);
	conf_clear(&w.conf);
}

static void test_bad(void **state)
{
	struct world w;

	world_begin(&w, state);
	assert_int_equal(take(&w, true, FROM "\r\nhello\r\n"), ERR_NOTFOUND);
	assert_int_equal(take(&w, true, FROM TYPE "{\"a\":1}"), ERR_PARSE);
	assert_int_equal(take(&w, false, "{"), ERR_PARSE);
	assert_true(w.err.text[0] != '\0');
	assert_int_equal(w.heard, 0);
	assert_int_equal(take(&w, false, REPORT("1", "")), 0);
	assert_int_equal(w.heard, 1);
	assert_int_equal(w.last.problem_count, 1);
	conf_clear(&w.conf);
}

/* What the milter saw is believed only behind the filter, and it does not see
 * the Received of its own Postfix. */
static void test_milter(void **state)
{
	static const struct {
		const char *name, *behind, *above, *head;
		bool want;
	} rows[] = {
		{"not behind the filter", "no", "0", HEAD, false},
		{"behind it", "yes", "0", HEAD, true},
		{"its Postfix puts Received above", "yes", "1", HEAD, true},
		{"one below the Received of another host", "yes", "1",
	         "Received: y\r\n" HEAD, false},
		{"which is ours", "yes", "2", "Received: y\r\n" HEAD, true},
	};
	struct world w;

	world_begin(&w, state);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char setting[80];
		auto_(xfree_str) char *text = xasprintf(
			"%s%s", rows[i].head,
			FROM TYPE REPORT(
				"1", POLICY("sts", "example.com", "5", "2")));

		ROW(&rows[i]);
		snprintf(setting, sizeof(setting),
		         "received.milter_behind_filter=%s", rows[i].behind);
		set(&w, setting);
		snprintf(setting, sizeof(setting), "received.received_above=%s",
		         rows[i].above);
		set(&w, setting);
		assert_int_equal(take_by(&w, RECEIVED_BY_MILTER, text), 0);
		assert_int_equal(w.last.row.authenticated, rows[i].want);
		assert_int_equal(w.last.row.way, RECEIVED_BY_MILTER);
	}
	conf_clear(&w.conf);
}

/* What comes by HTTPS has a setting of its own. */
static void test_https(void **state)
{
	static const char *const texts[] = {
		REPORT("1", POLICY("sts", "example.com", "5", "2")),
		REPORT("2", POLICY("sts", "example.com", "5", "2")),
		REPORT("3", POLICY("sts", "example.com", "5", "2")),
	};
	struct world w;

	world_begin(&w, state);
	assert_int_equal(take_by(&w, RECEIVED_BY_HTTPS, texts[0]), 0);
	assert_false(w.last.row.authenticated);
	assert_false(w.last.row.counts);
	set(&w, "received.count_unauthenticated=yes");
	assert_int_equal(take_by(&w, RECEIVED_BY_HTTPS, texts[1]), 0);
	assert_false(w.last.row.counts);
	set(&w, "received.count_https=yes");
	assert_int_equal(take_by(&w, RECEIVED_BY_HTTPS, texts[2]), 0);
	assert_false(w.last.row.authenticated);
	assert_true(w.last.row.counts);
	conf_clear(&w.conf);
}

static struct received_rate rate_of(struct world *w, const char *submitter)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(w->f->db);
	struct received_rate rate = {.day = NOW / 86400};

	snprintf(rate.submitter, sizeof(rate.submitter), "%s", submitter);
	received_rate_get(txn, &rate);
	return rate;
}

static struct received_rate strangers(struct world *w)
{
	return rate_of(w, "");
}

/* Strangers cannot fill the disk; who is authenticated, or a person's own
 * files, is not kept out by them. */
static void test_strangers(void **state)
{
	static const char *const texts[] = {
		REPORT("1", POLICY("sts", "example.com", "5", "2")),
		REPORT("2", POLICY("sts", "example.com", "5", "2")),
		REPORT("3", POLICY("sts", "example.com", "5", "2")),
	};
	uint64_t bytes;
	struct world w;

	world_begin(&w, state);
	set(&w, "received.max_unauthenticated=2");
	take_by(&w, RECEIVED_BY_HTTPS, texts[0]);
	bytes = strangers(&w).bytes;
	assert_true(bytes > 0);
	take_by(&w, RECEIVED_BY_HTTPS, texts[0]);
	assert_false(w.last.is_new);
	assert_int_equal(strangers(&w).kept, 1);
	take_by(&w, RECEIVED_BY_HTTPS, texts[1]);
	assert_true(w.last.is_new);
	assert_int_equal(take_by(&w, RECEIVED_BY_HTTPS, texts[2]), 0);
	assert_true(w.last.is_dropped);
	assert_false(w.last.is_new);
	assert_int_equal(strangers(&w).kept, 2);
	assert_int_equal(strangers(&w).dropped, 1);
	/* what was here already is, still */
	take_by(&w, RECEIVED_BY_HTTPS, texts[1]);
	assert_false(w.last.is_dropped);
	take(&w, false, texts[2]);
	assert_true(w.last.is_new);
	take(&w, true,
	     HEAD FROM TYPE REPORT("1",
	                           POLICY("sts", "example.com", "5", "2")));
	assert_true(w.last.is_new);
	assert_true(w.last.row.authenticated);
	assert_int_equal(strangers(&w).kept, 2);

	set(&w, "received.max_unauthenticated=3");
	set(&w, "received.max_unauthenticated_size=1K");
	assert_int_equal(take(&w, true,
	                      FROM TYPE REPORT("4", POLICY("sts", "example.com",
	                                                   "5", "2"))),
	                 0);
	assert_false(w.last.is_dropped);
	set(&w, "received.max_unauthenticated=9");
	set(&w, "received.max_unauthenticated_size=0");
	take(&w, true,
	     FROM TYPE REPORT("5", POLICY("sts", "example.com", "5", "2")));
	assert_true(w.last.is_dropped);
	assert_int_equal(strangers(&w).dropped, 2);
	conf_clear(&w.conf);
}

#define HEAD_OF(signer)                                                        \
	"Authentication-Results: mx.example.com; dkim=pass header.d=" signer   \
	"\r\nReceived: x\r\nFrom: <tls@" signer ">\r\n" TYPE
#define GOOD_OF(id) REPORT(id, POLICY("sts", "example.com", "5", "2"))

/* Nor can one who is authenticated, under whatever name of his organization;
 * all others go on. */
static void test_submitters(void **state)
{
	auto_(xfree_str) char *fate = NULL;
	struct world w;

	world_begin(&w, state);
	set(&w, "received.max_per_submitter=2");
	set(&w, "received.max_unauthenticated=0");
	take(&w, true, HEAD_OF("a.sender.example") GOOD_OF("1"));
	assert_true(w.last.is_new);
	take(&w, true, HEAD_OF("b.sender.example") GOOD_OF("2"));
	assert_true(w.last.is_new);
	take(&w, true, HEAD_OF("b.sender.example") GOOD_OF("2"));
	assert_false(w.last.is_dropped);
	take(&w, true, HEAD_OF("sender.example") GOOD_OF("3"));
	assert_true(w.last.is_dropped);
	assert_false(w.last.is_new);
	fate = received_taken_fate(&w.last);
	assert_non_null(strstr(fate, "reports of sender.example as"));
	assert_int_equal(rate_of(&w, "sender.example").kept, 2);
	assert_int_equal(rate_of(&w, "sender.example").dropped, 1);
	assert_true(rate_of(&w, "sender.example").bytes > 0);
	take(&w, true, HEAD_OF("other.example") GOOD_OF("4"));
	assert_true(w.last.is_new);
	take(&w, false, GOOD_OF("3"));
	assert_true(w.last.is_new);
	set(&w, "received.max_per_submitter_size=0");
	take(&w, true, HEAD_OF("third.example") GOOD_OF("5"));
	assert_true(w.last.is_dropped);
	assert_int_equal(rate_of(&w, "third.example").dropped, 1);
	assert_int_equal(strangers(&w).kept + strangers(&w).dropped, 0);
	conf_clear(&w.conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_counts),
		STORE_TEST(test_foreign),
		STORE_TEST(test_host),
		STORE_TEST(test_former_host),
		STORE_TEST(test_faults),
		STORE_TEST(test_bad),
		STORE_TEST(test_a_day_to_come),
		STORE_TEST(test_unauthenticated),
		STORE_TEST(test_milter),
		STORE_TEST(test_https),
		STORE_TEST(test_strangers),
		STORE_TEST(test_submitters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
