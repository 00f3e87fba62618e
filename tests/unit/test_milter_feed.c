#include "unit/store_test.h"

#include <stdatomic.h>
#include <syslog.h>
#include <time.h>

#include "base/day.h"
#include "base/log.h"
#include "intake/milter_bounces.h"
#include "intake/milter_counts.h"
#include "intake/milter_feed.h"
#include "store/feed_table.h"
#include "store/inbound_table.h"
#include "store/mail_table.h"
#include "store/meta_table.h"
#include "store/own_report_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"
#include "store/tls_optional_table.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

enum { DAY = 20513 /* 2026-03-01 */, NOON = 43200, HOUR_MS = 3600 * 1000 };

static const char *const mailers[] = {"smtp"};
static const struct milter_site site = {
	.sender = "tls-reports@example.com",
	.submitter = "example.com",
	.remote_mailers = mailers,
	.remote_mailer_count = 1,
};
static const struct milter_rcpt_macros local = {NULL, NULL, "local"};
static const struct milter_rcpt_macros remote = {NULL, NULL, "smtp"};
static const struct inbound_macros clear;

static struct clock test_clock;
static int warnings_said;
static char last_warning[256];

static void capture(void *arg, int priority, const char *line)
{
	(void)arg;
	if (priority != LOG_WARNING)
		return;
	warnings_said++;
	snprintf(last_warning, sizeof(last_warning), "%s", line);
}

static struct milter_feed *start(struct db *db, int64_t interval_ms,
                                 milter_bounce_fn *bounce, void *arg)
{
	struct milter_feed_options options = {
		.committer = {.feed = FEED_MILTER,
	                      .db = db,
	                      .clock = &test_clock,
	                      .interval_ms = interval_ms},
		.bounce = bounce,
		.bounce_arg = arg,
	};
	struct milter_feed *feed;
	struct err err = {0};

	warnings_said = 0;
	log_capture(capture, NULL);
	test_clock = clock_fixed(day_start(DAY) + NOON);
	if (milter_feed_start(&feed, &options, &err) < 0)
		fail_msg("%s", err.text);
	return feed;
}

static void stop_ok(struct milter_feed **feed)
{
	struct err err = {0};

	if (milter_feed_stop(*feed, &err) != 0)
		fail_msg("%s", err.text);
	milter_feed_free(feed);
	log_capture(NULL, NULL);
}

/* A message from one domain to an address. */
static void take(struct milter_feed *feed, const char *sender,
                 const char *recipient, const struct milter_rcpt_macros *macros)
{
	struct milter_message m;

	milter_message_init(&m, &site);
	milter_message_begin(&m, sender, &clear, INBOUND_MX);
	milter_message_recipient(&m, recipient, macros);
	milter_message_header(&m, "TLS-Report-Submitter", "example.com");
	milter_message_body(&m, "body", 4);
	milter_feed_take(feed, &m, NULL);
	milter_message_clear(&m);
}

static void sum(void *arg, const struct inbound *inbound, uint64_t messages)
{
	(void)inbound;
	*(uint64_t *)arg += messages;
}

static uint64_t inbound_of(struct db *db, int32_t day, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	uint64_t n = 0;

	inbound_table_each(txn, day, domain, sum, &n);
	return n;
}

static uint64_t mail_of(struct db *db, int32_t day, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct mail_row row = {0};

	return mail_get(txn, day, domain, &row) == 1 ? row.messages : 0;
}

static void test_midnight(void **state)
{
	struct fixture *f = *state;
	struct milter_feed *feed = start(f->db, HOUR_MS, NULL, NULL);

	test_clock.fixed_ms = (day_start(DAY + 1) - 1) * 1000 + 999;
	take(feed, "<a@s.example>", "<u@ours.example>", &local);
	take(feed, "<a@s.example>", "<u@far.example>", &remote);
	test_clock.fixed_ms = day_start(DAY + 1) * 1000;
	take(feed, "<a@s.example>", "<u@ours.example>", &local);
	take(feed, "<a@s.example>", "<v@ours.example>", &local);
	take(feed, "<a@s.example>", "<u@far.example>", &remote);
	stop_ok(&feed);
	assert_int_equal(inbound_of(f->db, DAY, "ours.example"), 1);
	assert_int_equal(inbound_of(f->db, DAY + 1, "ours.example"), 2);
	assert_int_equal(mail_of(f->db, DAY, "far.example"), 1);
	assert_int_equal(mail_of(f->db, DAY + 1, "far.example"), 1);
}

static bool is_optional(struct db *db, const char *queue_id)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	return tls_optional_has(txn, DAY, queue_id);
}

static void take_with_id(struct milter_feed *feed, const char *value,
                         const char *queue_id)
{
	struct milter_message m;

	milter_message_init(&m, &site);
	milter_message_begin(&m, "<a@s.example>", &clear, false);
	milter_message_header(&m, "TLS-Required", value);
	milter_feed_take(feed, &m, queue_id);
	milter_message_clear(&m);
}

/* When the milter answers, the queue id is in the store: the delivery may be
 * the next thing that happens. */
static void test_tls_optional(void **state)
{
	static const char long_id[] = "0123456789012345678901234567890123";
	struct fixture *f = *state;
	struct milter_feed *feed = start(f->db, HOUR_MS, NULL, NULL);

	take_with_id(feed, "No", "4AAAA1");
	assert_true(is_optional(f->db, "4AAAA1"));
	take_with_id(feed, "no", "4AAAA2");
	assert_true(is_optional(f->db, "4AAAA2"));
	take_with_id(feed, "yes", "4AAAA3");
	take_with_id(feed, "no", NULL);
	take_with_id(feed, "no", "");
	take_with_id(feed, "no", long_id);
	stop_ok(&feed);
	assert_false(is_optional(f->db, "4AAAA3"));
	assert_false(is_optional(f->db, long_id));
}

static void test_feed_row(void **state)
{
	struct fixture *f = *state;
	struct milter_feed *feed = start(f->db, HOUR_MS, NULL, NULL);
	struct feed row = {0};

	take(feed, "<a@s.example>", "<u@ours.example>", &local);
	take(feed, "<a@s.example>", "<root>", &local);
	stop_ok(&feed);
	feed = start(f->db, HOUR_MS, NULL, NULL);
	test_clock.fixed_ms += 60 * 1000;
	stop_ok(&feed);
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	assert_int_equal(feed_table_get(txn, FEED_MILTER, &row), 1);
	assert_int_equal(row.events, 2);
	/* idle it moves on, and the last message stays where it was */
	assert_int_equal(row.watermark, day_start(DAY) + NOON + 60);
	assert_int_equal(row.seen_at, day_start(DAY) + NOON + 60);
	assert_int_equal(row.last_event, day_start(DAY) + NOON);
}

static void test_own_report_is_no_mail(void **state)
{
	struct fixture *f = *state;
	struct milter_feed *feed = start(f->db, HOUR_MS, NULL, NULL);

	take(feed, "<tls-reports@example.com>", "<tls@far.example>", &remote);
	stop_ok(&feed);
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	assert_int_equal(own_seen_get(txn, DAY, "far.example"), 1);
	assert_int_equal(mail_of(f->db, DAY, "far.example"), 0);
	char domain[WANTED_DOMAIN_TEXT] = "";
	uint32_t failures;
	int64_t due;
	assert_int_equal(policy_wanted_next(txn, domain, &due, &failures), 0);
}

static void take_report(struct milter_feed *feed, enum inbound_client client,
                        const char *signature)
{
	struct milter_message m;

	milter_message_init(&m, &site);
	milter_message_begin(&m, "<tls-reports@example.com>", &clear, client);
	milter_message_recipient(&m, "<tls@far.example>", &remote);
	milter_message_header(&m, "TLS-Report-Submitter", "example.com");
	if (signature != NULL)
		milter_message_header(&m, "DKIM-Signature", signature);
	milter_feed_take(feed, &m, NULL);
	milter_message_clear(&m);
}

static struct signature_seen signature_of(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct signature_seen seen;

	meta_signature_get(txn, &seen);
	return seen;
}

/* How the last report of ours was signed; another site's word counts for
 * nothing. */
static void test_signature_is_kept(void **state)
{
	struct fixture *f = *state;
	int64_t noon = day_start(DAY) + NOON;
	struct milter_feed *feed = start(f->db, HOUR_MS, NULL, NULL);
	struct signature_seen seen;

	take_report(feed, INBOUND_MX, "d=example.com; s=forged");
	stop_ok(&feed);
	assert_int_equal(signature_of(f->db).seen_at, 0);
	feed = start(f->db, HOUR_MS, NULL, NULL);
	take_report(feed, INBOUND_LOCAL, "d=example.com; s=2026");
	stop_ok(&feed);
	seen = signature_of(f->db);
	assert_true(seen.is_signed);
	assert_int_equal(seen.seen_at, noon);
	assert_int_equal(seen.signed_at, noon);
	assert_string_equal(seen.by.selector, "2026");
	feed = start(f->db, HOUR_MS, NULL, NULL);
	test_clock.fixed_ms += 60 * 1000;
	take_report(feed, INBOUND_LOCAL, "d=relay.example; s=r");
	take_report(feed, INBOUND_LOCAL, "d=example.com; s=2026");
	stop_ok(&feed);
	seen = signature_of(f->db);
	assert_false(seen.is_signed);
	assert_int_equal(seen.seen_at, noon + 60);
	assert_int_equal(seen.signed_at, noon + 60);
	assert_string_equal(seen.by.domain, "relay.example");
}

static void put_view(struct db *db, const char *domain, int64_t expires_at)
{
	struct domain_view view = {.domain = domain,
	                           .checked_at = expires_at - 100,
	                           .expires_at = expires_at};
	struct db_txn *txn = db_begin_write(db);

	policy_cache_put(txn, &view);
	commit_ok(&txn);
}

static bool is_wanted(struct db *db, const char *domain, bool forget)
{
	struct db_txn *txn = db_begin_write(db);
	uint32_t failures;
	int64_t due;
	bool wanted = policy_wanted_get(txn, domain, &due, &failures) == 1;

	if (wanted)
		assert_int_equal(due, test_clock.fixed_ms / 1000);
	if (forget)
		policy_wanted_delete(txn, domain);
	commit_ok(&txn);
	return wanted;
}

static void test_warm_up(void **state)
{
	static const struct {
		const char *name, *domain;
		const struct milter_rcpt_macros *macros;
		bool want;
	} rows[] = {
		{"another site", "far.example", &remote, true},
		{"one with a fresh view", "fresh.example", &remote, false},
		{"one whose view is over", "stale.example", &remote, true},
		{"one of ours", "ours.example", &local, false},
		{"an address in digits", "192.0.2.1", &remote, false},
		{"a name without a dot", "intranet", &remote, false},
	};
	struct fixture *f = *state;

	put_view(f->db, "fresh.example", day_start(DAY) + NOON + 1);
	put_view(f->db, "stale.example", day_start(DAY) + NOON);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct milter_feed *feed = start(f->db, HOUR_MS, NULL, NULL);
		auto_(xfree_str) char *address =
			xasprintf("<u@%s>", rows[i].domain);

		ROW(&rows[i]);
		take(feed, "<a@s.example>", address, rows[i].macros);
		stop_ok(&feed);
		assert_int_equal(is_wanted(f->db, rows[i].domain, false),
		                 rows[i].want);
	}
}

static void wait_for_commits(struct milter_feed *feed, uint64_t more)
{
	uint64_t want = milter_feed_state(feed).commits + more;
	const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

	for (int i = 0; i < 5000; i++) {
		if (milter_feed_state(feed).commits >= want)
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("no commit came");
}

/* Once a day: who looked it up meanwhile is not asked again. */
static void test_warm_up_once_a_day(void **state)
{
	struct fixture *f = *state;
	struct milter_feed *feed = start(f->db, 10, NULL, NULL);

	take(feed, "<a@s.example>", "<u@far.example>", &remote);
	wait_for_commits(feed, 1);
	assert_true(is_wanted(f->db, "far.example", true));
	take(feed, "<a@s.example>", "<u@far.example>", &remote);
	wait_for_commits(feed, 1);
	assert_false(is_wanted(f->db, "far.example", true));
	test_clock.fixed_ms += (int64_t)DAY_SECS * 1000;
	take(feed, "<a@s.example>", "<u@far.example>", &remote);
	stop_ok(&feed);
	assert_true(is_wanted(f->db, "far.example", true));
}

struct bounces {
	atomic_int calls, busy;
};

static int read_bounce(void *arg, const char *token, const void *text,
                       size_t len)
{
	static const char want[] = "TLS-Report-Submitter: example.com\n\nbody";
	struct bounces *bounces = arg;

	assert_string_equal(token, TOKEN);
	assert_int_equal(len, sizeof(want) - 1);
	assert_memory_equal(text, want, len);
	atomic_fetch_add(&bounces->calls, 1);
	if (atomic_load(&bounces->busy) > 0) {
		atomic_fetch_sub(&bounces->busy, 1);
		return ERR_BUSY;
	}
	return 0;
}

static void test_bounces_are_read(void **state)
{
	static const struct {
		const char *name;
		int bounces, busy, calls;
	} rows[] = {
		{"none", 0, 0, 0},
		{"one", 1, 0, 1},
		{"three", 3, 0, 3},
		{"one that comes again", 1, 2, 3},
		{"three, the first of them comes again", 3, 1, 4},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bounces bounces = {0, rows[i].busy};
		struct milter_feed *feed =
			start(f->db, 10, read_bounce, &bounces);
		const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

		ROW(&rows[i]);
		take(feed, "<>", "<postmaster@example.com>", &local);
		for (int n = 0; n < rows[i].bounces; n++)
			take(feed, "<>", "<tls-reports+" TOKEN "@example.com>",
			     &local);
		for (int n = 0;
		     n < 5000 && atomic_load(&bounces.calls) < rows[i].calls;
		     n++)
			nanosleep(&pause, NULL);
		stop_ok(&feed);
		assert_int_equal(atomic_load(&bounces.calls), rows[i].calls);
		assert_int_equal(warnings_said, 0);
	}
}

static void add_bounce(struct milter_bounces *queue, size_t len)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	auto_(xfree_str) char *bytes = xmalloc(len + 1);

	memset(bytes, 'x', len);
	strbuf_add(&text, bytes, len);
	milter_bounces_add(queue, TOKEN, &text);
}

static void test_bounces_are_bounded(void **state)
{
	struct milter_bounces queue;
	struct milter_bounce *first;
	size_t count;

	(void)state;
	milter_bounces_init(&queue, MILTER_BOUNCES_BYTES, MILTER_BOUNCES_MAX);
	for (int i = 0; i < 100; i++)
		add_bounce(&queue, 256 * 1024);
	assert_true(queue.bytes <= MILTER_BOUNCES_BYTES);
	assert_true(queue.count >= 8);
	assert_int_equal(queue.count + queue.dropped, 100);
	/* what goes back to the front comes first again */
	count = queue.count;
	first = milter_bounces_take(&queue);
	milter_bounces_put_back(&queue, first);
	assert_int_equal(queue.count, count);
	assert_ptr_equal(milter_bounces_take(&queue), first);
	milter_bounce_free(&first);
	milter_bounces_clear(&queue);
	assert_int_equal(queue.bytes, 0);
	assert_int_equal(queue.count, 0);
	queue.dropped = 0;
	for (int i = 0; i < MILTER_BOUNCES_MAX + 5; i++)
		add_bounce(&queue, 1);
	assert_int_equal(queue.count, MILTER_BOUNCES_MAX);
	assert_int_equal(queue.dropped, 5);
	milter_bounces_clear(&queue);
	/* an emptied queue takes again, from its front */
	add_bounce(&queue, 1);
	first = milter_bounces_take(&queue);
	assert_non_null(first);
	milter_bounces_put_back(&queue, first);
	add_bounce(&queue, 1);
	assert_int_equal(queue.count, 2);
	milter_bounces_clear(&queue);
}

static void count_one(struct milter_counts *counts, const char *sender,
                      const char *recipient)
{
	struct milter_message m;

	milter_message_init(&m, &site);
	milter_message_begin(&m, sender, &clear, INBOUND_MX);
	milter_message_recipient(&m, recipient, &local);
	milter_counts_add(counts, DAY, &m);
	milter_message_clear(&m);
}

static void commit_counts(struct fixture *f, struct milter_counts *counts)
{
	struct db_txn *txn = db_begin_write(f->db);
	size_t rows = milter_counts_rows(counts);

	for (size_t i = 0; i < rows; i++)
		milter_counts_put(counts, i, txn, day_start(DAY));
	commit_ok(&txn);
}

/* A sender's domain is a stranger's to choose. */
static void test_many_senders(void **state)
{
	struct fixture *f = *state;
	struct milter_counts *counts = milter_counts_new();
	enum { SENDERS = 30000 };

	for (int i = 0; i < SENDERS; i++) {
		char sender[64];

		snprintf(sender, sizeof(sender), "<a@s%d.example>", i);
		count_one(counts, sender, "<u@ours.example>");
	}
	assert_true(milter_counts_full(counts));
	assert_int_equal(milter_counts_refused(counts), 0);
	commit_counts(f, counts);
	assert_int_equal(inbound_of(f->db, DAY, "ours.example"), SENDERS);
	milter_counts_reset(counts);
	assert_false(milter_counts_full(counts));
	milter_counts_free(&counts);
}

static void test_memory_has_an_end(void **state)
{
	struct milter_counts *counts = milter_counts_new();
	enum { DOMAINS = 40000 };

	(void)state;
	for (int i = 0; i < DOMAINS; i++) {
		char recipient[64];

		snprintf(recipient, sizeof(recipient), "<u@d%d.example>", i);
		count_one(counts, "<a@s.example>", recipient);
	}
	assert_true(milter_counts_refused(counts) > 0);
	assert_true(milter_counts_refused(counts) < DOMAINS / 2);
	milter_counts_reset(counts);
	assert_int_equal(milter_counts_refused(counts), 0);
	milter_counts_free(&counts);
}

static bool ran_all_day(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	return own_seen_is_whole(txn, DAY);
}

/* Its commits say when it ran: here in a gap that would not be forgiven. */
static void test_commits_say_when_it_ran(void **state)
{
	enum { STEPS = 1 + 2 * OWN_SEEN_GAP_SECS / OWN_SEEN_STEP_SECS };
	static const struct {
		const char *name;
		int64_t step; /* secs between two commits */
		bool whole;
	} rows[] = {
		{"it ran", OWN_SEEN_STEP_SECS, true},
		{"it was started anew each time", OWN_SEEN_STEP_SECS + 1,
	         false},
	};

	const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t noon = day_start(DAY) + NOON;
		struct milter_feed *feed;
		struct db_txn *txn;
		struct fixture f;

		ROW(&rows[i]);
		fixture_make(&f);
		fixture_open(&f);
		txn = db_begin_write(f.db);
		own_seen_ran(txn, day_start(DAY), noon);
		commit_ok(&txn);
		feed = start(f.db, 1, NULL, NULL);
		for (uint64_t step = 1; step <= STEPS; step++) {
			while (milter_feed_state(feed).commits < step)
				nanosleep(&pause, NULL);
			test_clock.fixed_ms += rows[i].step * 1000;
		}
		stop_ok(&feed);
		txn = db_begin_write(f.db);
		own_seen_ran(txn, noon + STEPS * rows[i].step,
		             day_start(DAY + 1));
		commit_ok(&txn);
		assert_int_equal(ran_all_day(f.db), rows[i].whole);
		fixture_clear(&f);
	}
}

/* libmilter's threads go on to the very end of the process. */
static void test_after_the_end(void **state)
{
	struct fixture *f = *state;
	struct milter_feed *feed = start(f->db, HOUR_MS, NULL, NULL);
	struct err err = {0};

	assert_int_equal(milter_feed_stop(feed, &err), 0);
	take(feed, "<a@s.example>", "<u@ours.example>", &local);
	milter_feed_unread(feed);
	assert_int_equal(milter_feed_state(feed).events, 0);
	milter_feed_free(&feed);
	milter_feed_free(&feed);
	log_capture(NULL, NULL);
	assert_int_equal(inbound_of(f->db, DAY, "ours.example"), 0);
}

static void test_unread_sessions_are_told(void **state)
{
	struct fixture *f = *state;
	struct milter_feed *feed = start(f->db, HOUR_MS, NULL, NULL);

	for (int i = 0; i < 7; i++)
		milter_feed_unread(feed);
	stop_ok(&feed);
	assert_int_equal(warnings_said, 1);
	assert_non_null(strstr(last_warning, "7 sessions were not counted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_midnight),
		STORE_TEST(test_tls_optional),
		STORE_TEST(test_feed_row),
		STORE_TEST(test_own_report_is_no_mail),
		STORE_TEST(test_signature_is_kept),
		STORE_TEST(test_warm_up),
		STORE_TEST(test_warm_up_once_a_day),
		STORE_TEST(test_bounces_are_read),
		cmocka_unit_test(test_bounces_are_bounded),
		STORE_TEST(test_many_senders),
		cmocka_unit_test(test_memory_has_an_end),
		STORE_TEST(test_commits_say_when_it_ran),
		STORE_TEST(test_after_the_end),
		STORE_TEST(test_unread_sessions_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
