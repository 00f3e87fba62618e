#include "unit/test.h"

#include "intake/memo.h"

static const struct memo_limits small = {.entries = 8, .bytes = 1 << 20};

static struct session_policy policy = {.type = POLICY_NONE,
                                       .domain = "a.example"};
static const struct session sample = {
	.domain = "a.example", .policies = &policy, .policy_count = 1};

/* Sees the bytes as the receiving thread does; true when they were known. */
static bool see(struct memo *memo, const char *bytes)
{
	struct memo_event event = {.data = bytes, .len = strlen(bytes)};

	memo_prepare(memo, &event, 1);
	if (memo_hit(memo, &event))
		return true;
	memo_miss(memo, &event, &sample);
	return false;
}

static void sum(void *arg, const struct session *session, uint64_t hits)
{
	assert_string_equal(session->domain, "a.example");
	*(uint64_t *)arg += hits;
}

static uint64_t left_hits(struct memo *memo)
{
	uint64_t hits = 0;

	memo_each(memo, sum, &hits);
	memo_forget(memo);
	return hits;
}

static void test_known_from_the_second_sight(void **state)
{
	struct memo *memo = memo_new(1, &small);

	(void)state;
	assert_false(see(memo, "x"));
	assert_false(see(memo, "x"));
	assert_true(see(memo, "x"));
	assert_true(see(memo, "x"));
	assert_false(see(memo, "y"));
	memo_swap(memo);
	assert_int_equal(left_hits(memo), 2);
	/* and each hit is handed out once */
	memo_swap(memo);
	assert_int_equal(left_hits(memo), 0);
	memo_free(&memo);
}

/* Many that come in turn: each is known the third time, whatever others come in
 * between. */
static void test_many_in_turn(void **state)
{
	enum { DATAGRAMS = 10000 };
	const struct memo_limits large = {.entries = DATAGRAMS,
	                                  .bytes = 64 << 20};
	struct memo *memo = memo_new(1, &large);
	unsigned known = 0;

	(void)state;
	for (unsigned i = 0; i < 3 * DATAGRAMS; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i % DATAGRAMS);
		known += see(memo, text);
	}
	assert_in_range(known, DATAGRAMS * 98 / 100, DATAGRAMS);
	memo_free(&memo);
}

static void test_hits_go_on_while_a_side_is_read(void **state)
{
	struct memo *memo = memo_new(1, &small);

	(void)state;
	see(memo, "x");
	see(memo, "x");
	see(memo, "x");
	memo_swap(memo);
	assert_true(see(memo, "x"));
	assert_true(see(memo, "x"));
	assert_int_equal(left_hits(memo), 1);
	memo_swap(memo);
	assert_int_equal(left_hits(memo), 2);
	memo_free(&memo);
}

static void test_a_full_memo_forgets_the_older_half(void **state)
{
	struct memo *memo = memo_new(1, &small);
	char text[16];

	(void)state;
	see(memo, "old");
	see(memo, "old");
	for (int round = 0; round < 2; round++) {
		uint64_t expected = see(memo, "old") ? 1 : 0;

		for (int i = 0; i < 8; i++) {
			snprintf(text, sizeof(text), "%d-%d", round, i);
			see(memo, text);
			see(memo, text);
		}
		memo_swap(memo);
		/* what is forgotten now was still counted */
		assert_int_equal(left_hits(memo), expected);
	}
	assert_false(see(memo, "old"));
	memo_free(&memo);
}

static void test_the_same_hash_is_not_the_same_bytes(void **state)
{
	struct memo *memo = memo_new(1, &small);
	struct memo_event x = {.data = "x", .len = 1}, y, xx;

	(void)state;
	memo_prepare(memo, &x, 1);
	y = (struct memo_event){.data = "y", .len = 1, .hash = x.hash};
	xx = (struct memo_event){.data = "xx", .len = 2, .hash = x.hash};
	memo_miss(memo, &x, &sample);
	memo_miss(memo, &x, &sample);
	assert_true(memo_hit(memo, &x));
	assert_false(memo_hit(memo, &y));
	assert_false(memo_hit(memo, &xx));
	memo_free(&memo);
}

static void test_drain_empties_the_side_in_use(void **state)
{
	struct memo *memo = memo_new(1, &small);
	uint64_t hits = 0;

	(void)state;
	see(memo, "x");
	see(memo, "x");
	see(memo, "x");
	memo_drain(memo, sum, &hits);
	assert_int_equal(hits, 1);
	memo_swap(memo);
	assert_int_equal(left_hits(memo), 0);
	memo_free(&memo);
}

static void test_long_datagrams_do_not_crowd_it(void **state)
{
	struct memo_limits limits = {.entries = 64, .bytes = 64 * 100};
	struct memo *memo = memo_new(1, &limits);
	char text[200];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 4; i++)
		assert_false(see(memo, text));
	memo_free(&memo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_from_the_second_sight),
		cmocka_unit_test(test_many_in_turn),
		cmocka_unit_test(test_hits_go_on_while_a_side_is_read),
		cmocka_unit_test(test_a_full_memo_forgets_the_older_half),
		cmocka_unit_test(test_the_same_hash_is_not_the_same_bytes),
		cmocka_unit_test(test_drain_empties_the_side_in_use),
		cmocka_unit_test(test_long_datagrams_do_not_crowd_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
