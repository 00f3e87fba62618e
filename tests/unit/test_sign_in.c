#include "unit/store_test.h"

#include "http/auth.h"
#include "http/sign_in.h"

enum { NOW = 1772409600 };

/* RFC 7636 appendix B. */
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define REDIRECT "https://tally.example.com/oauth/callback"
#define BROWSER "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void add_token(struct fixture *f, const char *name, int64_t expires)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
	struct api_token row = {.permissions = 1, .expires = expires};
	char text[AUTH_TOKEN_TEXT];
	struct err err;

	snprintf(row.name, sizeof(row.name), "%s", name);
	auth_token_new(text, row.hash);
	api_token_put(txn, &row);
	assert_int_equal(db_commit(&txn, &err), 0);
}

static void begin_with(struct fixture *f, const char *token, int64_t now,
                       char code[SIGN_IN_TEXT])
{
	const struct sign_in_ask ask = {token, "webui", REDIRECT, CHALLENGE,
	                                BROWSER};
	struct err err;

	assert_int_equal(sign_in_begin(f->db, &ask, now, code, &err), 0);
}

static void begin(struct fixture *f, char code[SIGN_IN_TEXT])
{
	begin_with(f, "admin", NOW, code);
}

static int redeem(struct fixture *f, const char *code, int64_t now,
                  struct sign_in_tokens *tokens, struct err *err)
{
	const struct sign_in_show show = {code, "webui", REDIRECT, VERIFIER};

	return sign_in_redeem(f->db, &show, now, tokens, err);
}

static int refresh(struct fixture *f, const char *text, int64_t now,
                   struct sign_in_tokens *tokens, struct err *err)
{
	const struct sign_in_show show = {.text = text, .client = "webui"};

	return sign_in_refresh(f->db, &show, now, tokens, err);
}

static enum sign_in_found look(struct fixture *f, const char *access,
                               int64_t now)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct api_token token;

	return sign_in_find(txn, access, now, &token);
}

static size_t count_rows(struct fixture *f)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct sign_in row = {.created = 0};
	size_t count = 0;

	while (sign_in_next(txn, &row))
		count++;
	return count;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	fixture_make(f);
	fixture_open(f);
	add_token(f, "admin", 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_clear(*state);
	free(*state);
	return 0;
}

static void test_a_code(void **state)
{
	static const struct {
		const char *name, *client, *redirect, *verifier;
		int after, want;
		const char *words;
	} rows[] = {
		{"in time", "webui", REDIRECT, VERIFIER, 59, 0, NULL},
		{"late", "webui", REDIRECT, VERIFIER, 60, ERR_PARSE,
	         "has expired"},
		{"another client", "other", REDIRECT, VERIFIER, 1, ERR_PARSE,
	         "client_id"},
		{"another place", "webui", REDIRECT "x", VERIFIER, 1, ERR_PARSE,
	         "redirect_uri"},
		{"another verifier", "webui", REDIRECT, VERIFIER "x", 1,
	         ERR_PARSE, "code_verifier"},
		{"no verifier", "webui", REDIRECT, "", 1, ERR_PARSE,
	         "code_verifier"},
		{"the challenge for a verifier", "webui", REDIRECT, CHALLENGE,
	         1, ERR_PARSE, "code_verifier"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		char code[SIGN_IN_TEXT];
		struct sign_in_show show = {code, rows[i].client,
		                            rows[i].redirect, rows[i].verifier};
		struct sign_in_tokens tokens;
		struct err err = {0};

		ROW(&rows[i]);
		begin(f, code);
		assert_int_equal(sign_in_redeem(f->db, &show,
		                                NOW + rows[i].after, &tokens,
		                                &err),
		                 rows[i].want);
		if (rows[i].words != NULL)
			assert_non_null(strstr(err.text, rows[i].words));
		/* it was good once, whatever came of it */
		assert_true(redeem(f, code, NOW + 1, &tokens, &err) < 0);
	}
}

static void test_a_code_twice(void **state)
{
	struct fixture *f = *state;
	struct sign_in_tokens tokens, more;
	char code[SIGN_IN_TEXT];
	struct err err;

	begin(f, code);
	assert_int_equal(redeem(f, code, NOW, &tokens, &err), 0);
	assert_int_equal(look(f, tokens.access, NOW), SIGN_IN_GOOD);
	assert_int_equal(redeem(f, code, NOW, &more, &err), ERR_PARSE);
	assert_int_equal(look(f, tokens.access, NOW), SIGN_IN_UNKNOWN);
	assert_int_equal(count_rows(f), 0);
	/* then nobody knows it any more */
	assert_int_equal(redeem(f, code, NOW, &more, &err), ERR_NOTFOUND);
}

static void test_what_is_no_code(void **state)
{
	struct fixture *f = *state;
	struct sign_in_tokens tokens;
	char code[SIGN_IN_TEXT], other[SIGN_IN_TEXT];
	struct err err;

	begin(f, code);
	snprintf(other, sizeof(other), "%s", code);
	other[SIGN_IN_TEXT - 2] = other[SIGN_IN_TEXT - 2] == 'A' ? 'B' : 'A';
	assert_int_equal(redeem(f, other, NOW, &tokens, &err), ERR_NOTFOUND);
	other[20] = '\0';
	assert_int_equal(redeem(f, other, NOW, &tokens, &err), ERR_NOTFOUND);
	assert_int_equal(redeem(f, "", NOW, &tokens, &err), ERR_NOTFOUND);
	/* a code refreshes nothing, and opens nothing */
	assert_int_equal(refresh(f, code, NOW, &tokens, &err), ERR_NOTFOUND);
	assert_int_equal(look(f, code, NOW), SIGN_IN_UNKNOWN);
	assert_false(sign_in_is_access(code));
	assert_int_equal(redeem(f, code, NOW, &tokens, &err), 0);
}

static void test_access_expires(void **state)
{
	struct fixture *f = *state;
	struct sign_in_tokens tokens;
	char code[SIGN_IN_TEXT];
	struct err err;

	begin(f, code);
	assert_int_equal(redeem(f, code, NOW, &tokens, &err), 0);
	assert_int_equal(tokens.expires_in, SIGN_IN_ACCESS_SECS);
	assert_int_equal(look(f, tokens.access, NOW + 599), SIGN_IN_GOOD);
	assert_int_equal(look(f, tokens.access, NOW + 600), SIGN_IN_EXPIRED);
}

static void test_refreshing(void **state)
{
	struct fixture *f = *state;
	struct sign_in_tokens first, second, third;
	char code[SIGN_IN_TEXT];
	struct err err;

	begin(f, code);
	assert_int_equal(redeem(f, code, NOW, &first, &err), 0);
	assert_int_equal(refresh(f, first.refresh, NOW + 540, &second, &err),
	                 0);
	assert_string_not_equal(first.refresh, second.refresh);
	/* a tab that was duplicated meanwhile */
	assert_int_equal(refresh(f, first.refresh, NOW + 1140, &third, &err),
	                 0);
	assert_int_equal(look(f, second.access, NOW + 1139), SIGN_IN_GOOD);
	assert_int_equal(look(f, third.access, NOW + 1140), SIGN_IN_GOOD);
	/* somebody else, who has it from elsewhere */
	assert_int_equal(refresh(f, first.refresh, NOW + 1141, &third, &err),
	                 ERR_PARSE);
	assert_int_equal(refresh(f, second.refresh, NOW + 1141, &third, &err),
	                 ERR_NOTFOUND);
	assert_int_equal(look(f, third.access, NOW + 1141), SIGN_IN_UNKNOWN);
}

/* Ten minutes after ten minutes, as long as somebody works. */
static void test_a_long_day(void **state)
{
	struct fixture *f = *state;
	struct sign_in_tokens tokens;
	char code[SIGN_IN_TEXT];
	int64_t now = NOW;
	struct err err;

	begin(f, code);
	assert_int_equal(redeem(f, code, now, &tokens, &err), 0);
	for (int i = 0; i < 200; i++) {
		char before[SIGN_IN_TEXT];

		now += 550;
		snprintf(before, sizeof(before), "%s", tokens.refresh);
		assert_int_equal(refresh(f, before, now, &tokens, &err), 0);
		assert_int_equal(look(f, tokens.access, now), SIGN_IN_GOOD);
	}
	assert_int_equal(refresh(f, tokens.refresh, now + SIGN_IN_REFRESH_SECS,
	                         &tokens, &err),
	                 ERR_PARSE);
}

static void test_ends_with_its_token(void **state)
{
	struct fixture *f = *state;
	struct sign_in_tokens tokens;
	char code[SIGN_IN_TEXT];
	struct err err;

	add_token(f, "admin", NOW + 100);
	begin(f, code);
	assert_int_equal(redeem(f, code, NOW, &tokens, &err), 0);
	assert_int_equal(tokens.expires_in, 100);
	assert_int_equal(look(f, tokens.access, NOW + 99), SIGN_IN_GOOD);
	assert_int_equal(look(f, tokens.access, NOW + 100), SIGN_IN_EXPIRED);
	/* another token of the same name */
	add_token(f, "admin", 0);
	assert_int_equal(look(f, tokens.access, NOW + 1), SIGN_IN_EXPIRED);
	assert_int_equal(refresh(f, tokens.refresh, NOW + 1, &tokens, &err),
	                 ERR_PARSE);
	assert_int_equal(count_rows(f), 0);
}

static void test_signing_out(void **state)
{
	struct fixture *f = *state;
	struct sign_in_tokens tokens;
	char code[SIGN_IN_TEXT];
	struct err err;

	begin(f, code);
	assert_int_equal(redeem(f, code, NOW, &tokens, &err), 0);
	assert_int_equal(sign_in_end(f->db, "B" BROWSER, &err), 0);
	assert_int_equal(look(f, tokens.access, NOW), SIGN_IN_GOOD);
	assert_int_equal(sign_in_end(f->db, BROWSER, &err), 0);
	assert_int_equal(look(f, tokens.access, NOW), SIGN_IN_UNKNOWN);
}

static void test_they_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct sign_in_tokens tokens;
	char first[SIGN_IN_TEXT], code[SIGN_IN_TEXT];
	struct err err;

	begin(f, first);
	assert_int_equal(redeem(f, first, NOW, &tokens, &err), 0);
	for (int i = 0; i < SIGN_IN_MAX + 10; i++)
		begin(f, code);
	assert_int_equal(count_rows(f), 1 + SIGN_IN_BEGUN_MAX);
	/* those that nobody went on with are the first to go */
	assert_int_equal(look(f, tokens.access, NOW), SIGN_IN_GOOD);
}

/* Who has one token does not lock out who has another: neither by codes that he
 * never redeems nor by sign-ins for a week. */
static void test_a_flood(void **state)
{
	static const char *const names[] = {"begins", "stays"};
	struct fixture *f = *state;
	struct sign_in_tokens tokens, ignored;
	char first[SIGN_IN_TEXT], fresh[SIGN_IN_TEXT], code[SIGN_IN_TEXT];
	struct err err;

	begin_with(f, "admin", NOW - 3600, first);
	assert_int_equal(redeem(f, first, NOW - 3600, &tokens, &err), 0);
	for (int n = 0; n < 2; n++) {
		add_token(f, names[n], 0);
		begin(f, fresh);
		for (int i = 0; i < SIGN_IN_MAX + 50; i++) {
			begin_with(f, names[n], NOW + 1, code);
			if (n == 1)
				assert_int_equal(redeem(f, code, NOW + 1,
				                        &ignored, &err),
				                 0);
		}
		/* of his own the last is there, too */
		if (n == 0)
			assert_int_equal(
				redeem(f, code, NOW + 2, &ignored, &err), 0);
		assert_int_equal(redeem(f, fresh, NOW + 2, &ignored, &err), 0);
		assert_int_equal(
			refresh(f, tokens.refresh, NOW + 2, &tokens, &err), 0);
	}
	assert_true(count_rows(f) <= SIGN_IN_MAX);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_code),
		TEST(test_a_code_twice),
		TEST(test_what_is_no_code),
		TEST(test_access_expires),
		TEST(test_refreshing),
		TEST(test_a_long_day),
		TEST(test_ends_with_its_token),
		TEST(test_signing_out),
		TEST(test_they_are_bounded),
		TEST(test_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
