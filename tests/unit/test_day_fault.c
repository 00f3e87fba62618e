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
	static const struct {
		const char *name;
		struct fault_facts facts;
		enum fault want;
	} rows[] = {
		{"one domain of many",
	         {.domains = 400, .at_risk = 400, .alike = 1, .receivers = 1},
	         FAULT_THEIRS},
		{"many domains, one receiver: a big MX fails",
	         {400, 400, 30, 30, 1, 30},
	         FAULT_THEIRS},
		{"nearly all at one receiver, two others by chance",
	         {400, 400, 32, 32, 3, 30},
	         FAULT_THEIRS},
		{"many domains, many receivers",
	         {400, 400, 45, 32, 30, 2},
	         FAULT_OURS},
		{"less than a tenth", {400, 400, 35, 32, 32, 1}, FAULT_THEIRS},
		{"all with DANE, of many without: a broken resolver",
	         {1000, 50, 50, 32, 28, 3},
	         FAULT_OURS},
		{"a large receiver and the others of its kind: an old CA file",
	         {100, 100, 40, 32, 14, 19},
	         FAULT_OURS},
		{"two receivers may fail on the same day",
	         {5, 5, 2, 2, 2, 1},
	         FAULT_THEIRS},
		{"three of five at three receivers",
	         {5, 5, 3, 3, 3, 1},
	         FAULT_OURS},
		{"both domains with MTA-STS have let their certificates expire",
	         {50, 2, 2, 2, 2, 1},
	         FAULT_THEIRS},
		{"all domains, at two receivers",
	         {2, 2, 2, 2, 2, 1},
	         FAULT_OURS},
		{"all domains, at one receiver",
	         {4, 4, 4, 4, 1, 4},
	         FAULT_UNCLEAR},
		{"the only domain of the day",
	         {.domains = 1, .at_risk = 1, .alike = 1, .receivers = 1},
	         FAULT_UNCLEAR},
		{"most at one receiver, and all others too",
	         {100, 100, 100, 32, 9, 24},
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

/* Sessions of that many domains, NAME0.example and so on: failed with that
 * result at hosts below mx, "own": of their own, NULL: none is told.  A result
 * of RESULT_TYPES: they went well. */
static void count(struct db *db, const char *name, int domains,
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
		assert_true(tally_add(tally, DAY, &session, 3));
		tally_apply(txn, tally_sorted(tally)[0], &limits);
	}
	if (db_commit(&txn, &err) < 0)
		fail_msg("%s", err.text);
}

static void expect_period(struct db *db, const char *domain, enum fault fault,
                          uint64_t with, const char *at)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct domain_period of;

	assert_true(domain_period_get(domain_period_of(txn, DAY, DAY), domain,
	                              &of));
	if (of.fault != fault || of.failing_with != with ||
	    strcmp(of.failing_at, at) != 0)
		fail_msg("%s: wanted %s with %d at '%s', got %s with %d at "
		         "'%s'",
		         domain, word_api(&words_faults, (int)fault), (int)with,
		         at, word_api(&words_faults, (int)of.fault),
		         (int)of.failing_with, of.failing_at);
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
	expect_period(f->db, "old3.example", FAULT_OURS, 12, "");
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
		STORE_TEST(test_a_big_mx_fails),
		STORE_TEST(test_our_ca_file_is_old),
		STORE_TEST(test_no_policy_can_be_fetched),
		STORE_TEST(test_a_small_site),
		STORE_TEST(test_all_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
