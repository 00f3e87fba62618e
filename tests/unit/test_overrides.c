#include "unit/test.h"

#include "base/auto.h"
#include "policyd/overrides.h"

static const char table_text[] =
	"# a comment\n"
	"\n"
	"Example.TEST \t encrypt\n"
	"   # in the middle of one\n"
	"\tciphers=high\n"
	".example.test secure match=.example.test\r\n"
	".deep.example.test none\n"
	"free.example.test dunno\n"
	"tabs.test\tencrypt\tciphers=high\texclude=RC4\n"
	"m\xc3\xbcnchen.test dunno\n"
	"[Relay.test]:587 verify match=relay.test\n"
	"new.test may policy_type=no-policy-found\n"
	"last.test DUNNO";

static const struct {
	const char *name, *key, *text; /* NULL: none */
} rows[] = {
	{"a domain, with the line that continues it", "example.test",
         "encrypt ciphers=high"},
	{"in other letters", "EXAMPLE.test", "encrypt ciphers=high"},
	{"below it", "a.example.test", "secure match=.example.test"},
	{"further below", "a.b.example.test", "secure match=.example.test"},
	{"below a nearer one", "a.deep.example.test", "none"},
	{"the nearer one itself", "deep.example.test",
         "secure match=.example.test"},
	{"another that ends so", "anexample.test", NULL},
	{"an exception below it", "free.example.test", ""},
	{"a parent's own key, asked behind an exception", ".example.test",
         NULL},
	{"tabs between attributes", "tabs.test",
         "encrypt ciphers=high exclude=RC4"},
	{"U-labels", "xn--mnchen-3ya.test", ""},
	{"a next hop", "[relay.test]:587", "verify match=relay.test"},
	{"another port", "[relay.test]:25", NULL},
	{"a next hop has no parents", "[a.example.test]", NULL},
	{"the last line", "last.test", ""},
	{"nothing", "", NULL},
	{"a comment", "#", NULL},
};

static void test_find(void **state)
{
	auto_(overrides_free) struct overrides *table = NULL;

	(void)state;
	assert_int_equal(overrides_read(&table, table_text,
	                                sizeof(table_text) - 1, NULL),
	                 0);
	assert_int_equal(overrides_count(table), 9);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = overrides_find(table, span_of(rows[i].key));

		ROW(&rows[i]);
		assert_int_equal(text != NULL, rows[i].text != NULL);
		if (text != NULL)
			assert_string_equal(text, rows[i].text);
	}
	assert_null(overrides_find(NULL, span_of("example.test")));
}

static const struct {
	const char *name, *text, *says;
} bad[] = {
	{"a policy that Postfix cannot read", "a.test may\nb.test foo\n",
         "line 2: b.test: unknown TLS security level 'foo'"},
	{"no policy", "a.test\n", "line 1: no policy for 'a.test'"},
	{"a continuation of nothing", "# x\n  a.test may\n",
         "line 2 begins with white space"},
	{"the same twice", "a.test may\nb.test may\nA.TEST none\n",
         "lines 1 and 3 have the same key 'a.test'"},
	{"an attribute of a later line", "a.test may\n match=x\n",
         "line 1: a.test: attribute 'match' cannot be used at level 'may'"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct overrides *table = NULL;
		struct err err = {0};

		ROW(&bad[i]);
		assert_int_equal(overrides_read(&table, bad[i].text,
		                                strlen(bad[i].text), &err),
		                 ERR_PARSE);
		assert_null(table);
		if (strstr(err.text, bad[i].says) == NULL)
			assert_string_equal(err.text, bad[i].says);
	}
}

static void test_empty(void **state)
{
	auto_(overrides_free) struct overrides *table = NULL;

	(void)state;
	assert_int_equal(overrides_read(&table, "", 0, NULL), 0);
	assert_int_equal(overrides_count(table), 0);
	assert_null(overrides_find(table, span_of("a.test")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
