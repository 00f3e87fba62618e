#include "unit/store_test.h"

#include <stdio.h>

#include "base/base64.h"
#include "http/auth.h"
#include "store/api_token_table.h"
#include "store/counter_table.h"

enum { NOW = 1772359200 };

#define FROM(address) ((struct auth_from){address, false, false})

/* Adds a token of that name and gives its text. */
static void add(struct fixture *f, const char *name, int64_t expires,
                char text[AUTH_TOKEN_TEXT])
{
	struct db_txn *txn = db_begin_write(f->db);
	struct api_token row = {.permissions = PERMIT_TALLY_READ,
	                        .created = NOW,
	                        .expires = expires};

	snprintf(row.name, sizeof(row.name), "%s", name);
	auth_token_new(text, row.hash);
	api_token_put(txn, &row);
	commit_ok(&txn);
}

static void test_what_a_header_gives(void **state)
{
	struct fixture *f = *state;
	struct clock clock = clock_fixed(NOW);
	struct auth *auth = auth_new(f->db, &clock);
	char good[AUTH_TOKEN_TEXT], old[AUTH_TOKEN_TEXT];
	const struct {
		const char *name, *before, *token, *after;
		enum auth_result want;
	} rows[] = {
		{"a token", "Bearer ", good, "", AUTH_OK},
		{"the scheme in any case", "bEARER ", good, "", AUTH_OK},
		{"several spaces", "Bearer   ", good, "", AUTH_OK},
		{"one that has expired", "Bearer ", old, "", AUTH_WRONG},
		{"a letter more", "Bearer ", good, "A", AUTH_WRONG},
		{"a space at its end", "Bearer ", good, " ", AUTH_WRONG},
		{"another scheme", "Basic ", good, "", AUTH_MISSING},
		{"no scheme", "", good, "", AUTH_MISSING},
		{"nothing behind the scheme", "Bearer ", "", "", AUTH_MISSING},
		{"empty", "", "", "", AUTH_MISSING},
	};

	add(f, "good", NOW + 1, good);
	add(f, "old", NOW, old);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_(xfree_str) char *header = xasprintf(
			"%s%s%s", rows[i].before, rows[i].token, rows[i].after);
		struct auth_answer answer;

		auth_check(auth, header, FROM("192.0.2.1"), &answer);
		if (answer.result != rows[i].want)
			fail_msg("%s: %d", rows[i].name, (int)answer.result);
		if (answer.result != AUTH_OK)
			continue;
		assert_string_equal(answer.name, "good");
		assert_int_equal(answer.permissions, PERMIT_TALLY_READ);
	}
	auth_free(&auth);
}

/* RFC 7617; never where others can read it. */
static void test_basic(void **state)
{
	struct fixture *f = *state;
	struct clock clock = clock_fixed(NOW);
	struct auth *auth = auth_new(f->db, &clock);
	const struct auth_from far = {"192.0.2.1", false, true};
	auto_(strbuf_clear) struct strbuf header = {0};
	auto_(xfree_str) char *both = NULL;
	char good[AUTH_TOKEN_TEXT];
	struct auth_answer answer;

	add(f, "good", 0, good);
	both = xasprintf("somebody:%s", good);
	strbuf_puts(&header, "Basic ");
	base64_write(both, strlen(both), &header);
	auth_check(auth, strbuf_text(&header), FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_IN_CLEAR);
	auth_check(auth, strbuf_text(&header), far, &answer);
	assert_int_equal(answer.result, AUTH_OK);
	assert_string_equal(answer.name, "good");
	auth_check(auth, "Basic Z29vZDp3cm9uZw==", far, &answer);
	assert_int_equal(answer.result, AUTH_WRONG);
	auth_check(auth, "Basic Z29vZA==", far, &answer);
	assert_int_equal(answer.result, AUTH_MISSING);
	auth_free(&auth);
}

static void test_no_header_and_a_long_one(void **state)
{
	struct fixture *f = *state;
	struct clock clock = clock_fixed(NOW);
	struct auth *auth = auth_new(f->db, &clock);
	auto_(xfree_str) char *header = xasprintf("Bearer %01000d", 1);
	struct auth_answer answer;

	auth_check(auth, NULL, FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_MISSING);
	auth_check(auth, header, FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_MISSING);
	auth_free(&auth);
}

static void test_who_guesses_has_to_wait(void **state)
{
	struct fixture *f = *state;
	struct clock clock = clock_fixed(NOW);
	struct auth *auth = auth_new(f->db, &clock);
	char token[AUTH_TOKEN_TEXT];
	auto_(xfree_str) char *good = NULL;
	struct auth_answer answer;

	add(f, "good", 0, token);
	good = xasprintf("Bearer %s", token);
	for (int i = 0; i < AUTH_WRONG_MAX; i++) {
		auth_check(auth, "Bearer guess", FROM("192.0.2.1"), &answer);
		assert_int_equal(answer.result, AUTH_WRONG);
	}
	auth_check(auth, "Bearer guess", FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_TOO_MANY);
	assert_int_equal(answer.retry_after, AUTH_WRONG_SECS);
	auth_check(auth, good, FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_TOO_MANY);
	/* nobody else does */
	auth_check(auth, good, FROM("192.0.2.2"), &answer);
	assert_int_equal(answer.result, AUTH_OK);
	clock.fixed_ms += AUTH_WRONG_SECS * 1000;
	auth_check(auth, good, FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_OK);
	auth_free(&auth);
}

/* A minute is one by any clock: setting it helps nobody who guesses, and makes
 * nobody wait for a year. */
static void test_clock_is_set(void **state)
{
	const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
	struct fixture *f = *state;
	struct clock clock = clock_fixed(NOW);
	struct auth *auth = auth_new(f->db, &clock);
	char token[AUTH_TOKEN_TEXT];
	auto_(xfree_str) char *good = NULL;
	struct auth_answer answer;

	add(f, "good", 0, token);
	good = xasprintf("Bearer %s", token);
	clock_step(&clock, year_ms);
	for (int i = 0; i < AUTH_WRONG_MAX; i++)
		auth_check(auth, "Bearer guess", FROM("192.0.2.1"), &answer);
	clock_step(&clock, year_ms);
	auth_check(auth, good, FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_TOO_MANY);
	clock_step(&clock, -2 * year_ms);
	auth_check(auth, good, FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_TOO_MANY);
	assert_int_equal(answer.retry_after, AUTH_WRONG_SECS);
	clock.fixed_ms += AUTH_WRONG_SECS * 1000;
	auth_check(auth, good, FROM("192.0.2.1"), &answer);
	assert_int_equal(answer.result, AUTH_OK);
	auth_free(&auth);
}

/* Behind a proxy that does not say whom it brings all have one address. */
static void test_who_guesses_where_others_are_waits_alone(void **state)
{
	const struct auth_from shared = {"127.0.0.1", true, true};
	struct fixture *f = *state;
	struct clock clock = clock_fixed(NOW);
	struct auth *auth = auth_new(f->db, &clock);
	char token[AUTH_TOKEN_TEXT];
	auto_(xfree_str) char *good = NULL;
	struct auth_answer answer;

	add(f, "good", 0, token);
	good = xasprintf("Bearer %s", token);
	for (int n = 1; n <= AUTH_WRONG_MAX; n++) {
		auth_check(auth, "Bearer guess", shared, &answer);
		assert_int_equal(answer.result, AUTH_WRONG);
		assert_int_equal(answer.is_last, n == AUTH_WRONG_MAX);
	}
	auth_check(auth, "Bearer guess", shared, &answer);
	assert_int_equal(answer.result, AUTH_TOO_MANY);
	assert_false(answer.is_last);
	auth_check(auth, good, shared, &answer);
	assert_int_equal(answer.result, AUTH_OK);
	assert_string_equal(answer.name, "good");
	auth_free(&auth);
}

static void test_tokens_differ_and_only_hashes_stay(void **state)
{
	struct fixture *f = *state;
	char one[AUTH_TOKEN_TEXT], two[AUTH_TOKEN_TEXT];
	struct api_token row = {0};
	struct db_txn *txn;

	add(f, "one", 0, one);
	add(f, "two", 0, two);
	assert_string_not_equal(one, two);
	assert_int_equal(strlen(one), AUTH_TOKEN_TEXT - 1);
	assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
	                             "nopqrstuvwxyz0123456789-_"),
	                 strlen(one));
	txn = db_begin_write(f->db);
	assert_int_equal(api_token_next(txn, &row), 1);
	assert_string_equal(row.name, "one");
	assert_null(memmem(row.hash, sizeof(row.hash), one + 6, 8));
	assert_int_equal(api_token_next(txn, &row), 1);
	assert_string_equal(row.name, "two");
	assert_int_equal(api_token_next(txn, &row), 0);
	assert_int_equal(api_token_get(txn, "two", &row), 1);
	assert_int_equal(row.created, NOW);
	assert_int_equal(api_token_delete(txn, "two"), 1);
	assert_int_equal(api_token_delete(txn, "two"), 0);
	assert_int_equal(api_token_get(txn, "two", &row), 0);
	commit_ok(&txn);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		int want;
	} rows[] = {
		{"web", 0},
		{"a.b_c-9", 0},
		{"", ERR_PARSE},
		{"a b", ERR_PARSE},
		{"a/b", ERR_PARSE},
		{"\xc3\xa4", ERR_PARSE},
		{"0123456789012345678901234567890123456789012345678901234567890"
	         "12",
	         0},
		{"0123456789012345678901234567890123456789012345678901234567890"
	         "123",
	         ERR_PARSE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};

		if (auth_name_check(rows[i].name, &err) != rows[i].want)
			fail_msg("%s: %s", rows[i].name, err.text);
	}
}

static void test_permission_words(void **state)
{
	enum jmap_permission permission;
	struct err err = {0};

	(void)state;
	for (unsigned bit = 1; bit < PERMIT_ALL; bit <<= 1) {
		const char *word = jmap_permission_word(bit);

		assert_non_null(word);
		assert_true(jmap_permission_from_word(word, &permission, &err));
		assert_int_equal(permission, bit);
	}
	assert_null(jmap_permission_word(PERMIT_ALL));
	assert_false(jmap_permission_from_word("tallyRaed", &permission, &err));
	assert_non_null(strstr(err.text, "did you mean tallyRead?"));
}

static void test_counters(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct counter counter = {0};

	counter_add(txn, "b", 2);
	counter_add(txn, "a", 1);
	counter_add(txn, "b", 3);
	assert_int_equal(counter_next(txn, &counter), 1);
	assert_string_equal(counter.name, "a");
	assert_int_equal(counter.n, 1);
	assert_int_equal(counter_next(txn, &counter), 1);
	assert_string_equal(counter.name, "b");
	assert_int_equal(counter.n, 5);
	assert_int_equal(counter_next(txn, &counter), 0);
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_what_a_header_gives),
		STORE_TEST(test_basic),
		STORE_TEST(test_no_header_and_a_long_one),
		STORE_TEST(test_who_guesses_has_to_wait),
		STORE_TEST(test_clock_is_set),
		STORE_TEST(test_who_guesses_where_others_are_waits_alone),
		STORE_TEST(test_tokens_differ_and_only_hashes_stay),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_permission_words),
		STORE_TEST(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
