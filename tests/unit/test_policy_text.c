#include "unit/test.h"

#include "base/err.h"
#include "domain/policy_text.h"

enum taken { NEVER, FROM_3_10, ALWAYS };

/* What Postfix 3.7, 3.10 and 3.11 were seen to do with each. */
static const struct {
	const char *name;
	const char *text;
	enum taken taken;
} rows[] = {
	{"a level alone", "encrypt", ALWAYS},
	{"a level in capitals", "MAY", ALWAYS},
	{"no level", "", NEVER},
	{"blanks alone", " , ", NEVER},
	{"a level nobody knows", "tls13", NEVER},
	{"an attribute first", "match=a.test secure", NEVER},
	{"match", "secure match=a.test:.b.test", ALWAYS},
	{"match twice", "secure match=a.test match=b.test", ALWAYS},
	{"match, and commas", "secure, match=a.test, servername=hostname",
         ALWAYS},
	{"match of nothing", "secure match=", NEVER},
	{"match at may", "may match=a.test", NEVER},
	{"match at encrypt", "encrypt match=a.test", NEVER},
	{"match at dane", "dane match=a.test", NEVER},
	{"match at fingerprint", "fingerprint match=AA:BB", ALWAYS},
	{"tafile at secure", "secure tafile=/etc/x.pem", ALWAYS},
	{"tafile at may", "may tafile=/etc/x.pem", NEVER},
	{"servername twice", "secure servername=a servername=b", NEVER},
	{"a server name with a blank in it", "may servername={a b}", NEVER},
	{"ciphers, protocols, exclude",
         "encrypt ciphers=high protocols=>=TLSv1.2 exclude=aNULL", ALWAYS},
	{"ciphers twice", "encrypt ciphers=high ciphers=low", NEVER},
	{"connection_reuse", "may connection_reuse=no", ALWAYS},
	{"connection_reuse of neither", "may connection_reuse=maybe", NEVER},
	{"an attribute nobody knows", "may foo=bar", NEVER},
	{"a word without =", "may foo", NEVER},
	{"attributes of none", "none ciphers=high", NEVER},
	{"TLSRPT", "may policy_type=sts policy_domain=d.test", FROM_3_10},
	{"no policy found", "secure policy_type=no-policy-found", FROM_3_10},
	{"a type nobody knows", "may policy_type=tlsa", NEVER},
	{"a domain without a type", "may policy_domain=d.test", NEVER},
	{"a string without a type", "may { policy_string = a: b }", NEVER},
	{"a domain with a dot at its end",
         "may policy_type=sts policy_domain=d.test.", NEVER},
	{"a domain with an empty label",
         "may policy_type=sts policy_domain=d..test", NEVER},
	{"a domain in U-labels",
         "may policy_type=sts policy_domain=\xc3\xbc.test", NEVER},
	{"a domain of digits", "may policy_type=sts policy_domain=1.2", NEVER},
	{"a string in braces",
         "may policy_type=sts { policy_string = a: b, c }", FROM_3_10},
	{"a string without", "may policy_type=sts policy_string=a: b", NEVER},
	{"braces within a string",
         "may policy_type=sts { policy_string = a{b}c }", FROM_3_10},
	{"a brace that opens", "may policy_type=sts { policy_string = a{b }",
         NEVER},
	{"a brace that closes", "may policy_type=sts { policy_string = a}b }",
         NEVER},
	{"= within a string", "may policy_type=sts { policy_string = a=b }",
         FROM_3_10},
	{"quotes, backslash, UTF-8",
         "may policy_type=sts { policy_string = \"\\\xc3\xbc' }", FROM_3_10},
	{"a byte that is not UTF-8",
         "may policy_type=sts { policy_string = \xfc }", NEVER},
	{"a pattern", "secure policy_type=sts mx_host_pattern=*.d.test",
         FROM_3_10},
	{"an empty pattern", "secure policy_type=sts mx_host_pattern=", NEVER},
	{"a comma in a pattern",
         "secure policy_type=sts { mx_host_pattern = a,b }", NEVER},
	{"a failure at may",
         "may policy_type=sts policy_failure=sts-policy-invalid", FROM_3_10},
	{"a failure that defers",
         "secure policy_type=sts policy_failure=sts-policy-invalid", NEVER},
	{"a line end", "may\nciphers=high", NEVER},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = rows[i].text;
		size_t len = strlen(text);
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(policy_text_check(text, len, true, &err) == 0,
		                 rows[i].taken != NEVER);
		if (rows[i].taken == NEVER)
			assert_string_not_equal(err.text, "");
		assert_int_equal(policy_text_check(text, len, false, NULL) == 0,
		                 rows[i].taken == ALWAYS);
	}
}

static void test_length(void **state)
{
	static char text[POLICY_TEXT_MAX + 2];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "may", 3);
	assert_int_equal(policy_text_check(text, POLICY_TEXT_MAX, true, NULL),
	                 0);
	assert_int_equal(
		policy_text_check(text, POLICY_TEXT_MAX + 1, true, NULL),
		ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
