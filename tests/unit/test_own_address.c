#include "unit/test.h"

#include "domain/own_address.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define SENDER "tls-reports@example.com"

static void test_whose_it_is(void **state)
{
	static const struct {
		const char *name, *sender, *address;
		bool ours;
		const char *token;
	} rows[] = {
		{"the sender", SENDER, SENDER, true, ""},
		{"in angle brackets", SENDER, "<" SENDER ">", true, ""},
		{"in capitals", SENDER, "TLS-Reports@Example.COM", true, ""},
		{"with a token", SENDER, "tls-reports+" TOKEN "@example.com",
	         true, TOKEN},
		{"with a token, in brackets", SENDER,
	         "<tls-reports+" TOKEN "@example.com>", true, TOKEN},
		{"a token in capitals", SENDER,
	         "tls-reports+0123456789ABCDEF0123456789ABCDEF@example.com",
	         true, TOKEN},
		{"a sender with a + of its own", "a+b@example.com",
	         "a+b+" TOKEN "@example.com", true, TOKEN},
		{"a digit too few", SENDER,
	         "tls-reports+0123456789abcdef0123456789abcde@example.com",
	         false, ""},
		{"a digit too many", SENDER,
	         "tls-reports+0" TOKEN "@example.com", false, ""},
		{"not hexadecimal", SENDER,
	         "tls-reports+0123456789abcdef0123456789abcdeg@example.com",
	         false, ""},
		{"another delimiter", SENDER,
	         "tls-reports-" TOKEN "@example.com", false, ""},
		{"an empty token", SENDER, "tls-reports+@example.com", false,
	         ""},
		{"another domain", SENDER, "tls-reports+" TOKEN "@example.net",
	         false, ""},
		{"another local part", SENDER,
	         "tls-report5+" TOKEN "@example.com", false, ""},
		{"half a bracket", SENDER, "<" SENDER, false, ""},
		{"nothing", SENDER, "", false, ""},
		{"the null sender", SENDER, "<>", false, ""},
		{"the null sender, and nobody reports", "", "<>", false, ""},
		{"anybody, and nobody reports", "", SENDER, false, ""},
		{"a token alone, and nobody reports", "", "+" TOKEN, false, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char token[OWN_TOKEN_TEXT] = "x";
		bool ours = own_address_is(rows[i].sender, rows[i].address,
		                           strlen(rows[i].address), token);

		if (ours != rows[i].ours || strcmp(token, rows[i].token) != 0)
			fail_msg("%s: %d '%s'", rows[i].name, ours, token);
	}
}

/* Foreign bytes: the text may go on behind its length. */
static void test_the_length_counts(void **state)
{
	char token[OWN_TOKEN_TEXT];

	(void)state;
	assert_true(own_address_is(SENDER, SENDER ">x", strlen(SENDER), token));
	assert_false(own_address_is(SENDER, SENDER, strlen(SENDER) - 1, token));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_it_is),
		cmocka_unit_test(test_the_length_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
