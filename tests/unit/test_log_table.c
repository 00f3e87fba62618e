#include "unit/store_test.h"

#include "base/arena.h"
#include "store/day_table.h"
#include "store/keys.h"
#include "store/log_pending_table.h"
#include "store/log_state_table.h"

enum { DAY = 20513 };

static void test_state(void **state)
{
	static const char *const sources[] = {
		"journal",
		"file:/var/log/mail.log",
		"",
		"",
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	auto_(arena_clear) struct arena arena = {0};
	struct log_state put = {"p", 1, "tr\0acker", 8}, got;
	char longs[2][900];

	/* paths that differ past the end of a key */
	for (int i = 0; i < 2; i++) {
		memset(longs[i], 'x', sizeof(longs[i]));
		longs[i][sizeof(longs[i]) - 2] = (char)('a' + i);
		longs[i][sizeof(longs[i]) - 1] = '\0';
	}
	for (size_t i = 0; i < COUNT(sources); i++) {
		const char *name = i < 2 ? sources[i] : longs[i - 2];

		assert_int_equal(log_state_get(txn, name, &arena, &got), 0);
		assert_null(got.position);
		log_state_put(txn, name, &put);
		assert_int_equal(log_state_get(txn, name, &arena, &got), 1);
		assert_int_equal(got.position_len, 1);
		assert_memory_equal(got.position, "p", 1);
		assert_int_equal(got.tracker_len, 8);
		assert_memory_equal(got.tracker, "tr\0acker", 8);
	}
	/* half of it may be empty, and the newer one stays */
	put = (struct log_state){.position = "q", .position_len = 1};
	log_state_put(txn, "journal", &put);
	commit_ok(&txn);
	txn = db_begin_read(f->db);
	assert_int_equal(log_state_get(txn, "journal", &arena, &got), 1);
	assert_memory_equal(got.position, "q", 1);
	assert_int_equal(got.tracker_len, 0);
	assert_int_equal(log_state_get(txn, "file:/other", &arena, &got), 0);
	commit_ok(&txn);
}

/* What was taken, as "session=n " texts. */
struct taken {
	char text[256];
	uint64_t sessions, rows;
};

static bool note(void *arg, const void *session, size_t len, uint64_t n)
{
	struct taken *taken = arg;
	size_t used = strlen(taken->text);

	if (taken->rows < 10)
		snprintf(taken->text + used, sizeof(taken->text) - used,
		         "%.*s=%u ", (int)len, (const char *)session,
		         (unsigned)n);
	taken->sessions += n;
	taken->rows++;
	return true;
}

static void test_waiting(void **state)
{
	static const struct {
		int32_t day;
		const char *domain, *session;
		uint64_t n;
	} rows[] = {
		{DAY, "b.example", "one", 1},
		{DAY, "a.example", "two", 2},
		{DAY + 1, "a.example", "two", 4},
		{DAY, "a.example", "two", 8},
		/* begins like another, and sorts between its rows and the
	         * next domain's */
		{DAY, "a.example-x", "two", 16},
		/* as a clock that runs before 1970 makes them */
		{-1, "b.example", "two", 32},
		{-1, "c.example", "two", 64},
	};
	static const struct {
		int32_t day;
		const char *domain;
	} want[] = {
		{DAY, "a.example"}, {DAY, "a.example-x"},
		{DAY, "b.example"}, {DAY + 1, "a.example"},
		{-1, "b.example"},  {-1, "c.example"},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	int32_t day = INT32_MIN;
	uint64_t sessions, domains;
	struct taken taken = {0};

	assert_false(log_pending_has(txn, DAY, NULL));
	assert_int_equal(log_pending_next(txn, &day, domain), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		log_pending_add(txn, rows[i].day, rows[i].domain,
		                rows[i].session, strlen(rows[i].session),
		                rows[i].n);
	commit_ok(&txn);
	txn = db_begin_write(f->db);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(log_pending_next(txn, &day, domain), 1);
		assert_int_equal(day, want[i].day);
		assert_string_equal(domain, want[i].domain);
		assert_true(log_pending_has(txn, day, domain));
	}
	assert_int_equal(log_pending_next(txn, &day, domain), 0);
	log_pending_count(txn, &sessions, &domains);
	assert_int_equal(sessions, 127);
	assert_int_equal(domains, 6);
	assert_true(log_pending_has(txn, DAY, NULL));
	assert_false(log_pending_has(txn, DAY - 1, NULL));
	assert_false(log_pending_has(txn, DAY, "a"));
	assert_false(log_pending_has(txn, DAY + 1, "b.example"));

	assert_int_equal(log_pending_take(txn, DAY, "a.example", note, &taken),
	                 0);
	assert_string_equal(taken.text, "two=10 ");
	assert_false(log_pending_has(txn, DAY, "a.example"));
	assert_true(log_pending_has(txn, DAY, "a.example-x"));
	assert_true(log_pending_has(txn, DAY + 1, "a.example"));
	log_pending_count(txn, &sessions, &domains);
	assert_int_equal(sessions, 117);
	assert_int_equal(domains, 5);
	commit_ok(&txn);
}

static void test_taken_in_pieces(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct taken taken = {0};
	int n = 2 * DB_BATCH_ROWS + 1;

	for (int i = 0; i < n; i++)
		log_pending_add(txn, DAY, "a.example", &i, sizeof(i), 3);
	assert_int_equal(log_pending_take(txn, DAY, "a.example", note, &taken),
	                 1);
	assert_int_equal(taken.rows, DB_BATCH_ROWS);
	db_abort(&txn);

	/* all of it was undone */
	memset(&taken, 0, sizeof(taken));
	txn = db_begin_write(f->db);
	for (int i = 0; i < n; i++)
		log_pending_add(txn, DAY, "a.example", &i, sizeof(i), 3);
	commit_ok(&txn);
	for (int want = 1, i = 0; i < 3; i++) {
		txn = db_begin_write(f->db);
		want = i < 2;
		assert_int_equal(
			log_pending_take(txn, DAY, "a.example", note, &taken),
			want);
		commit_ok(&txn);
	}
	assert_int_equal(taken.rows, n);
	assert_int_equal(taken.sessions, 3 * n);
}

static void test_days_of_an_old_log(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct day_stats stats;
	uint64_t rows = 0;

	assert_false(day_table_is_unsent(txn, DAY));
	day_table_unsent_set(txn, DAY);
	day_table_unsent_set(txn, DAY);
	assert_true(day_table_is_unsent(txn, DAY));
	assert_false(day_table_is_unsent(txn, DAY + 1));
	assert_false(day_table_is_closed(txn, DAY));
	assert_int_equal(day_table_stats_get(txn, DAY, &stats), 0);
	assert_int_equal(day_table_purge(txn, DAY + 1, &rows), 0);
	assert_int_equal(rows, 1);
	assert_false(day_table_is_unsent(txn, DAY));
	commit_ok(&txn);
}

static void test_purged(void **state)
{
	static const struct {
		const char *name;
		int32_t before;
		uint64_t rows, left;
	} rows[] = {
		{"a clock of 1970", 0, 0, 3},
		{"nothing is so old", DAY, 0, 3},
		{"one day goes", DAY + 1, 1, 2},
		{"all", DAY + 3, 2, 0},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	for (int i = 0; i < 3; i++)
		log_pending_add(txn, DAY + i, "a.example", "s", 1, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t n = 0, sessions, domains;

		ROW(&rows[i]);
		assert_int_equal(log_pending_purge(txn, rows[i].before, &n), 0);
		assert_int_equal(n, rows[i].rows);
		log_pending_count(txn, &sessions, &domains);
		assert_int_equal(sessions, rows[i].left);
	}
	commit_ok(&txn);
}

/* Two texts whose hashes meet stand beside each other. */
static void test_hashes_that_meet(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct db_key key = key_of_domain(TABLE_LOG_PENDING, DAY, "a.example");
	struct taken taken = {0};

	key_hash(&key, hash128(db_seed(f->db), "mine", 4));
	db_put_bytes(txn, &key, "\0\0\0\0\0\0\0\5other", 13);
	log_pending_add(txn, DAY, "a.example", "mine", 4, 1);
	log_pending_add(txn, DAY, "a.example", "mine", 4, 1);
	log_pending_take(txn, DAY, "a.example", note, &taken);
	assert_string_equal(taken.text, "other=5 mine=2 ");
	commit_ok(&txn);
}

static void test_damaged_rows(void **state)
{
	struct fixture *f = *state;
	auto_(arena_clear) struct arena arena = {0};
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct db_txn *txn = db_begin_write(f->db);
	struct log_state got;
	int32_t day = INT32_MIN;

	raw_put(txn, TABLE_LOG_STATE, "journal", 7, "\0\0\0\7x", 5);
	assert_int_equal(log_state_get(txn, "journal", &arena, &got), 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "table log-state"));
	txn = db_begin_write(f->db);
	raw_put(txn, TABLE_LOG_PENDING, "\0\0\0\7x", 5, "", 0);
	assert_int_equal(log_pending_next(txn, &day, domain), 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "table log-pending"));
}

/* A day's sessions of nobody: their number, and the first host. */
static void test_nobodys(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct day_nobodys got;
	uint64_t rows = 0;

	assert_int_equal(day_table_nobodys_get(txn, DAY, &got), 0);
	assert_int_equal(got.sessions, 0);
	day_table_nobodys_add(txn, DAY, 3, "smtp.relay.example");
	day_table_nobodys_add(txn, DAY, 4, "other.example");
	day_table_nobodys_add(txn, DAY + 1, 1, NULL);
	commit_ok(&txn);
	txn = db_begin_write(f->db);
	assert_int_equal(day_table_nobodys_get(txn, DAY, &got), 1);
	assert_int_equal(got.sessions, 7);
	assert_string_equal(got.host, "smtp.relay.example");
	assert_int_equal(day_table_nobodys_get(txn, DAY + 1, &got), 1);
	assert_int_equal(got.sessions, 1);
	assert_string_equal(got.host, "");
	/* they go with their day */
	assert_int_equal(day_table_purge(txn, DAY + 1, &rows), 0);
	assert_int_equal(day_table_nobodys_get(txn, DAY, &got), 0);
	assert_int_equal(day_table_nobodys_get(txn, DAY + 1, &got), 1);
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_state),
		STORE_TEST(test_waiting),
		STORE_TEST(test_taken_in_pieces),
		STORE_TEST(test_days_of_an_old_log),
		STORE_TEST(test_purged),
		STORE_TEST(test_nobodys),
		STORE_TEST(test_hashes_that_meet),
		STORE_TEST(test_damaged_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
