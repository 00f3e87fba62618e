#include "unit/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/strbuf.h"
#include "domain/policy_text.h"
#include "policyd/answer_cache.h"
#include "policyd/answer_text.h"

/* --- packed texts --- */

static void check_round(const char *text, size_t len, size_t packed_max)
{
	auto_(strbuf_clear) struct strbuf packed = {0}, again = {0};

	answer_text_pack(text, len, &packed);
	assert_true(packed.len <= packed_max);
	assert_true(answer_text_unpack(strbuf_text(&packed), packed.len, len,
	                               &again));
	assert_int_equal(again.len, len);
	assert_memory_equal(strbuf_text(&again), text, len);
	/* the beginning alone */
	strbuf_reset(&again);
	answer_text_unpack(strbuf_text(&packed), packed.len, len / 2, &again);
	assert_int_equal(again.len, len / 2);
	assert_memory_equal(strbuf_text(&again), text, len / 2);
}

static void test_text(void **state)
{
	static const char answer[] =
		"secure match=mx1.d.test:mx2.d.test servername=hostname "
		"policy_type=sts policy_domain=d.test "
		"mx_host_pattern=mx1.d.test mx_host_pattern=mx2.d.test "
		"{ policy_string = version: STSv1 } { policy_string = mode: "
		"enforce } { policy_string = mx: mx1.d.test } { policy_string "
		"= mx: mx2.d.test } { policy_string = max_age: 604800 }";
	static char large[POLICY_TEXT_MAX];

	(void)state;
	check_round("", 0, 0);
	check_round("may", 3, 3);
	check_round(answer, sizeof(answer) - 1, 110);
	memset(large, 'x', sizeof(large));
	check_round(large, sizeof(large), sizeof(large) / 10);
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(0x20 + (i * i + i / 7) % 0x5f);
	check_round(large, sizeof(large), sizeof(large));
}

static void test_damaged_text(void **state)
{
	static const char *const damaged[] = {"abc\001", "abc\001\001",
	                                      "\037\377\377"};
	auto_(strbuf_clear) struct strbuf out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(damaged); i++)
		assert_false(answer_text_unpack(damaged[i], strlen(damaged[i]),
		                                100, &out));
	/* back by nothing */
	assert_false(answer_text_unpack("a\001\000\000", 4, 100, &out));
}

/* --- the table --- */

static void put(struct answer_cache *cache, const char *domain,
                const char *text)
{
	auto_(strbuf_clear) struct strbuf packed = {0};
	struct ready_answer *answer;

	answer_text_pack(text, strlen(text), &packed);
	answer = answer_cache_put(cache, domain, strlen(domain),
	                          strbuf_text(&packed), packed.len);
	answer->text_len = (uint32_t)strlen(text);
}

static void check_has(struct answer_cache *cache, const char *domain,
                      const char *text)
{
	struct ready_answer *answer =
		answer_cache_find(cache, domain, strlen(domain));
	auto_(strbuf_clear) struct strbuf out = {0};

	assert_int_equal(answer != NULL, text != NULL);
	if (text == NULL)
		return;
	answer_cache_text(answer, answer->text_len, &out);
	assert_string_equal(strbuf_text(&out), text);
}

static void test_put(void **state)
{
	auto_(answer_cache_free) struct answer_cache *cache =
		answer_cache_new(1 << 20);

	(void)state;
	check_has(cache, "a.test", NULL);
	put(cache, "a.test", "may");
	put(cache, "b.test", "encrypt");
	put(cache, "a.test", "dane");
	check_has(cache, "a.test", "dane");
	check_has(cache, "b.test", "encrypt");
	assert_null(answer_cache_find(cache, "a.tes", 5));
	assert_int_equal(answer_cache_count(cache), 2);
	answer_cache_find(cache, "a.test", 6)->good_until = 1;
	answer_cache_expire(cache);
	check_has(cache, "a.test", "dane");
	assert_int_equal(answer_cache_find(cache, "a.test", 6)->good_until, 0);
}

static void count_answer(void *arg, struct ready_answer *answer)
{
	(void)answer;
	(*(size_t *)arg)++;
}

/* Who was not asked for the longest goes first; and all are walked over. */
static void test_bound(void **state)
{
	enum { MANY = 20000, BYTES = 100 * 1000 };
	auto_(answer_cache_free) struct answer_cache *cache =
		answer_cache_new(BYTES);
	size_t seen = 0;
	char domain[32];

	(void)state;
	put(cache, "used.test", "may");
	for (int i = 0; i < MANY; i++) {
		snprintf(domain, sizeof(domain), "d%d.test", i);
		put(cache, domain, "encrypt");
		check_has(cache, "used.test", "may");
		assert_true(answer_cache_bytes(cache) <= BYTES);
	}
	check_has(cache, "d0.test", NULL);
	check_has(cache, domain, "encrypt");
	assert_true(answer_cache_count(cache) > 500);
	for (int i = 0; i < 10; i++)
		answer_cache_walk(cache, 10, count_answer, &seen);
	assert_true(seen >= answer_cache_count(cache));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_damaged_text),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
