#include "unit/store_test.h"

#include "base/day.h"
#include "intake/policy_told.h"
#include "store/day_table.h"
#include "store/tally_settle.h"
#include "store/tally_table.h"
#include "store/told_table.h"

enum { DAY = 20513 /* 2026-03-01 */, NOON = 43200 };

#define AT(secs) (day_start(DAY) + NOON + (secs))

static const struct tally_limits limits = {32, 1000, 1 << 22, 1 << 23};

/* A commit of tlstallyd with n sessions of that domain, whose policy Postfix
 * was told not to be had. */
static void commit_failed(struct fixture *f, const char *domain, uint64_t n,
                          int64_t now)
{
	struct tally *tally = tally_new(1, &limits);
	struct session_policy policy = {
		.type = POLICY_STS, .domain = domain, .unjudged = true};
	struct session session = {.domain = domain,
	                          .policies = &policy,
	                          .policy_count = 1,
	                          .valid = true};
	struct day_stats stats = {.events = n};
	struct tally_domain **domains;
	struct clock clock = clock_fixed(now);
	struct db_txn *txn;

	if (n > 0) {
		assert_true(tally_add(tally, DAY, &session, n));
		day_table_stats_count(&stats, &session, n, true);
	}
	domains = tally_sorted(tally);
	policy_told_look(f->db, tally, domains, tally_domain_count(tally), now);
	txn = db_begin_write(f->db);
	for (size_t i = 0; i < tally_domain_count(tally); i++) {
		tally_apply(txn, domains[i], &limits);
		policy_told_keep(txn, domains[i], now, &clock);
	}
	day_table_stats_add(txn, DAY, &stats);
	policy_told_settle(txn, &clock, &limits);
	commit_ok(&txn);
	tally_free(&tally);
}

static void tell(struct fixture *f, const char *domain, int64_t since,
                 enum told_kind kind)
{
	struct db_txn *txn = db_begin_write(f->db);
	const struct told told = {.since = since,
	                          .kind = kind,
	                          .sts_fetch = kind == TOLD_STS_FAILED
	                                               ? VIEW_WEBPKI_ERROR
	                                               : VIEW_OK};

	told_put(txn, domain, &told);
	commit_ok(&txn);
}

static void check(struct fixture *f, const char *domain, uint64_t success,
                  uint64_t failure, uint64_t unjudged)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct tally_head head;
	struct day_stats stats;

	assert_int_equal(tally_head_get(txn, DAY, domain, &head), 1);
	assert_int_equal(head.success, success);
	assert_int_equal(head.failure, failure);
	assert_int_equal(head.unjudged, unjudged);
	/* it is the only domain */
	day_table_stats_get(txn, DAY, &stats);
	assert_int_equal(stats.success, success);
	assert_int_equal(stats.failure, failure);
	assert_int_equal(stats.unjudged, unjudged);
}

static void test_told_before(void **state)
{
	struct fixture *f = *state;

	tell(f, "a.example", AT(-60), TOLD_STS_FAILED);
	commit_failed(f, "a.example", 3, AT(0));
	check(f, "a.example", 0, 3, 0);
}

static void test_written_down_later(void **state)
{
	struct fixture *f = *state;

	commit_failed(f, "a.example", 2, AT(0));
	check(f, "a.example", 0, 0, 2);
	tell(f, "a.example", AT(0), TOLD_STS_FAILED);
	tell(f, "a.example", AT(1), TOLD_STS_ENFORCE);
	/* nothing else came */
	commit_failed(f, "a.example", 0, AT(2));
	check(f, "a.example", 0, 2, 0);
}

static void test_another_policy_map(void **state)
{
	struct fixture *f = *state;

	commit_failed(f, "a.example", 1, AT(0));
	commit_failed(f, "a.example", 0, AT(10));
	check(f, "a.example", 0, 0, 1);
	commit_failed(f, "a.example", 0, AT(20));
	check(f, "a.example", 1, 0, 0);
}

/* It told, and never that: then nobody knows. */
static void test_nobody_knows(void **state)
{
	struct fixture *f = *state;

	tell(f, "a.example", AT(-60), TOLD_STS_ENFORCE);
	commit_failed(f, "a.example", 1, AT(0));
	for (int secs = 10; secs < 100; secs += 10)
		commit_failed(f, "a.example", 0, AT(secs));
	check(f, "a.example", 0, 0, 1);
}

static void test_some_are_judged(void **state)
{
	struct fixture *f = *state;
	auto_(arena_clear) struct arena arena = {0};
	struct tally_unjudged at = {.policy_id = 0};
	struct session_policy good = {.failed = false};
	struct db_txn *txn;

	commit_failed(f, "a.example", 5, AT(0));
	txn = db_begin_write(f->db);
	assert_int_equal(tally_unjudged_next(txn, DAY, "b.example", &limits,
	                                     &arena, &at),
	                 0);
	assert_int_equal(tally_unjudged_next(txn, DAY, "a.example", &limits,
	                                     &arena, &at),
	                 1);
	assert_int_equal(at.sessions, 5);
	assert_int_equal(at.policy.type, POLICY_STS);
	tally_settle(txn, DAY, "a.example", at.policy_id, 2, &good, &limits);
	assert_int_equal(tally_unjudged_next(txn, DAY, "a.example", &limits,
	                                     &arena, &at),
	                 0);
	commit_ok(&txn);
	check(f, "a.example", 2, 0, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_told_before),
		STORE_TEST(test_written_down_later),
		STORE_TEST(test_another_policy_map),
		STORE_TEST(test_nobody_knows),
		STORE_TEST(test_some_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
