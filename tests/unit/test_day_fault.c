/* Whose fault it looks like: the rule, and days that it is made of. */
#include "unit/store_test.h"

#include "store/day_fault.h"
#include "store/day_view.h"
#include "store/domain_period.h"
#include "store/tally_table.h"

enum { DAY = 20510 };

static const struct tally_limits limits = {.max_policies = 32,
                                           .max_details = 1000,
                                           .soft_bytes = 64u << 20,
                                           .hard_bytes = 64u << 20};

static void test_rule(void **state)
{
	/* a quiet month: one domain in a hundred */
#define QUIET .days = 28, .usual = {.at_risk = 400, .alike = 4 }
	static const struct {
		const char *name;
		struct fault_facts facts;
		enum fault want;
	} rows[] = {
		{"one domain of many",
	         {.domains = 400,
	          .on = {.at_risk = 400, .alike = 1, .receivers = 1},
	          QUIET},
	         FAULT_THEIRS},
		{"many domains, one receiver: a big MX fails",
	         {.domains = 400, .on = {400, 30, 30, 1, 30}, QUIET},
	         FAULT_THEIRS},
		{"nearly all at one receiver, two others by chance",
	         {.domains = 400, .on = {400, 32, 32, 3, 30}, QUIET},
	         FAULT_THEIRS},
		{"many domains, many receivers",
	         {.domains = 400, .on = {400, 50, 32, 30, 2}, QUIET},
	         FAULT_OURS},
		{"less than a tenth",
	         {.domains = 400, .on = {400, 35, 32, 32, 1}, QUIET},
	         FAULT_THEIRS},
		{"a tenth with those that fail every day",
	         {.domains = 400, .on = {400, 42, 32, 32, 1}, QUIET},
	         FAULT_THEIRS},
		{"all with DANE, of many without: a broken resolver",
	         {.domains = 1000, .on = {50, 50, 32, 28, 3}, QUIET},
	         FAULT_OURS},
		{"a large receiver and the others of its kind: an old CA file",
	         {.domains = 100, .on = {100, 40, 32, 14, 19}, QUIET},
	         FAULT_OURS},
		{"two receivers may fail on the same day",
	         {.domains = 5, .on = {5, 2, 2, 2, 1}, QUIET},
	         FAULT_THEIRS},
		{"three of five at three receivers",
	         {.domains = 5,
	          .on = {5, 3, 3, 3, 1},
	          .days = 28,
	          .usual = {.at_risk = 5}},
	         FAULT_OURS},
		{"a third one beside the two that always fail",
	         {.domains = 5,
	          .on = {5, 3, 3, 3, 1},
	          .days = 28,
	          .usual = {5, 2, 2, 2, 1}},
	         FAULT_THEIRS},
		{"both domains with MTA-STS have let their certificates expire",
	         {.domains = 50, .on = {2, 2, 2, 2, 1}, QUIET},
	         FAULT_THEIRS},
		{"many, and as many as every day",
	         {.domains = 400,
	          .on = {400, 60, 32, 32, 1},
	          .days = 28,
	          .usual = {380, 58, 32, 31, 1}},
	         FAULT_THEIRS},
		{"many more than every day",
	         {.domains = 400,
	          .on = {400, 120, 32, 32, 1},
	          .days = 28,
	          .usual = {380, 58, 32, 31, 1}},
	         FAULT_OURS},
		{"as many every day at one receiver, today at many",
	         {.domains = 400,
	          .on = {400, 90, 30, 20, 11},
	          .days = 28,
	          .usual = {400, 33, 32, 1, 32}},
	         FAULT_OURS},
		{"as many every day at many receivers, today more at one",
	         {.domains = 400,
	          .on = {400, 90, 30, 20, 11},
	          .days = 28,
	          .usual = {400, 58, 32, 31, 1}},
	         FAULT_THEIRS},
		{"many, and nothing to compare with",
	         {.domains = 400, .on = {400, 60, 32, 32, 1}},
	         FAULT_UNCLEAR},
		{"many, as on the two days that there were before",
	         {.domains = 400,
	          .on = {400, 60, 32, 32, 1},
	          .days = 2,
	          .usual = {380, 58, 32, 31, 1}},
	         FAULT_UNCLEAR},
		{"many, and not on the one day before",
	         {.domains = 400,
	          .on = {400, 60, 32, 32, 1},
	          .days = 1,
	          .usual = {.at_risk = 400}},
	         FAULT_OURS},
		{"few, and nothing to compare with",
	         {.domains = 400, .on = {400, 30, 30, 1, 30}},
	         FAULT_THEIRS},
		{"all with DANE, every day: the resolver never worked",
	         {.domains = 1000,
	          .on = {50, 50, 32, 28, 3},
	          .days = 28,
	          .usual = {50, 50, 32, 28, 3}},
	         FAULT_OURS},
		{"all domains, at two receivers",
	         {.domains = 2, .on = {2, 2, 2, 2, 1}},
	         FAULT_OURS},
		{"all domains, at one receiver",
	         {.domains = 4, .on = {4, 4, 4, 1, 4}},
	         FAULT_UNCLEAR},
		{"the only domain of the day",
	         {.domains = 1,
	          .on = {.at_risk = 1, .alike = 1, .receivers = 1}},
	         FAULT_UNCLEAR},
		{"most at one receiver, and all others too",
	         {.domains = 100, .on = {100, 100, 32, 9, 24}},
	         FAULT_OURS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (day_fault_judge(&rows[i].facts) != rows[i].want)
			fail_msg(
				"%s: wanted %s, got %s", rows[i].name,
				word_api(&words_faults, (int)rows[i].want),
				word_api(&words_faults,
			                 (int)day_fault_judge(&rows[i].facts)));
}

/* Whatever the results. */
static void test_rule_of_all(void **state)
{
	static const struct {
		const char *name;
		struct fault_facts facts;
		bool want;
	} rows[] = {
		{"all domains of the first day",
	         {.domains = 100, .on = {100, 100, 32, 30, 2}},
	         true},
		{"most domains of the first day",
	         {.domains = 100, .on = {100, 70, 32, 30, 2}},
	         false},
		{"most domains, and few on the days before",
	         {.domains = 100,
	          .on = {100, 70, 32, 30, 2},
	          .days = 28,
	          .usual = {.at_risk = 90, .alike = 9}},
	         true},
		{"most domains, as every day",
	         {.domains = 100,
	          .on = {100, 70, 32, 30, 2},
	          .days = 28,
	          .usual = {.at_risk = 90, .alike = 60}},
	         false},
		{"most domains, at one receiver",
	         {.domains = 100,
	          .on = {100, 70, 32, 2, 31},
	          .days = 28,
	          .usual = {.at_risk = 90, .alike = 9}},
	         false},
		{"both domains, each for a reason of its own",
	         {.domains = 2, .on = {2, 2, 2, 2, 1}},
	         false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (day_fault_is_all(&rows[i].facts) != rows[i].want)
			fail_msg("%s: wanted %d", rows[i].name, rows[i].want);
}

/* Sessions of that many domains, NAME0.example and so on: failed with that
 * result at hosts below mx, "own": of their own, NULL: none is told.  A result
 * of RESULT_TYPES: they went well. */
static void count_on(struct db *db, int32_t day, const char *name, int domains,
                     enum policy_type type, int result, const char *mx)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct err err;

	for (int i = 0; i < domains; i++) {
		auto_(tally_free) struct tally *tally = tally_new(1, &limits);
		char domain[32], host[64];
		struct failure_detail detail = {
			.result = (enum result_type)result,
			.mx_host = mx != NULL ? host : NULL};
		bool failed = result != RESULT_TYPES;
		struct session_policy policy = {.type = type,
		                                .domain = domain,
		                                .failures = &detail,
		                                .failure_count = failed,
		                                .failed = failed};
		struct session session = {.domain = domain,
		                          .policies = &policy,
		                          .policy_count = 1,
		                          .valid = true};

		snprintf(domain, sizeof(domain), "%s%d.example", name, i);
		if (mx != NULL)
			snprintf(host, sizeof(host), "mx%d.%s", i,
			         strcmp(mx, "own") == 0 ? domain : mx);
		assert_true(tally_add(tally, day, &session, 3));
		tally_apply(txn, tally_sorted(tally)[0], &limits);
	}
	if (db_commit(&txn, &err) < 0)
		fail_msg("%s", err.text);
}

static void count(struct db *db, const char *name, int domains,
                  enum policy_type type, int result, const char *mx)
{
	count_on(db, DAY, name, domains, type, result, mx);
}

static void expect_day(struct db *db, int32_t day, const char *domain,
                       enum fault fault, uint64_t with, const char *at)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct domain_period of;

	assert_true(domain_period_get(domain_period_of(txn, day, day), domain,
	                              &of));
	if (of.fault != fault || of.failing_with != with ||
	    strcmp(of.failing_at, at) != 0)
		fail_msg("%s: wanted %s with %d at '%s', got %s with %d at "
		         "'%s'",
		         domain, word_api(&words_faults, (int)fault), (int)with,
		         at, word_api(&words_faults, (int)of.fault),
		         (int)of.failing_with, of.failing_at);
}

static void expect_period(struct db *db, const char *domain, enum fault fault,
                          uint64_t with, const char *at)
{
	expect_day(db, DAY, domain, fault, with, at);
}

/* As it is on most days: some domains never offer TLS. */
static void count_usual_days(struct db *db, int days)
{
	for (int32_t day = DAY - days; day < DAY; day++) {
		count_on(db, day, "plain", 250, POLICY_NONE, RESULT_TYPES,
		         NULL);
		count_on(db, day, "never", 40, POLICY_NONE,
		         RESULT_STARTTLS_NOT_SUPPORTED, "own");
		count_on(db, day, "well", 60, POLICY_STS, RESULT_TYPES, NULL);
	}
}

/* 30 domains, one MX, whose hosts have several names. */
static void test_a_big_mx_fails(void **state)
{
	struct fixture *f = *state;

	count(f->db, "well", 70, POLICY_STS, RESULT_TYPES, NULL);
	count(f->db, "at-big", 30, POLICY_STS, RESULT_CERTIFICATE_EXPIRED,
	      "in.big.example.net");
	expect_period(f->db, "at-big7.example", FAULT_THEIRS, 30,
	              "example.net");
	/* something else on the same day, alone */
	count(f->db, "alone", 1, POLICY_STS, RESULT_STARTTLS_NOT_SUPPORTED,
	      "own");
	expect_period(f->db, "alone0.example", FAULT_THEIRS, 1, "");
	expect_period(f->db, "well0.example", FAULT_NONE, 0, "");
}

static void test_our_ca_file_is_old(void **state)
{
	struct fixture *f = *state;

	count(f->db, "plain", 300, POLICY_NONE, RESULT_TYPES, NULL);
	count(f->db, "well", 50, POLICY_STS, RESULT_TYPES, NULL);
	count(f->db, "old", 12, POLICY_STS, RESULT_CERTIFICATE_NOT_TRUSTED,
	      "own");
	/* nobody knows how it was before */
	expect_period(f->db, "old3.example", FAULT_UNCLEAR, 12, "");
	count_usual_days(f->db, 3);
	expect_period(f->db, "old3.example", FAULT_OURS, 12, "");
}

/* What is ours is never taken for what cannot be. */
static void expect_thinkable(struct db *db, int32_t day)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct day_fault faults[ALIKE_KINDS];
	struct day_sums sums;
	bool is_ours = false;

	day_view_sums(txn, day, &sums);
	day_fault_look(txn, day, &sums, faults);
	for (int i = 0; i < ALIKE_KINDS; i++)
		is_ours |= faults[i].fault == FAULT_OURS;
	assert_true(day_fault_is_thinkable(&sums) || !is_ours);
}

/* Every day's; not more today, and then many more. */
static void test_some_always_fail(void **state)
{
	struct fixture *f = *state;

	count_usual_days(f->db, 5);
	expect_day(f->db, DAY - 5, "never7.example", FAULT_UNCLEAR, 40, "");
	expect_day(f->db, DAY - 1, "never7.example", FAULT_THEIRS, 40, "");
	count(f->db, "plain", 250, POLICY_NONE, RESULT_TYPES, NULL);
	count(f->db, "never", 45, POLICY_NONE, RESULT_STARTTLS_NOT_SUPPORTED,
	      "own");
	expect_period(f->db, "never7.example", FAULT_THEIRS, 45, "");
	count(f->db, "strip", 40, POLICY_NONE, RESULT_STARTTLS_NOT_SUPPORTED,
	      "own");
	expect_period(f->db, "strip7.example", FAULT_OURS, 85, "");
}

/* Trust, DNSSEC, policies: each fails differently, and a few do as never. */
static void test_everything_fails(void **state)
{
	struct fixture *f = *state;

	count_usual_days(f->db, 3);
	count(f->db, "a", 90, POLICY_NONE, RESULT_VALIDATION_FAILURE, "own");
	count(f->db, "b", 60, POLICY_STS, RESULT_CERTIFICATE_NOT_TRUSTED,
	      "own");
	count(f->db, "c", 2, POLICY_STS, RESULT_STS_WEBPKI_INVALID, "own");
	count(f->db, "d", 1, POLICY_TLSA, RESULT_TLSA_INVALID, "own");
	expect_period(f->db, "a5.example", FAULT_OURS, 90, "");
	expect_period(f->db, "c1.example", FAULT_OURS, 2, "");
	expect_period(f->db, "d0.example", FAULT_OURS, 1, "");
	expect_thinkable(f->db, DAY);
}

static void test_what_is_thinkable(void **state)
{
	struct fixture *f = *state;
	struct day_sums sums = {.domains = 400, .policy_domains = {0, 390, 10}};

	count_usual_days(f->db, 3);
	expect_thinkable(f->db, DAY - 1);
	count(f->db, "well", 60, POLICY_STS, RESULT_TYPES, NULL);
	count(f->db, "old", 8, POLICY_STS, RESULT_CERTIFICATE_NOT_TRUSTED,
	      "own");
	expect_period(f->db, "old3.example", FAULT_OURS, 8, "");
	expect_thinkable(f->db, DAY);
	assert_false(day_fault_is_thinkable(&sums));
	sums.failing_domains =
		sums.failing_by_result[RESULT_CERTIFICATE_EXPIRED] = 30;
	sums.policy_results[1][RESULT_CERTIFICATE_EXPIRED] = 99;
	assert_false(day_fault_is_thinkable(&sums));
	sums.failing_by_result[RESULT_CERTIFICATE_EXPIRED] = 39;
	assert_true(day_fault_is_thinkable(&sums));
}

/* No MX host is told of what was not fetched. */
static void test_no_policy_can_be_fetched(void **state)
{
	struct fixture *f = *state;

	count(f->db, "plain", 300, POLICY_NONE, RESULT_TYPES, NULL);
	count(f->db, "sts", 20, POLICY_STS, RESULT_STS_POLICY_FETCH_ERROR,
	      NULL);
	expect_period(f->db, "sts3.example", FAULT_OURS, 20, "");
}

static void test_a_small_site(void **state)
{
	struct fixture *f = *state;

	count(f->db, "only", 1, POLICY_STS, RESULT_CERTIFICATE_EXPIRED, "own");
	expect_period(f->db, "only0.example", FAULT_UNCLEAR, 1, "");
	count(f->db, "well", 4, POLICY_STS, RESULT_TYPES, NULL);
	expect_period(f->db, "only0.example", FAULT_THEIRS, 1, "");
}

static void test_all_fail(void **state)
{
	struct fixture *f = *state;

	count(f->db, "a", 3, POLICY_TLSA, RESULT_DNSSEC_INVALID,
	      "mx.big.example.net");
	expect_period(f->db, "a0.example", FAULT_UNCLEAR, 3, "example.net");
	count(f->db, "b", 1, POLICY_TLSA, RESULT_DNSSEC_INVALID, "own");
	expect_period(f->db, "a0.example", FAULT_OURS, 4, "example.net");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_rule_of_all),
		STORE_TEST(test_a_big_mx_fails),
		STORE_TEST(test_our_ca_file_is_old),
		STORE_TEST(test_some_always_fail),
		STORE_TEST(test_everything_fails),
		STORE_TEST(test_what_is_thinkable),
		STORE_TEST(test_no_policy_can_be_fetched),
		STORE_TEST(test_a_small_site),
		STORE_TEST(test_all_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
