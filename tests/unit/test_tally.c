#include "unit/test.h"

#include "session/tally.h"

/* A failed session of domain with one failure from `helo`. */
static void add(struct tally *tally, const char *domain, const char *helo,
                const char *string, uint64_t n, bool want)
{
	struct failure_detail failure = {
		.result = RESULT_VALIDATION_FAILURE,
		.sending_ip = "192.0.2.1",
		.mx_host = "mx.example",
		.mx_helo = helo,
	};
	struct session_policy policy = {
		.type = POLICY_STS,
		.domain = domain,
		.strings = &string,
		.string_count = string != NULL,
		.failures = &failure,
		.failure_count = 1,
		.failed = true,
	};
	struct session session = {
		.domain = domain,
		.record = "v=TLSRPTv1;rua=mailto:a@b.example",
		.policies = &policy,
		.policy_count = 1,
		.valid = true,
	};

	assert_int_equal(tally_add(tally, 20000, &session, n), want);
}

/* Sums of one domain's policies and details: they never get lost. */
static void assert_sums(const struct tally_domain *domain, uint64_t sessions)
{
	uint64_t failures = 0, details = 0;

	for (struct tally_policy *p = domain->policies; p; p = p->next) {
		failures += p->success + p->failure;
		for (struct tally_detail *d = p->details; d; d = d->next)
			details += d->count;
	}
	assert_int_equal(domain->success + domain->failure, sessions);
	assert_int_equal(failures, sessions);
	assert_int_equal(details, sessions);
}

static void test_equal_things_count_together(void **state)
{
	struct tally_limits limits = {32, 1000, 1 << 20, 1 << 21};
	struct tally *tally = tally_new(7, &limits);
	struct tally_domain **sorted;

	(void)state;
	for (int i = 0; i < 5; i++)
		add(tally, "b.example", "mx", "version: STSv1", 2, true);
	add(tally, "a.example", "mx", "version: STSv1", 1, true);
	assert_int_equal(tally_domain_count(tally), 2);
	sorted = tally_sorted(tally);
	assert_string_equal(sorted[0]->domain, "a.example");
	assert_string_equal(sorted[1]->domain, "b.example");
	assert_int_equal(sorted[1]->policy_count, 1);
	assert_int_equal(sorted[1]->detail_count, 1);
	assert_sums(sorted[1], 10);
	tally_reset(tally);
	assert_int_equal(tally_domain_count(tally), 0);
	add(tally, "a.example", "mx", NULL, 1, true);
	assert_sums(tally_sorted(tally)[0], 1);
	tally_free(&tally);
}

static void test_days_stand_apart(void **state)
{
	struct tally_limits limits = {32, 1000, 1 << 20, 1 << 21};
	struct tally *tally = tally_new(7, &limits);
	struct session_policy policy = {.type = POLICY_NONE, .domain = "a.x"};
	struct session session = {
		.domain = "a.x", .policies = &policy, .policy_count = 1};

	(void)state;
	assert_true(tally_add(tally, 20001, &session, 1));
	assert_true(tally_add(tally, 20000, &session, 2));
	assert_int_equal(tally_domain_count(tally), 2);
	assert_int_equal(tally_sorted(tally)[0]->day, 20000);
	assert_int_equal(tally_sorted(tally)[0]->success, 2);
	assert_int_equal(tally_sorted(tally)[1]->success, 1);
	tally_free(&tally);
}

static void test_details_fold_past_the_cap(void **state)
{
	struct tally_limits limits = {32, 50, 1 << 24, 1 << 25};
	struct tally *tally = tally_new(7, &limits);
	char helo[32];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(helo, sizeof(helo), "host%d", i);
		add(tally, "a.example", helo, "version: STSv1", 1, true);
	}
	assert_int_equal(tally_sorted(tally)[0]->detail_count, 51);
	assert_sums(tally_sorted(tally)[0], 5000);
	tally_free(&tally);
}

static void test_policies_lose_their_strings_past_the_cap(void **state)
{
	struct tally_limits limits = {4, 50, 1 << 24, 1 << 25};
	struct tally *tally = tally_new(7, &limits);
	char string[32];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(string, sizeof(string), "max_age: %d", i);
		add(tally, "a.example", "mx", string, 1, true);
	}
	assert_int_equal(tally_sorted(tally)[0]->policy_count, 5);
	assert_sums(tally_sorted(tally)[0], 100);
	tally_free(&tally);
}

/* A session of domain without failures. */
static bool add_plain(struct tally *tally, const char *domain,
                      const char *record)
{
	struct session_policy policy = {.type = POLICY_NONE, .domain = domain};
	struct session session = {.domain = domain,
	                          .record = record,
	                          .policies = &policy,
	                          .policy_count = 1};

	return tally_add(tally, 20000, &session, 1);
}

/* Until it takes no domain more; how many it took. */
static size_t fill(struct tally *tally)
{
	char domain[32];
	size_t taken = 0;

	for (int i = 0; i < 40000; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		taken += add_plain(tally, domain, NULL);
	}
	assert_true(taken > 0 && taken < 40000);
	return taken;
}

static void test_memory_is_bounded(void **state)
{
	struct tally_limits limits = {32, 1000, 1 << 19, 1 << 20};
	struct tally *tally = tally_new(7, &limits);
	size_t taken = fill(tally);

	(void)state;
	assert_int_equal(tally_domain_count(tally), taken);
	assert_true(tally_bytes(tally) < 2 << 20);
	/* what it knows still counts */
	assert_true(add_plain(tally, "d0.example", NULL));
	tally_free(&tally);
}

static void test_known_domains_do_not_grow_past_the_bound(void **state)
{
	struct tally_limits limits = {32, 1000, 1 << 19, 1 << 20};
	struct tally *tally = tally_new(7, &limits);
	struct tally_domain *first;
	size_t count = fill(tally), bytes = tally_bytes(tally);
	char domain[32];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		snprintf(domain, sizeof(domain), "d%zu.example", i);
		add(tally, domain, "mx", "version: STSv1", 3, false);
	}
	assert_int_equal(tally_bytes(tally), bytes);
	/* a session refused has left nothing behind */
	first = tally_sorted(tally)[0];
	assert_int_equal(first->success + first->failure, 1);
	assert_int_equal(first->policy_count, 1);
	tally_free(&tally);
}

static void test_records_take_the_room_of_the_one_before(void **state)
{
	struct tally_limits limits = {32, 1000, 1 << 24, 1 << 25};
	struct tally *tally = tally_new(7, &limits);
	char record[SESSION_RECORD_MAX + 1], want[SESSION_RECORD_MAX + 1] = "";

	(void)state;
	for (int i = 0; i < 4000; i++) {
		memset(record, 'a' + i % 26, (size_t)i + 1);
		record[i + 1] = '\0';
		assert_true(add_plain(tally, "a.example", record));
		strcpy(want, record);
	}
	assert_string_equal(tally_sorted(tally)[0]->record, want);
	assert_true(add_plain(tally, "a.example", "short"));
	assert_string_equal(tally_sorted(tally)[0]->record, "short");
	assert_true(add_plain(tally, "a.example", NULL));
	assert_string_equal(tally_sorted(tally)[0]->record, "short");
	assert_true(tally_bytes(tally) < 1 << 17);
	tally_free(&tally);
}

/* What one table counted and another counted, added to a third, is what one
 * that saw all counted. */
static void test_counts_of_several_tables_add_up(void **state)
{
	struct tally_limits limits = {32, 1000, 1 << 20, 1 << 21};
	struct tally *part[2], *sum = tally_new(9, &limits);
	struct tally_domain **sorted;

	(void)state;
	for (int i = 0; i < 2; i++) {
		part[i] = tally_new((uint64_t)i, &limits);
		add(part[i], "a.example", "mx", "version: STSv1", 2, true);
		add(part[i], "a.example", i ? "other" : "mx", NULL, 3, true);
	}
	assert_true(add_plain(part[1], "b.example", "of b"));
	assert_true(add_plain(part[1], "a.example", NULL));
	for (int i = 0; i < 2; i++) {
		sorted = tally_sorted(part[i]);
		for (size_t k = 0; k < tally_domain_count(part[i]); k++)
			assert_true(tally_add_counts(sum, sorted[k]));
		tally_free(&part[i]); /* nothing of it is kept */
	}
	assert_int_equal(tally_domain_count(sum), 2);
	sorted = tally_sorted(sum);
	assert_int_equal(sorted[0]->failure, 10);
	assert_int_equal(sorted[0]->success, 1);
	assert_int_equal(sorted[0]->policy_count, 3);
	assert_int_equal(sorted[0]->detail_count, 3);
	assert_string_equal(sorted[0]->record,
	                    "v=TLSRPTv1;rua=mailto:a@b.example");
	assert_int_equal(sorted[1]->success, 1);
	assert_string_equal(sorted[1]->record, "of b");
	tally_free(&sum);
}

static void test_added_counts_fold_past_the_caps(void **state)
{
	struct tally_limits many = {100, 1000, 1 << 24, 1 << 25};
	struct tally_limits few = {4, 10, 1 << 24, 1 << 25};
	struct tally *from = tally_new(7, &many), *to = tally_new(8, &few);
	char text[32];

	(void)state;
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "max_age: %d", i);
		add(from, "a.example", text, text, 2, true);
	}
	assert_int_equal(tally_sorted(from)[0]->policy_count, 50);
	assert_true(tally_add_folded(to, tally_sorted(from)[0]));
	assert_int_equal(tally_sorted(to)[0]->policy_count, 5);
	assert_true(tally_sorted(to)[0]->detail_count <= 16);
	assert_sums(tally_sorted(to)[0], 100);
	tally_free(&from);
	tally_free(&to);
}

static void test_counts_are_refused_at_the_bound(void **state)
{
	struct tally_limits limits = {32, 1000, 1 << 19, 1 << 20};
	struct tally *full = tally_new(7, &limits),
		     *more = tally_new(8, &limits);

	(void)state;
	fill(full);
	assert_true(add_plain(more, "d0.example", NULL));
	assert_false(tally_add_counts(full, tally_sorted(more)[0]));
	tally_free(&full);
	tally_free(&more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_things_count_together),
		cmocka_unit_test(test_days_stand_apart),
		cmocka_unit_test(test_details_fold_past_the_cap),
		cmocka_unit_test(test_policies_lose_their_strings_past_the_cap),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_known_domains_do_not_grow_past_the_bound),
		cmocka_unit_test(test_records_take_the_room_of_the_one_before),
		cmocka_unit_test(test_counts_of_several_tables_add_up),
		cmocka_unit_test(test_added_counts_fold_past_the_caps),
		cmocka_unit_test(test_counts_are_refused_at_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
