#include "unit/store_test.h"

#include "base/day.h"
#include "session/tally.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/derived.h"
#include "store/domain_period.h"
#include "store/feed_table.h"
#include "store/journal_apply.h"
#include "store/journal_aside.h"
#include "store/journal_row.h"
#include "store/journal_table.h"
#include "store/journal_write.h"
#include "store/purge.h"
#include "store/store_check.h"
#include "store/tally_table.h"

enum { DAY = 20513 };

static const struct tally_limits limits = {32, 1000, 16 << 20, 24 << 20};

/* --- bytes of a row --- */

static const struct {
	const char *name;
	uint8_t bytes[16];
	size_t len;
	const char *want; /* of the error; NULL: it is read */
	bool whole;       /* its domains, too */
} bytes[] = {
	{"nothing but a time", {1, 5, 0, 0, 0}, 5, NULL, true},
	{"another form", {2, 5, 0, 0}, 4, "upgrade tlstally", false},
	{"nothing at all", {0}, 0, "cannot be read", false},
	{"a cut time", {1, 0x85}, 2, "cannot be read", false},
	{"a long number", {1, 0x85, 0, 0, 0}, 5, "cannot be read", false},
	{"a sum that is 0", {1, 5, 0, 1, 0, 0}, 6, "cannot be read", false},
	{"a sum that is none",
         {1, 5, 0, 1, 120, 1},
         6,
         "cannot be read",
         false},
	{"a sum of domains that is 0",
         {1, 5, 0, 0, 1, 0, 0},
         7,
         "cannot be read",
         false},
	{"new domains, and late ones",
         {1, 5, 0, 0, 2, 0, 4, 6, 9},
         9,
         NULL,
         true},
	{"a domain", {1, 5, 0, 0, 0, 0, 1, 'a', 2, 3, 14, 1}, 12, NULL, true},
	{"a domain without policies",
         {1, 5, 0, 0, 0, 0, 1, 'a', 0, 3, 0},
         11,
         NULL,
         true},
	{"a cut domain", {1, 5, 0, 0, 0, 0, 1, 'a', 2, 3}, 10, NULL, false},
	{"a domain without a name",
         {1, 5, 0, 0, 0, 0, 0, 0, 3, 0},
         10,
         NULL,
         false},
	{"a name after nothing",
         {1, 5, 0, 0, 0, 4, 1, 'a', 0, 3, 0},
         11,
         NULL,
         false},
	{"an unknown bit",
         {1, 5, 0, 0, 0, 0, 1, 'a', 32, 3, 0},
         11,
         NULL,
         false},
	{"an unknown policy type",
         {1, 5, 0, 0, 0, 0, 1, 'a', 2, 3, 14, 99},
         12,
         NULL,
         false},
	{"no id", {1, 5, 0, 0, 0, 0, 1, 'a', 2, 3, 0, 1}, 12, NULL, false},
	{"a blob past the end",
         {1, 5, 0, 0, 0, 0, 1, 'a', 2, 3, 15, 90, 1},
         13,
         NULL,
         false},
	{"failures that are none",
         {1, 5, 0, 0, 0, 0, 1, 'a', 4, 3, 0, 0},
         12,
         NULL,
         false},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bytes); i++) {
		struct journal_head head;
		struct err err = {0};
		struct reader in;
		int rc;

		ROW(&bytes[i]);
		reader_init(&in, bytes[i].bytes, bytes[i].len);
		rc = journal_head_read(&in, &head, &err);
		if (bytes[i].want == NULL)
			assert_int_equal(rc, 0);
		else if (strstr(bytes[i].want, "upgrade") != NULL)
			assert_int_equal(rc, ERR_LIMIT);
		else
			assert_int_equal(rc, ERR_PARSE);
		if (rc < 0)
			assert_non_null(strstr(err.text, bytes[i].want));
		else
			assert_int_equal(journal_domains_are_whole(in),
			                 bytes[i].whole);
	}
}

/* --- appended, seen, applied --- */

static void append_at(struct db *db, const char *const *names, size_t count,
                      uint64_t n, const char *record, int64_t now,
                      struct journal_ids *ids)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);
	struct feed feed = {.name = "events", .seen_at = now};
	struct day_stats stats = {.events = count * n, .success = count * n};
	const int32_t day = DAY;
	struct journal_commit commit = {.days = &day,
	                                .stats = &stats,
	                                .day_count = 1,
	                                .feed = &feed,
	                                .now = now};

	for (size_t i = 0; i < count; i++) {
		/* of which the journal has the bytes but once */
		struct failure_detail detail = {.result = RESULT_OTHER,
		                                .reason = "why"};
		struct session_policy policy = {.type = POLICY_NONE,
		                                .domain = names[i],
		                                .failures = &detail,
		                                .failure_count = 1};
		struct session session = {.domain = names[i],
		                          .record = record,
		                          .policies = &policy,
		                          .policy_count = 1,
		                          .valid = true};

		assert_true(tally_add(tally, DAY, &session, n));
	}
	feed.events = n;
	commit.domains = tally_sorted(tally);
	commit.count = tally_domain_count(tally);
	journal_write(txn, &commit, ids);
	commit_ok(&txn);
}

static void append_record(struct db *db, const char *const *names, size_t count,
                          uint64_t n, const char *record,
                          struct journal_ids *ids)
{
	append_at(db, names, count, n, record, day_start(DAY), ids);
}

static void append(struct db *db, const char *const *names, size_t count,
                   uint64_t n, struct journal_ids *ids)
{
	append_record(db, names, count, n, "v=TLSRPTv1; rua=mailto:a@b.c", ids);
}

static uint64_t success_of(struct db *db, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct tally_head head;

	return tally_head_get(txn, DAY, domain, &head) ? head.success : 0;
}

static void check_seen(struct db *db, uint64_t n, bool has_rows)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct report *report = report_new();
	struct day_stats stats;
	struct tally_head head;
	struct err err = {0};
	int32_t day = DAY;
	int heads = 0;

	assert_int_equal(journal_table_has(txn, DAY), has_rows);
	while (tally_head_next(txn, &day, domain, &head)) {
		assert_int_equal(day, DAY);
		assert_int_equal(head.success, n);
		assert_int_equal(tally_load(txn, day, domain, report, &err), 0);
		assert_int_equal(report->policy_count, 1);
		assert_int_equal(report->policies[0].success, n);
		heads++;
	}
	assert_int_equal(heads, 3);
	assert_true(day_table_stats_get(txn, DAY, &stats));
	assert_int_equal(stats.success, 3 * n);
	report_free(&report);
}

static void test_seen_before_and_after(void **state)
{
	static const char *const names[] = {"a.example", "ab.example",
	                                    "b.test"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct db_txn *old;
	struct tally_head head;
	struct err err = {0};
	uint64_t before, after;

	append(f->db, names, 3, 2, &ids);
	append(f->db, names, 3, 5, &ids);
	check_seen(f->db, 7, true);
	old = db_begin_read(f->db);
	before = change_state(old, CHANGE_DOMAIN);
	append(f->db, names, 3, 1, &ids);
	assert_int_equal(success_of(f->db, "ab.example"), 8);
	/* who began before sees what was there then, whatever comes */
	assert_int_equal(tally_head_get(old, DAY, "ab.example", &head), 1);
	assert_int_equal(head.success, 7);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &err), 0);
	assert_int_equal(tally_head_get(old, DAY, "b.test", &head), 1);
	assert_int_equal(head.success, 7);
	db_abort(&old);
	check_seen(f->db, 8, false);
	old = db_begin_read(f->db);
	after = change_state(old, CHANGE_DOMAIN);
	db_abort(&old);
	assert_true(after > before);
	append(f->db, names, 3, 1, &ids);
	check_seen(f->db, 9, true);
}

static void test_one_domain_applied_alone(void **state)
{
	static const char *const names[] = {"a.example", "ab.example",
	                                    "b.test"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct tally_domain more = {.day = DAY,
	                            .domain = "ab.example",
	                            .valid = true,
	                            .success = 100};
	struct err err = {0};
	struct db_txn *txn;

	append(f->db, names, 3, 2, &ids);
	txn = db_begin_write(f->db);
	tally_apply(txn, &more, &limits);
	commit_ok(&txn);
	assert_int_equal(success_of(f->db, "ab.example"), 102);
	append(f->db, names, 3, 3, &ids);
	assert_int_equal(success_of(f->db, "ab.example"), 105);
	assert_int_equal(success_of(f->db, "a.example"), 5);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &err), 0);
	assert_int_equal(success_of(f->db, "ab.example"), 105);
	assert_int_equal(success_of(f->db, "b.test"), 5);
}

/* Before it is applied, and after. */
static void check_record(struct fixture *f, const char *record, int64_t at)
{
	for (int i = 0; i < 2; i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
		struct tally_head head;

		assert_int_equal(tally_head_get(txn, DAY, "a.example", &head),
		                 1);
		assert_string_equal(head.record, record);
		assert_int_equal(head.record_at, at);
		db_abort(&txn);
		assert_int_equal(
			journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
			0);
	}
}

/* Two feeds, or two answers of the domain's name servers: one record, another,
 * and the first again, which is the newest. */
static void test_a_record_comes_back(void **state)
{
	static const char *const names[] = {"a.example"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct tally_domain other = {.day = DAY,
	                             .domain = "a.example",
	                             .valid = true,
	                             .success = 1,
	                             .record = "B"};
	int64_t now = day_start(DAY);
	struct db_txn *txn;

	append_at(f->db, names, 1, 1, "A", now, &ids);
	append_at(f->db, names, 1, 1, "A", now + 1, &ids);
	check_record(f, "A", now);
	append_at(f->db, names, 1, 1, "B", now + 2, &ids);
	append_at(f->db, names, 1, 1, "A", now + 3, &ids);
	append_at(f->db, names, 1, 1, "A", now + 4, &ids);
	check_record(f, "A", now + 3);
	/* by a feed that writes to the domain's counts himself */
	append_at(f->db, names, 1, 1, "A", now + 5, &ids);
	append_at(f->db, names, 1, 1, "C", now + 6, &ids);
	txn = db_begin_write(f->db);
	other.record_at = now + 7;
	tally_apply(txn, &other, &limits);
	commit_ok(&txn);
	append_at(f->db, names, 1, 1, "C", now + 8, &ids);
	check_record(f, "C", now + 8);
	assert_int_equal(success_of(f->db, "a.example"), 9);
}

/* The journal has set an id aside for it, and the log's feed has interned it
 * meanwhile, for another domain. */
static void test_a_policy_has_two_ids(void **state)
{
	static const char *const names[] = {"a.example"};
	struct session_policy policy = {.type = POLICY_NONE,
	                                .domain = names[0]};
	struct session session = {.domain = "b.example",
	                          .policies = &policy,
	                          .policy_count = 1,
	                          .valid = true};
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct tally_head head;
	struct db_txn *txn;

	append(f->db, names, 1, 1, &ids);
	assert_true(tally_add(tally, DAY, &session, 1));
	txn = db_begin_write(f->db);
	tally_apply(txn, tally_sorted(tally)[0], &limits);
	commit_ok(&txn);
	for (int i = 0; i < 2; i++) {
		append(f->db, names, 1, 1, &ids);
		txn = db_begin_read(f->db);
		assert_int_equal(tally_head_get(txn, DAY, names[0], &head), 1);
		assert_int_equal(head.policies, 1);
		assert_int_equal(head.success, 2 + i);
		db_abort(&txn);
		assert_int_equal(
			journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
			0);
	}
}

/* Domains of a transaction, and of three. */
enum { PIECE = 100, MANY = 2 * PIECE + 50 };

/* Each by itself, in lists, and with its policy. */
static void check_many(struct db *db, const char *const *names, uint64_t n)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	auto_(report_free) struct report *report = report_new();
	struct tally_head head;
	struct err err = {0};
	int32_t day = DAY;
	int heads = 0;

	while (tally_head_next(txn, &day, domain, &head)) {
		assert_string_equal(domain, names[heads++]);
		assert_int_equal(head.success, n);
		assert_int_equal(tally_load(txn, day, domain, report, &err), 0);
		assert_int_equal(report->policy_count, 1);
		assert_int_equal(report->policies[0].success, n);
		assert_string_equal(report->policies[0].domain, domain);
		assert_int_equal(report->policies[0].detail_count, 1);
		assert_int_equal(report->policies[0].details[0].count, n);
	}
	assert_int_equal(heads, MANY);
}

/* In pieces, by one process and then by another, while more is appended. */
static void test_applied_in_pieces(void **state)
{
	static char text[MANY][16];
	static const char *names[MANY];
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	struct err err = {0};
	uint64_t n = 2;
	int rounds = 0;

	for (int i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof(text[i]), "d%04d.example", i);
		names[i] = text[i];
	}
	append(f->db, names, MANY, n, &ids);
	while (journal_apply_some(f->db, DAY, &limits, PIECE, &err) == 1) {
		check_many(f->db, names, n);
		append(f->db, names, MANY, 1, &ids);
		check_many(f->db, names, ++n);
		db_close(&f->db);
		fixture_open(f);
		check_many(f->db, names, n);
		rounds++;
	}
	assert_int_equal(rounds, MANY / PIECE);
	check_many(f->db, names, n);
	append(f->db, names, MANY, 1, &ids);
	check_many(f->db, names, ++n);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &err), 0);
	check_many(f->db, names, n);
	txn = db_begin_read(f->db);
	assert_false(journal_table_has(txn, DAY));
	derived_check_day(txn, DAY);
	assert_int_equal(db_failure(txn, &err), 0);
}

/* A day of which nothing is applied yet. */
static void test_a_period_has_what_waits(void **state)
{
	static const char *const names[] = {"a.example", "b.test"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	struct period *period;
	struct domain_period of;

	append(f->db, names, 2, 3, &ids);
	txn = db_begin_read(f->db);
	period = domain_period_of(txn, DAY - 3, DAY);
	assert_true(domain_period_get(period, "b.test", &of));
	assert_int_equal(of.sessions, 3);
}

static void append_of(struct db *db, int32_t day, uint64_t events,
                      struct journal_ids *ids)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	const struct feed feed = {.name = "events",
	                          .watermark = (int64_t)events,
	                          .events = events};
	const struct day_stats stats = {.events = 1};
	const struct journal_commit commit = {.days = &day,
	                                      .stats = &stats,
	                                      .day_count = 1,
	                                      .feed = &feed,
	                                      .now = day_start(DAY)};

	journal_write(txn, &commit, ids);
	commit_ok(&txn);
}

static void check_feed(struct db *db, uint64_t events)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct feed feed = {0};

	assert_int_equal(feed_table_get(txn, "events", &feed), 1);
	assert_int_equal(feed.events, events);
	assert_int_equal(feed.watermark, events);
}

/* In whatever order days are applied, a feed says what it said last. */
static void test_a_feed_never_falls_back(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct err err = {0};

	append_of(f->db, DAY, 3, &ids);
	append_of(f->db, DAY - 1, 5, &ids);
	check_feed(f->db, 5);
	assert_int_equal(
		journal_apply_days(f->db, DAY - 1, DAY - 1, &limits, &err), 0);
	check_feed(f->db, 5);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &err), 0);
	check_feed(f->db, 5);
}

static uint64_t domain_state(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	return change_state(txn, CHANGE_DOMAIN);
}

/* A host that stood still for a month: what was never applied goes, and no
 * number comes twice. */
static void test_purged_rows_leave_the_state(void **state)
{
	static const char *const names[] = {"a.example"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct purge_counts counts;
	uint64_t before;

	append(f->db, names, 1, 1, &ids);
	append(f->db, names, 1, 1, &ids);
	before = domain_state(f->db);
	assert_int_equal(purge_run(f->db, DAY + 31, day_start(DAY + 31), 30, 30,
	                           &counts, &f->err),
	                 0);
	assert_int_equal(success_of(f->db, "a.example"), 0);
	assert_true(domain_state(f->db) > before);
	append(f->db, names, 1, 1, &ids);
	assert_true(domain_state(f->db) > before + 1);
}

/* Who appends applies after an hour, when the day is over, and when a clock
 * that was ahead has been set back; not before. */
static void test_when_it_is_due(void **state)
{
	static const char *const names[] = {"a.example"};
	static const struct {
		const char *name;
		int64_t at; /* secs after it was appended, at midnight */
		int want;
	} moments[] = {
		{"at once", 0, 0},
		{"a moment before the hour", 3599, 0},
		{"after an hour", 3600, 1},
		{"the day is over", 86400, 1},
		{"the clock was ahead", -3600, 1},
	};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	int32_t day = 0;

	assert_int_equal(journal_apply_due(f->db, day_start(DAY), &day, NULL),
	                 0);
	append(f->db, names, 1, 1, &ids);
	for (size_t i = 0; i < COUNT(moments); i++) {
		ROW(&moments[i]);
		day = 0;
		assert_int_equal(
			journal_apply_due(f->db, day_start(DAY) + moments[i].at,
		                          &day, NULL),
			moments[i].want);
	}
	assert_int_equal(day, DAY);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, NULL), 0);
	assert_int_equal(
		journal_apply_due(f->db, day_start(DAY + 1), &day, NULL), 0);
}

/* And when much waits, whatever the time. */
static void test_much_is_due(void **state)
{
	static const char *const names[] = {"a.example"};
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	char record[SESSION_RECORD_MAX];
	int32_t day = 0;
	int n = 0;

	memset(record, 'r', sizeof(record) - 1);
	record[sizeof(record) - 1] = '\0';
	while (n < 10000 &&
	       journal_apply_due(f->db, day_start(DAY), &day, NULL) == 0) {
		day = 0;
		/* another one each time, or it would be left out */
		snprintf(record, 9, "%08d", n++);
		record[8] = 'r';
		append_record(f->db, names, 1, 1, record, &ids);
	}
	assert_true(n > 1000 && n < 8000);
}

/* --- rows that are damaged --- */

static const struct {
	const char *name;
	size_t cut;  /* bytes that are left; 0: all */
	size_t flip; /* the byte that is another, from 1 on; 0: none */
	size_t more; /* bytes behind it */
} damages[] = {
	{"nothing is left", .cut = 1},
	{"cut in its head", .cut = 7},
	{"cut in its domains", .cut = 40},
	{"the first byte", .flip = 1},
	{"another time", .flip = 3},
	{"a byte of its domains", .flip = 30},
	{"longer", .more = 3},
};

static struct db_key key_of_row(uint64_t number)
{
	struct db_key key = key_of_day(TABLE_JOURNAL, DAY);

	key_u64(&key, number);
	return key;
}

/* The nth of the day, from 0 on.  Its number. */
static uint64_t damage(struct fixture *f, int nth, size_t how)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
	auto_(strbuf_clear) struct strbuf value = {0};
	uint64_t number = 0;
	struct db_key key;
	struct db_row row;
	size_t len;

	for (int i = 0; i <= nth; i++)
		assert_true(journal_table_next(txn, DAY, &number, &row));
	len = damages[how].cut > 0 ? damages[how].cut : row.value.len;
	assert_true(len <= row.value.len && damages[how].flip <= len);
	strbuf_add(&value, row.value.data, len);
	if (damages[how].flip > 0)
		value.data[damages[how].flip - 1] ^= 0x40;
	for (size_t i = 0; i < damages[how].more; i++)
		strbuf_u8(&value, 0);
	key = key_of_row(number);
	db_put(txn, &key, &value);
	commit_ok(&txn);
	/* of what it has in memory it asks nobody */
	db_close(&f->db);
	fixture_open(f);
	return number;
}

struct told {
	int faults;
	char words[512];
};

static void on_fault(void *arg, const char *table, const char *words)
{
	struct told *told = arg;

	told->faults++;
	snprintf(told->words, sizeof(told->words), "%s: %s", table, words);
}

static struct told check_store(struct fixture *f)
{
	struct told told = {0};
	struct store_check check = {.fault = on_fault, .arg = &told};
	struct db_options options = fixture_options(f);

	options.create = false;
	options.read_only = true;
	db_close(&f->db);
	assert_int_equal(store_check_run(&check, &options, &f->err), 0);
	fixture_open(f);
	return told;
}

/* Counts of each domain in each row: powers of two, so that a sum says which
 * were counted. */
enum { LOST_ROWS = 4 };
static const char *const lost_names[LOST_ROWS][3] = {
	{"a.example", "b.example", NULL},
	{"a.example", "b.example", "c.example"},
	{"a.example", "c.example", NULL},
	{"a.example", NULL, NULL},
};

static uint64_t counted_without(const char *domain, int lost)
{
	uint64_t sum = 0;

	for (int row = 0; row < LOST_ROWS; row++)
		for (int i = 0; i < 3 && lost_names[row][i] != NULL; i++)
			if (row != lost &&
			    strcmp(lost_names[row][i], domain) == 0)
				sum += UINT64_C(1) << row;
	return sum;
}

static void check_without(struct fixture *f, int lost)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	auto_(report_free) struct report *report = report_new();
	char domain[TALLY_DOMAIN_TEXT] = "";
	uint64_t all = 0;
	struct day_stats stats;
	struct tally_head head;
	int32_t day = DAY;

	while (tally_head_next(txn, &day, domain, &head)) {
		uint64_t want = counted_without(domain, lost);
		uint64_t policies = 0, details = 0;

		assert_int_equal(head.success, want);
		assert_int_equal(head.kinds.policy_success[POLICY_NONE], want);
		assert_int_equal(tally_load(txn, day, domain, report, &f->err),
		                 0);
		for (size_t i = 0; i < report->policy_count; i++) {
			const struct report_policy *policy =
				&report->policies[i];

			assert_int_equal(policy->type, POLICY_NONE);
			assert_string_equal(policy->domain, domain);
			policies += policy->success;
			for (size_t d = 0; d < policy->detail_count; d++)
				details += policy->details[d].count;
		}
		assert_int_equal(policies, want);
		assert_int_equal(details, want);
		all += want;
	}
	assert_true(day_table_stats_get(txn, DAY, &stats));
	assert_int_equal(stats.success, all);
}

/* Of the day before. */
static void apply_record(struct fixture *f, const char *domain)
{
	const struct tally_domain before = {.day = DAY - 1,
	                                    .domain = domain,
	                                    .valid = true,
	                                    .success = 1,
	                                    .record = "before",
	                                    .record_at = 5};
	struct db_txn *txn = db_begin_write(f->db);

	tally_apply(txn, &before, &limits);
	commit_ok(&txn);
}

static void lose_row(struct fixture *f, int lost, size_t how)
{
	struct journal_aside aside = {.day = 0};
	struct journal_ids ids = {0};
	struct tally_head head;
	struct db_txn *txn;
	struct told told;
	uint64_t number;
	char want[64];

	apply_record(f, "a.example");
	for (int row = 0; row < LOST_ROWS; row++) {
		int n = 0;

		while (n < 3 && lost_names[row][n] != NULL)
			n++;
		append(f->db, lost_names[row], n, UINT64_C(1) << row, &ids);
	}
	number = damage(f, lost, how);
	check_without(f, lost);
	told = check_store(f);
	assert_int_equal(told.faults, 1);
	snprintf(want, sizeof(want), "journal: row %d of 2026-03-01 cannot",
	         (int)number);
	assert_non_null(strstr(told.words, want));
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
	                 0);
	check_without(f, lost);
	txn = db_begin_read(f->db);
	assert_false(journal_table_has(txn, DAY));
	assert_true(journal_aside_next(txn, &aside));
	assert_int_equal(aside.day, DAY);
	assert_int_equal(aside.number, number);
	assert_string_not_equal(aside.words, "");
	assert_false(journal_aside_next(txn, &aside));
	derived_check_day(txn, DAY);
	assert_int_equal(db_failure(txn, &f->err), 0);
	/* that stood in the first row */
	assert_true(tally_head_get(txn, DAY, "a.example", &head));
	assert_string_equal(head.record,
	                    lost > 0 ? "v=TLSRPTv1; rua=mailto:a@b.c"
	                             : "before");
	db_abort(&txn);
	assert_int_equal(check_store(f).faults, 0);
}

static void test_a_damaged_row_costs_itself(void **state)
{
	struct fixture *f = *state;

	for (int lost = 0; lost < LOST_ROWS; lost++)
		for (size_t how = 0; how < COUNT(damages); how++) {
			print_message("  - row %d: %s\n", lost,
			              damages[how].name);
			lose_row(f, lost, how);
			fixture_clear(f);
			fixture_make(f);
			fixture_open(f);
		}
}

/* How far it is applied stands in keys: whatever their values are. */
static void test_progress_has_no_value(void **state)
{
	static char text[MANY][16];
	static const char *names[MANY];
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct tally_domain more = {
		.day = DAY, .domain = "d0240.example", .valid = true};
	struct db_txn *txn;

	for (int i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof(text[i]), "d%04d.example", i);
		names[i] = text[i];
	}
	append(f->db, names, MANY, 3, &ids);
	assert_int_equal(
		journal_apply_some(f->db, DAY, &limits, PIECE, &f->err), 1);
	txn = db_begin_write(f->db);
	tally_apply(txn, &more, &limits);
	for (int kind = JOURNAL_PROGRESS; kind <= JOURNAL_MARK; kind++) {
		struct db_key key = journal_table_key(DAY, kind);
		struct db_row row;

		assert_true(db_get_from(txn, &key, &row));
		key = raw_key(TABLE_JOURNAL, row.key.data, row.key.len);
		db_put_bytes(txn, &key, "xyz", 3);
	}
	commit_ok(&txn);
	assert_int_equal(check_store(f).faults, 0);
	check_many(f->db, names, 3);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
	                 0);
	check_many(f->db, names, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		STORE_TEST(test_seen_before_and_after),
		STORE_TEST(test_one_domain_applied_alone),
		STORE_TEST(test_a_record_comes_back),
		STORE_TEST(test_a_policy_has_two_ids),
		STORE_TEST(test_applied_in_pieces),
		STORE_TEST(test_a_period_has_what_waits),
		STORE_TEST(test_a_feed_never_falls_back),
		STORE_TEST(test_purged_rows_leave_the_state),
		STORE_TEST(test_when_it_is_due),
		STORE_TEST(test_much_is_due),
		STORE_TEST(test_a_damaged_row_costs_itself),
		STORE_TEST(test_progress_has_no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
