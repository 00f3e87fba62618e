#include "unit/store_test.h"

#include <stdatomic.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>

#include "base/day.h"
#include "base/log.h"
#include "fake/fake_log_feed.h"
#include "intake/counts.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/log_pending_table.h"

enum { DAY = 20513 /* 2026-03-01 */, NOON = 43200, WAIT_MS = 10000 };

static struct clock test_clock;
static int errors_said, infos_said;
static char said[512];

static void capture(void *arg, int priority, const char *line)
{
	(void)arg;
	errors_said += priority == LOG_ERR;
	infos_said += priority == LOG_INFO;
	snprintf(said, sizeof(said), "%s", line);
}

/*
 * A source of lines in memory, whose position is their number.  Mail n is two
 * lines, the TLS session and the delivery; so a reader that is stopped between
 * them has something open.
 */
struct fake {
	struct log_source source;
	int64_t start; /* secs, of the first */
	unsigned step; /* secs from mail to mail */
	unsigned domains;
	uint64_t at, end; /* lines */
	uint64_t stop_at; /* next() says "nothing now" there, once */
	bool once;
	bool unreadable;
	atomic_bool asked;
	char program[32], message[256];
};

static void fake_line(struct fake *f, struct log_line *line)
{
	uint64_t mail = f->at / 2;
	unsigned domain = (unsigned)(mail % f->domains);

	snprintf(f->program, sizeof(f->program), "postfix/smtp");
	if (f->at % 2 == 0)
		snprintf(f->message, sizeof(f->message),
		         "Trusted TLS connection established to "
		         "mx.d%u.example[192.0.2.1]:25: TLSv1.3 with cipher "
		         "TLS_AES_256_GCM_SHA384 (256/256 bits)",
		         domain);
	else
		snprintf(f->message, sizeof(f->message),
		         "4F%08X: to=<u@d%u.example>, "
		         "relay=mx.d%u.example[192.0.2.1]:25, delay=1, "
		         "delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)",
		         (unsigned)mail, domain, domain);
	*line = (struct log_line){
		.time = f->start + (int64_t)(mail * f->step),
		.pid = 7,
		.program = {f->program, strlen(f->program)},
		.message = {f->message, strlen(f->message)},
	};
}

static int fake_next(struct log_source *self, struct log_line *line,
                     struct err *err)
{
	struct fake *f = (struct fake *)self;

	atomic_store(&f->asked, true);
	if (f->unreadable)
		return err_set(err, ERR_IO, "mail.log: Permission denied");
	if (f->at == f->end)
		return f->once ? ERR_NOTFOUND : 0;
	fake_line(f, line);
	f->at++;
	return 1;
}

static void fake_wait(struct log_source *self, int timeout_ms)
{
	struct timespec pause = {.tv_nsec = 1000000};

	(void)self;
	(void)timeout_ms;
	nanosleep(&pause, NULL);
}

static void fake_wake(struct log_source *self)
{
	(void)self;
}

static void fake_save(struct log_source *self, struct strbuf *position)
{
	strbuf_u64(position, ((struct fake *)self)->at);
}

static int64_t fake_lag(struct log_source *self)
{
	struct fake *f = (struct fake *)self;

	return (int64_t)(f->end - f->at);
}

static void fake_free(struct log_source **source)
{
	*source = NULL;
}

static struct fake fake_new(uint64_t lines, unsigned domains, bool once)
{
	return (struct fake){
		.source = {fake_next, fake_wait, fake_wake, fake_save, fake_lag,
	                   fake_free},
		.start = day_start(DAY),
		.step = 1,
		.domains = domains,
		.end = lines,
		.once = once,
	};
}

static struct log_feed_options feed_options(struct db *db)
{
	errors_said = infos_said = 0;
	log_capture(capture, NULL);
	test_clock = clock_fixed(day_start(DAY) + NOON);
	return (struct log_feed_options){
		.committer = {.feed = "log", .db = db, .clock = &test_clock},
		.source_name = "fake",
		.tracker = {.count_private = true,
	                    .max_processes = 64,
	                    .max_queue_ids = 64},
	};
}

static uint64_t pending(struct db *db, uint64_t *domains)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	uint64_t sessions;

	log_pending_count(txn, &sessions, domains);
	assert_false(db_failed(txn));
	return sessions;
}

static struct feed feed_row(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct feed feed = {0};

	assert_int_equal(feed_table_get(txn, "log", &feed), 1);
	return feed;
}

static struct log_feed_state run(struct fake *fake,
                                 const struct log_feed_options *options)
{
	struct log_feed_state state;
	struct err err = {0};

	if (fake_log_feed_run(&fake->source, options, &state, &err) < 0)
		fail_msg("%s", err.text);
	return state;
}

static void test_reads_to_the_end(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct fake fake = fake_new(200, 10, true);
	struct log_feed_state end = run(&fake, &options);
	uint64_t domains;

	assert_int_equal(end.lines, 200);
	assert_int_equal(end.sessions, 100);
	assert_int_equal(pending(f->db, &domains), 100);
	assert_int_equal(domains, 10);
	assert_int_equal(feed_row(f->db).events, 100);
	assert_int_equal(feed_row(f->db).watermark, clock_secs(&test_clock));
}

/* Of a user who is not Postfix, of no form, without a pid, in two ways, of this
 * host's own trouble. */
static int odd_next(struct log_source *self, struct log_line *line,
                    struct err *err)
{
	static const char *const odd[] = {
		"of another",
		"of a third",
		"\x01 of no form",
		"without a pid",
		("4FA1B: to=<x@v.example>, relay=mx[192.0.2.9]:25, delay=1, "
	         "status=sent (<@b.example>, relay=mx[192.0.2.1]:25, "
	         "delay=1)"),
		("warning: connect to private/tlsproxy service: Connection "
	         "refused")};
	struct fake *f = (struct fake *)self;
	uint64_t i = f->at % COUNT(odd);
	int rc = fake_next(self, line, err);

	if (rc != 1)
		return rc;
	line->message = (struct span){odd[i], strlen(odd[i])};
	line->kind = i < 2    ? LOG_LINE_FOREIGN
	             : i == 2 ? LOG_LINE_UNREAD
	                      : LOG_LINE_READ;
	line->uid = i == 0 ? 1000 : LINE_UID_NONE;
	line->pid = i == 3 ? 0 : 7;
	return rc;
}

static void expect_line_count(struct db *db, enum line_fate fate, int64_t uid,
                              uint64_t n, const char *first)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct day_lines row = {0};

	while (day_table_lines_next(txn, DAY, &row) &&
	       (row.fate != fate || row.uid != uid))
		;
	assert_int_equal(row.fate, fate);
	assert_int_equal(row.n, n);
	assert_int_equal(strncmp(row.first, first, strlen(first)), 0);
}

static void test_what_is_left_out_is_counted(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct fake fake = fake_new(10, 1, true);

	fake.source.next = odd_next;
	run(&fake, &options);
	fake.end = 18;
	run(&fake, &options);
	expect_line_count(f->db, LINE_FOREIGN, 1000, 3, "of another");
	expect_line_count(f->db, LINE_FOREIGN, LINE_UID_NONE, 3, "of a third");
	expect_line_count(f->db, LINE_UNREAD, 0, 6, "\\x01 of no form");
	expect_line_count(f->db, LINE_READ, 0, 9, "");
	expect_line_count(f->db, LINE_TELLS, 0, 6, "");
	expect_line_count(f->db, LINE_OURS, 0, 3, "warning: connect to");
	expect_line_count(f->db, LINE_UNCLEAR, 0, 3, "4FA1B: to=<x@v.example>");
	assert_int_equal(feed_row(f->db).events, 0);
}

/* Stopped between the two lines of a mail, and at any other place. */
static void test_goes_on_where_it_was(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	uint64_t domains;

	for (uint64_t end = 1; end <= 41; end += 3) {
		struct fake fake = fake_new(end, 3, true);
		struct log_feed_place place;

		assert_true(log_feed_place(f->db, "fake", &place, &f->err) >=
		            0);
		if (place.position.len == 8)
			fake.at = (uint64_t)place.position.data[7];
		strbuf_clear(&place.position);
		run(&fake, &options);
		assert_int_equal(pending(f->db, &domains), end / 2);
	}
}

/* More different sessions than one transaction should take. */
static void test_commits_early_when_full(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct fake fake = fake_new(100000, 50000, true);
	uint64_t domains;

	options.committer.interval_ms = 3600 * 1000;
	run(&fake, &options);
	assert_int_equal(pending(f->db, &domains), 50000);
	assert_int_equal(domains, 50000);
}

static void test_days_from_the_start_are_marked(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct fake fake = fake_new(4, 1, true);
	auto_(db_abort) struct db_txn *txn = NULL;

	options.from_start = true;
	options.unsent_until = DAY;
	fake.start -= DAY_SECS;
	fake.step = DAY_SECS;
	run(&fake, &options);
	txn = db_begin_read(f->db);
	assert_false(day_table_is_unsent(txn, DAY - 2));
	assert_true(day_table_is_unsent(txn, DAY - 1));
	/* today is read on from there, and so as a whole */
	assert_false(day_table_is_unsent(txn, DAY));
}

static void test_a_start_that_was_cut_off_is_known(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct fake fake = fake_new(10, 1, false);
	struct log_feed_place place;
	struct log_feed *feed;

	options.from_start = true;
	assert_int_equal(log_feed_start(&feed, &fake.source, &options, &f->err),
	                 0);
	assert_int_equal(log_feed_stop(&feed, &f->err), 0);
	assert_int_equal(log_feed_place(f->db, "fake", &place, &f->err), 1);
	assert_true(place.unfinished);
	strbuf_clear(&place.position);
	fake.once = true;
	run(&fake, &options);
	assert_int_equal(log_feed_place(f->db, "fake", &place, &f->err), 1);
	assert_false(place.unfinished);
	strbuf_clear(&place.position);
}

static struct feed feed_after(struct fixture *f, struct fake *fake)
{
	struct log_feed_options options = feed_options(f->db);
	auto_(db_abort) struct db_txn *txn = NULL;
	struct feed feed = {0};
	struct log_feed *running;

	atomic_store(&fake->asked, false);
	assert_int_equal(
		log_feed_start(&running, &fake->source, &options, &f->err), 0);
	while (!atomic_load(&fake->asked))
		fake_wait(NULL, 0);
	assert_int_equal(log_feed_stop(&running, &f->err), 0);
	txn = db_begin_read(f->db);
	assert_int_equal(feed_table_get(txn, "log", &feed), 1);
	return feed;
}

/* Rotation gave the file to somebody else. */
static void test_a_log_that_cannot_be_read_is_known(void **state)
{
	struct fixture *f = *state;
	struct fake fake = fake_new(4, 1, false);
	struct feed feed;

	assert_string_equal(feed_after(f, &fake).trouble, "");
	fake.unreadable = true;
	feed = feed_after(f, &fake);
	assert_string_equal(feed.trouble, "mail.log: Permission denied");
	assert_true(feed.events > 0);
	fake.unreadable = false;
	assert_string_equal(feed_after(f, &fake).trouble, "");
}

/* A line from next year, or from before 1970, is today's: its clock was
 * wrong. */
static void test_days_that_cannot_be(void **state)
{
	static const int32_t days[] = {DAY + 400, -1};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(days); i++) {
		struct log_feed_options options = feed_options(f->db);
		struct fake fake = fake_new(2, 1, true);
		auto_(db_abort) struct db_txn *txn = NULL;
		uint64_t sessions, domains;

		fake.start = days[i] * (int64_t)DAY_SECS + NOON;
		run(&fake, &options);
		txn = db_begin_read(f->db);
		assert_false(log_pending_has(txn, days[i], NULL));
		assert_true(log_pending_has(txn, DAY, NULL));
		log_pending_count(txn, &sessions, &domains);
		assert_int_equal(sessions, i + 1);
	}
}

/* While the clock is set back, or ahead, so are the stamps of what is logged;
 * what was logged before keeps its day. */
static void test_lines_of_a_clock_that_was_set(void **state)
{
	static const struct {
		const char *name;
		int64_t step_days, line_days;
		int32_t day;
	} rows[] = {
		{"set back by a year", -365, -365, DAY},
		{"set back by three days", -3, -3, DAY},
		{"set ahead by a day", 1, 1, DAY},
		{"logged yesterday, before it was set back", -365, -1, DAY - 1},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct log_feed_options options = feed_options(f->db);
		struct fake fake = fake_new(2, 1, true);
		struct db_txn *txn;
		uint64_t sessions, domains, before;

		ROW(&rows[i]);
		txn = db_begin_read(f->db);
		log_pending_count(txn, &before, &domains);
		db_abort(&txn);
		clock_hold(&test_clock, test_clock.wall_ms(&test_clock) -
		                                clock_boot_ms(&test_clock));
		clock_step(&test_clock, rows[i].step_days * DAY_SECS * 1000);
		fake.start =
			day_start(DAY) + NOON + rows[i].line_days * DAY_SECS;
		run(&fake, &options);
		txn = db_begin_read(f->db);
		log_pending_count(txn, &sessions, &domains);
		assert_int_equal(sessions, before + 1);
		assert_int_equal(domains, i == 3 ? 2 : 1);
		assert_true(log_pending_has(txn, rows[i].day, NULL));
		db_abort(&txn);
	}
}

static bool wait_for_commits(struct log_feed *feed, uint64_t commits)
{
	struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};

	for (int i = 0; i < WAIT_MS / 5; i++) {
		if (log_feed_state(feed).committer.commits >= commits)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* Killed before the first session is committed: the next start must not begin
 * at what is the log's end by then. */
static void test_the_first_place_is_kept_at_once(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct fake fake = fake_new(100, 1, false);
	struct log_feed_place place;
	struct log_feed *feed;

	options.committer.interval_ms = 3600 * 1000;
	fake.at = 10;
	assert_int_equal(log_feed_start(&feed, &fake.source, &options, &f->err),
	                 0);
	assert_true(wait_for_commits(feed, 1));
	assert_int_equal(log_feed_place(f->db, "fake", &place, &f->err), 1);
	assert_int_equal(place.position.len, 8);
	assert_int_equal(place.position.data[7], 10);
	strbuf_clear(&place.position);
	assert_int_equal(log_feed_stop(&feed, &f->err), 0);
}

static void test_the_thread_reads_and_says_so(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct fake fake = fake_new(11, 1, false);
	struct log_feed_state now;
	struct log_feed *feed;
	uint64_t domains;

	assert_int_equal(log_feed_start(&feed, &fake.source, &options, &f->err),
	                 0);
	assert_true(wait_for_commits(feed, 2));
	assert_int_equal(log_feed_stop(&feed, &f->err), 0);
	assert_null(feed);
	assert_int_equal(pending(f->db, &domains), 5);
	/* and the rest, with what was open */
	fake.end = 12;
	fake.once = true;
	assert_int_equal(log_feed_start(&feed, &fake.source, &options, &f->err),
	                 0);
	assert_true(wait_for_commits(feed, 1));
	do
		now = log_feed_state(feed);
	while (!now.ended);
	assert_int_equal(now.sessions, 1);
	assert_int_equal(now.deliveries, 1);
	assert_true(now.has_loglevel);
	assert_int_equal(log_feed_stop(&feed, &f->err), 0);
	assert_int_equal(pending(f->db, &domains), 6);
}

/* The watermark is that of the last line while there is more to read. */
static void test_watermark_of_a_feed_that_lags(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct fake fake = fake_new(100000, 50000, true);
	struct timespec pause = {.tv_nsec = 1000 * 1000};
	struct log_feed *feed;
	struct feed row;

	fake.step = 0;
	assert_int_equal(log_feed_start(&feed, &fake.source, &options, &f->err),
	                 0);
	/* the first is of the place alone */
	assert_true(wait_for_commits(feed, 2));
	row = feed_row(f->db);
	if (log_feed_state(feed).lag > 0 && !log_feed_state(feed).ended)
		assert_true(row.watermark == fake.start ||
		            row.watermark == clock_secs(&test_clock));
	while (!log_feed_state(feed).ended)
		nanosleep(&pause, NULL);
	assert_int_equal(log_feed_stop(&feed, &f->err), 0);
	assert_int_equal(feed_row(f->db).watermark, clock_secs(&test_clock));
}

/* A store that is full: nothing is read on, nothing is lost. */
static void test_a_commit_that_fails_is_tried_again(void **state)
{
	struct fixture *f = *state;
	struct log_feed_options options = feed_options(f->db);
	struct db_options small = {
		.directory = f->directory, .map_size = 1 << 20, .create = true};
	struct fake fake = fake_new(100000, 50000, true);
	struct log_feed *feed;
	uint64_t domains;

	db_close(&f->db);
	assert_int_equal(db_open(&f->db, &small, &f->err), 0);
	options.committer.db = f->db;
	assert_int_equal(log_feed_start(&feed, &fake.source, &options, &f->err),
	                 0);
	for (int i = 0;
	     i < WAIT_MS && !log_feed_state(feed).committer.commit_fails; i++)
		fake_wait(NULL, 0);
	assert_true(log_feed_state(feed).committer.commit_fails);
	assert_int_equal(log_feed_stop(&feed, &f->err), ERR_IO);
	assert_int_equal(errors_said, 1);
	/* what was not committed is read again */
	db_close(&f->db);
	fixture_open(f);
	options.committer.db = f->db;
	{
		struct log_feed_place place;
		uint64_t at = 0;

		assert_true(log_feed_place(f->db, "fake", &place, &f->err) >=
		            0);
		for (size_t i = 0; i < place.position.len; i++)
			at = at << 8 | (uint8_t)place.position.data[i];
		strbuf_clear(&place.position);
		fake.at = at;
	}
	run(&fake, &options);
	assert_int_equal(pending(f->db, &domains), 50000);
}

static void test_counts_are_sorted_and_summed(void **state)
{
	static const struct {
		const char *domain, *session;
		int32_t day;
	} rows[] = {
		{"b.example", "x", 2}, {"a.example", "y", 2},
		{"a.example", "x", 2}, {"c.example", "x", 1},
		{"a.example", "x", 2}, {"a.example", "xx", 2},
	};
	struct counts *counts = counts_new();
	struct count_row **sorted;
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		counts_add(counts, rows[i].day, rows[i].domain, rows[i].session,
		           strlen(rows[i].session));
	sorted = counts_sorted(counts, &count);
	assert_int_equal(count, 5);
	assert_string_equal(sorted[0]->domain, "c.example");
	assert_int_equal(sorted[1]->n, 2);
	assert_int_equal(sorted[2]->len, 2);
	assert_memory_equal(sorted[3]->bytes, "y", 1);
	assert_string_equal(sorted[4]->domain, "b.example");
	counts_reset(counts);
	counts_sorted(counts, &count);
	assert_int_equal(count, 0);
	counts_free(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_reads_to_the_end),
		STORE_TEST(test_what_is_left_out_is_counted),
		STORE_TEST(test_goes_on_where_it_was),
		STORE_TEST(test_commits_early_when_full),
		STORE_TEST(test_days_from_the_start_are_marked),
		STORE_TEST(test_a_start_that_was_cut_off_is_known),
		STORE_TEST(test_a_log_that_cannot_be_read_is_known),
		STORE_TEST(test_days_that_cannot_be),
		STORE_TEST(test_lines_of_a_clock_that_was_set),
		STORE_TEST(test_the_first_place_is_kept_at_once),
		STORE_TEST(test_the_thread_reads_and_says_so),
		STORE_TEST(test_watermark_of_a_feed_that_lags),
		STORE_TEST(test_a_commit_that_fails_is_tried_again),
		cmocka_unit_test(test_counts_are_sorted_and_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
