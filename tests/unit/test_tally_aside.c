#include "unit/store_test.h"

#include "base/day.h"
#include "session/tally.h"
#include "store/derived.h"
#include "store/feed_table.h"
#include "store/intern.h"
#include "store/journal_apply.h"
#include "store/journal_aside.h"
#include "store/journal_table.h"
#include "store/journal_write.h"
#include "store/store_check.h"
#include "store/tally_aside.h"
#include "store/tally_row.h"
#include "store/tally_table.h"

enum { DAY = 20513, DAY_SUMS_KIND = 10 /* store/keys.h */ };

static const struct tally_limits limits = {32, 1000, 16 << 20, 24 << 20};
static const char *const names[] = {"a.example", "b.example", "c.example"};

/* So many sessions of each domain, into the journal. */
static int try_append_of(struct db *db, const char *const *list, size_t count,
                         uint64_t n)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);
	struct feed feed = {.name = "events", .events = n};
	struct day_stats stats = {.success = count * n};
	const int32_t day = DAY;
	struct journal_ids ids = {0};
	struct journal_commit commit = {.days = &day,
	                                .stats = &stats,
	                                .day_count = 1,
	                                .feed = &feed,
	                                .now = day_start(DAY)};

	for (size_t i = 0; i < count; i++) {
		struct failure_detail detail = {.result = RESULT_OTHER,
		                                .reason = "why"};
		struct session_policy policy = {.type = POLICY_NONE,
		                                .domain = list[i],
		                                .failures = &detail,
		                                .failure_count = 1};
		struct session session = {.domain = list[i],
		                          .record = "v=TLSRPTv1; "
		                                    "rua=mailto:a@b.c",
		                          .policies = &policy,
		                          .policy_count = 1,
		                          .valid = true};

		assert_true(tally_add(tally, DAY, &session, n));
	}
	commit.domains = tally_sorted(tally);
	commit.count = tally_domain_count(tally);
	journal_write(txn, &commit, &ids);
	return db_commit(&txn, NULL);
}

static int try_append(struct db *db, uint64_t n)
{
	return try_append_of(db, names, COUNT(names), n);
}

/* As the committing thread does it. */
static void append(struct db *db, uint64_t n)
{
	struct err err;

	if (try_append(db, n) == 0)
		return;
	assert_true(tally_aside_days(db, DAY - 1, DAY, &err) > 0);
	assert_int_equal(try_append(db, n), 0);
}

static const struct {
	const char *name;
	enum db_table table;
	int kind;          /* the first row of it: of the table, b.example */
	const char *value; /* what it has then; NULL: it is gone */
	size_t len;
	bool adds; /* a row of that kind that nobody knows */
	/* what is named, or "": nothing need be */
	const char *what;
} damages[] = {
	{"a short head", TABLE_TALLY, TALLY_HEAD, "\1", 1, false, "b.example"},
	{"no head", TABLE_TALLY, TALLY_HEAD, NULL, 0, false, "b.example"},
	{"a policy without sums", TABLE_TALLY, TALLY_POLICY, "", 0, false,
         "b.example"},
	{"a detail without count", TABLE_TALLY, TALLY_DETAIL, "123", 3, false,
         "b.example"},
	{"a detail that is none", TABLE_TALLY, TALLY_DETAIL,
         "\0\0\0\0\0\0\0\1\xff", 9, false, "b.example"},
	{"an unknown kind", TABLE_TALLY, 9, "", 0, true, "b.example"},
	{"a policy's bytes", TABLE_INTERN, INTERN_ID, "\xff", 1, false,
         "b.example"},
	{"no bytes of a policy", TABLE_INTERN, INTERN_ID, NULL, 0, false,
         "b.example"},
	{"the way to a policy", TABLE_INTERN, INTERN_NEAR, "1", 1, false,
         "policy 0"},
	{"the day's sums", TABLE_DAY, DAY_SUMS_KIND, "\1", 1, false, ""},
};

/* The key of the row that is to be damaged. */
static struct db_key key_of_damage(struct db_txn *txn, size_t i)
{
	struct db_key key = key_of_day(damages[i].table, DAY);
	struct db_row row;

	if (damages[i].table == TABLE_TALLY)
		key = tally_domain_key(DAY, "b.example");
	key_u8(&key, (uint8_t)damages[i].kind);
	if (damages[i].adds || damages[i].table == TABLE_DAY)
		return key;
	assert_true(db_get_from(txn, &key, &row));
	/* domains were counted in their order: the second is b.example's */
	if (damages[i].table == TABLE_INTERN) {
		struct db_key next = key_of(TABLE_INTERN);

		key_bytes(&next, row.key.data, row.key.len);
		key_u8(&next, 0);
		assert_true(db_get_from(txn, &next, &row));
	}
	key = key_of(damages[i].table);
	key_bytes(&key, row.key.data, row.key.len);
	return key;
}

static void damage_row(struct fixture *f, const struct db_key *key,
                       const char *value, size_t len)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);

	db_put_bytes(txn, key, value, len);
	commit_ok(&txn);
}

static void damage(struct fixture *f, size_t i)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
	struct db_key key = key_of_damage(txn, i);

	if (damages[i].value == NULL)
		assert_true(db_delete(txn, &key));
	else
		db_put_bytes(txn, &key, damages[i].value, damages[i].len);
	commit_ok(&txn);
}

static void check_counts(struct fixture *f, const char *domain, uint64_t want)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	auto_(report_free) struct report *report = report_new();

	assert_int_equal(tally_load(txn, DAY, domain, report, &f->err), 0);
	assert_int_equal(report->policy_count, 1);
	assert_int_equal(report->policies[0].success, want);
	assert_int_equal(report->policies[0].detail_count, 1);
	assert_int_equal(report->policies[0].details[0].count, want);
}

static void check_named(struct fixture *f, const char *what)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct journal_aside aside = {.day = 0};
	char text[JOURNAL_ASIDE_TEXT];
	bool named = what[0] == '\0';
	int n = 0;

	while (journal_aside_next(txn, &aside)) {
		assert_true(++n < 10);
		assert_int_equal(aside.day, DAY);
		assert_string_not_equal(aside.words, "");
		assert_non_null(strstr(journal_aside_text(&aside, text),
		                       " of 2026-03-01"));
		named |= strcmp(aside.what, what) == 0;
	}
	assert_int_equal(db_failure(txn, &f->err), 0);
	assert_true(named);
}

static void check_store(struct fixture *f)
{
	struct store_check check = {0};
	struct db_options options = fixture_options(f);

	options.create = false;
	options.read_only = true;
	db_close(&f->db);
	assert_int_equal(store_check_run(&check, &options, &f->err), 0);
	assert_int_equal(check.faults, 0);
	fixture_open(f);
}

/* The day has the sessions of its domains, or more: those of what was set
 * aside. */
static void check_stats(struct fixture *f)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct day_stats stats;
	struct day_sums sums;

	assert_int_equal(day_table_stats_get(txn, DAY, &stats), 1);
	assert_int_equal(day_sums_get(txn, DAY, &sums), 1);
	assert_true(stats.success >= sums.success);
	assert_int_equal(db_failure(txn, &f->err), 0);
}

/* The others of its day are counted, and it is counted anew. */
static void test_a_damaged_domain_costs_itself(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(damages); i++) {
		ROW(&damages[i]);
		append(f->db, 3);
		assert_int_equal(
			journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
			0);
		damage(f, i);
		append(f->db, 4);
		assert_int_equal(
			journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
			0);
		/* the journal need not come to each row */
		assert_true(tally_aside_day(f->db, DAY, &f->err) >= 0);
		assert_int_equal(tally_aside_day(f->db, DAY, &f->err), 0);
		check_counts(f, "a.example", 7);
		check_counts(f, "c.example", 7);
		check_named(f, damages[i].what);
		append(f->db, 8);
		assert_int_equal(
			journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
			0);
		check_counts(f, "a.example", 15);
		check_store(f);
		fixture_clear(f);
		fixture_make(f);
		fixture_open(f);
	}
}

/* A name as long as it may be stands in the key of what is set aside once. */
static void test_a_long_name(void **state)
{
	struct fixture *f = *state;
	char name[TALLY_DOMAIN_TEXT];
	const char *const list[] = {name};
	struct db_key key;

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(try_append_of(f->db, list, 1, 3), 0);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
	                 0);
	key = tally_domain_key(DAY, name);
	key_u8(&key, TALLY_HEAD);
	damage_row(f, &key, "\1", 1);
	assert_int_equal(tally_aside_day(f->db, DAY, &f->err), 2);
	assert_int_equal(tally_aside_day(f->db, DAY, &f->err), 0);
	check_named(f, name);
	check_store(f);
}

/* Who looks for what was set aside comes to an end, whatever stands there. */
static void test_a_name_that_is_none(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} rows[] = {{"none", 0}, {"a long one", TALLY_DOMAIN_TEXT}};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_key key = journal_table_key(DAY, JOURNAL_ASIDE_ROWS);
		struct journal_aside aside = {.day = 0};
		struct db_txn *txn;
		int n = 0;

		ROW(&rows[i]);
		for (size_t j = 0; j < rows[i].len; j++)
			key_u8(&key, 'a');
		key_u8(&key, 0);
		damage_row(f, &key, "12345678why", 12);
		txn = db_begin_read(f->db);
		while (n < 10 && journal_aside_next(txn, &aside))
			n++;
		assert_int_equal(n, 0);
		assert_int_not_equal(db_failure(txn, &f->err), 0);
		db_abort(&txn);
		fixture_clear(f);
		fixture_make(f);
		fixture_open(f);
	}
}

/* A day is well when that was seen. */
static void test_a_day_that_cannot_be_read(void **state)
{
	enum { READERS = 1100 };
	struct fixture *f = *state;
	struct db_txn *held[READERS];
	size_t n = 0;

	append(f->db, 3);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
	                 0);
	do {
		assert_true(n < READERS);
		held[n] = db_begin_read(f->db);
	} while (!db_failed(held[n++]));
	assert_int_equal(tally_aside_day(f->db, DAY, &f->err), ERR_BUSY);
	assert_int_equal(tally_aside_days(f->db, DAY, DAY, &f->err), ERR_BUSY);
	while (n > 0)
		db_abort(&held[--n]);
	assert_int_equal(tally_aside_day(f->db, DAY, &f->err), 0);
}

/* Of a damaged key there are days that lie 100,000 years away. */
static void test_days_far_apart(void **state)
{
	struct fixture *f = *state;

	append(f->db, 3);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
	                 0);
	damage(f, 0);
	assert_int_equal(tally_aside_days(f->db, 0, INT32_MAX, &f->err), 2);
	assert_int_equal(tally_aside_days(f->db, 0, INT32_MAX, &f->err), 0);
	check_named(f, "b.example");
}

/* A row under a key of that day which the store itself does not make. */
static void put_odd_row(struct fixture *f, enum db_table table, int32_t day,
                        uint8_t first, size_t len)
{
	struct db_key key = key_of_day(table, day);

	for (size_t i = 0; i < len; i++)
		key_u8(&key, i == 0 ? first : 'z');
	damage_row(f, &key, "1", 1);
}

/* Keys that lead to no domain and to no policy: their rows alone go. */
static void test_a_key_that_is_none(void **state)
{
	static const struct {
		const char *name;
		enum db_table table;
		uint8_t first; /* of what follows the day */
		size_t len;    /* of that, without a NUL */
		const char *what;
	} rows[] = {
		{"a day alone", TABLE_TALLY, 0, 0, "a row"},
		{"a name without an end", TABLE_TALLY, 'z', 3, "a row"},
		{"the beginning of a name", TABLE_TALLY, 'b', 1, "a row"},
		{"a name that is too long", TABLE_TALLY, 'z', TALLY_DOMAIN_TEXT,
	         "a row"},
		{"a policy's key, the day alone", TABLE_INTERN, 0, 0,
	         "policy 0"},
		{"a policy of an unknown kind", TABLE_INTERN, 'z', 9,
	         "policy 0"},
		{"the beginning of policies", TABLE_INTERN, INTERN_ID, 1,
	         "policy 0"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		append(f->db, 3);
		assert_int_equal(
			journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
			0);
		put_odd_row(f, rows[i].table, DAY, rows[i].first, rows[i].len);
		assert_int_equal(tally_aside_day(f->db, DAY, &f->err), 1);
		assert_int_equal(tally_aside_day(f->db, DAY, &f->err), 0);
		check_named(f, rows[i].what);
		for (size_t j = 0; j < COUNT(names); j++)
			check_counts(f, names[j], 3);
		check_stats(f);
		check_store(f);
		fixture_clear(f);
		fixture_make(f);
		fixture_open(f);
	}
}

/* Days outside of those asked for are not looked at; one between that has
 * nothing costs nothing. */
static void test_days_asked_for(void **state)
{
	static const struct {
		const char *name;
		int32_t first, last;
		int want;
	} rows[] = {
		{"before all of them", 0, DAY - 4, 0},
		{"the days between", DAY - 2, DAY - 1, 0},
		{"the last before the first", DAY + 9, DAY - 9, 0},
		{"up to the first damage", 0, DAY - 3, 1},
		{"it is right now", 0, DAY - 3, 0},
		{"the day that is well", DAY, DAY, 0},
		{"the rest", DAY, INT32_MAX, 1},
		{"all, again", 0, INT32_MAX, 0},
	};
	struct fixture *f = *state;

	append(f->db, 3);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
	                 0);
	put_odd_row(f, TABLE_INTERN, DAY - 3, 'z', 9);
	put_odd_row(f, TABLE_TALLY, DAY + 2, 'z', 3);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(tally_aside_days(f->db, rows[i].first,
		                                  rows[i].last, &f->err),
		                 rows[i].want);
	}
	for (size_t j = 0; j < COUNT(names); j++)
		check_counts(f, names[j], 3);
}

/* What fails for another reason touches nothing. */
static void test_a_day_that_is_well(void **state)
{
	struct fixture *f = *state;

	append(f->db, 3);
	assert_int_equal(tally_aside_day(f->db, DAY, &f->err), 0);
	assert_int_equal(journal_apply_days(f->db, DAY, DAY, &limits, &f->err),
	                 0);
	assert_int_equal(tally_aside_day(f->db, DAY, &f->err), 0);
	check_counts(f, "b.example", 3);
	check_named(f, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_a_damaged_domain_costs_itself),
		STORE_TEST(test_a_long_name),
		STORE_TEST(test_a_name_that_is_none),
		STORE_TEST(test_a_day_that_cannot_be_read),
		STORE_TEST(test_days_far_apart),
		STORE_TEST(test_a_key_that_is_none),
		STORE_TEST(test_days_asked_for),
		STORE_TEST(test_a_day_that_is_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
