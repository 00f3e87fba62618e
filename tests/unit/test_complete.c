#include "unit/store_test.h"

#include <sys/wait.h>

#include "base/day.h"
#include "base/failpoint.h"
#include "base/strbuf.h"
#include "judge/complete.h"
#include "store/feed_table.h"
#include "store/log_completing_table.h"
#include "store/log_pending_table.h"
#include "store/told_table.h"

enum { DAY = 20513, NOON = 43200, ROWS = 25000, ROWS_A_COMMIT = 10000 };

#define AT(secs) (day_start(DAY) + NOON + (secs))

/* So many sessions without TLS, none like another, of that domain */
static void wait_plain(struct db_txn *txn, const char *domain, int n)
{
	auto_(strbuf_clear) struct strbuf bytes = {0};
	char host[32];
	struct log_completing row = {
		.session = {.domain = domain,
	                    .mx_host = host,
	                    .outcome = LOG_PLAIN},
		.until = AT(0),
	};

	for (int i = 0; i < n; i++) {
		snprintf(host, sizeof(host), "mx%d.example", i);
		strbuf_reset(&bytes);
		log_completing_encode(&row, &bytes);
		log_completing_add(txn, DAY, domain, bytes.data, bytes.len, 1);
	}
}

static void run(struct db *db)
{
	struct clock clock = clock_fixed(AT(600));
	struct apply_options options = {.db = db,
	                                .clock = &clock,
	                                .limits = {.max_policies = 32,
	                                           .max_details = 1000,
	                                           .soft_bytes = 1 << 20,
	                                           .hard_bytes = 2 << 20}};
	uint64_t judged;
	struct err err = {0};

	if (complete_waiting(&options, &judged, &err) != 0)
		fail_msg("%s", err.text);
}

/* Until when policyd has written down what it told */
static void prepare(struct fixture *f, int64_t told)
{
	struct db_txn *txn = db_begin_write(f->db);
	struct told testing = {.since = AT(-60), .kind = TOLD_STS_TESTING};
	struct feed feed = {.name = FEED_EVENTS, .watermark = AT(0)};

	told_put(txn, "a.example", &testing);
	told_put(txn, "b.example", &testing);
	told_until_put(txn, told);
	feed_table_put(txn, &feed);
	wait_plain(txn, "a.example", ROWS);
	for (char domain[] = "a.b.example"; domain[0] <= 'z'; domain[0]++)
		wait_plain(txn, domain, 10);
	wait_plain(txn, "b.example", 10);
	commit_ok(&txn);
}

static uint64_t counted(struct fixture *f)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	uint64_t sessions, domains;

	log_pending_count(txn, &sessions, &domains);
	return sessions;
}

static bool any_waits(struct fixture *f)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);

	return log_completing_has(txn, DAY, NULL);
}

static void test_not_known_yet(void **state)
{
	struct fixture *f = *state;

	prepare(f, AT(0));
	run(f->db);
	assert_int_equal(counted(f), 0);
	assert_true(any_waits(f));
}

/* However much it is, it is gone through at once. */
static void test_all(void **state)
{
	struct fixture *f = *state;

	prepare(f, AT(1));
	run(f->db);
	assert_int_equal(counted(f), ROWS + 10);
	assert_false(any_waits(f));
}

#ifdef ENABLE_FAILPOINTS
/* Dies at the n-th failpoint; false when it did not come so far. */
static bool die_at(struct fixture *f, int n)
{
	int status;
	pid_t pid;

	db_close(&f->db);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char text[16];

		snprintf(text, sizeof(text), "%d", n);
		fixture_open(f);
		setenv("TLSTALLY_FAIL_AT", text, 1);
		failpoint_arm();
		run(f->db);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fixture_open(f);
	return WIFSIGNALED(status);
}

/* Nobody else can write meanwhile. */
static void test_transactions_are_short(void **state)
{
	struct fixture *f = *state;
	uint64_t before, after = 0;

	prepare(f, AT(1));
	for (int n = 1; n < 20 && any_waits(f); n++) {
		before = after;
		if (!die_at(f, 2))
			run(f->db);
		after = counted(f);
		assert_true(after - before <= ROWS_A_COMMIT);
	}
	assert_int_equal(after, ROWS + 10);
}
#else
static void test_transactions_are_short(void **state)
{
	(void)state;
	skip(); /* configure --enable-failpoints */
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_not_known_yet),
		STORE_TEST(test_all),
		STORE_TEST(test_transactions_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
