#include "base/name_pattern.h"

#include "test.h"

static struct name_pattern parsed(const char *text)
{
	struct name_pattern pattern;
	struct err err;

	if (name_pattern_parse(text, strlen(text), &pattern, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return pattern;
}

static void test_matches(void **state)
{
	static const struct {
		const char *name, *pattern, *domain;
		bool want;
	} rows[] = {
		{"itself", "example.com", "example.com", true},
		{"not what is below it", "example.com", "a.example.com", false},
		{"nor what ends like it", "example.com", "anexample.com",
	         false},
		{"in capitals, with a final dot", "EXAMPLE.com.", "example.com",
	         true},
		{"below", ".example.com", "a.example.com", true},
		{"far below", ".example.com", "c.b.a.example.com", true},
		{"below, but not itself", ".example.com", "example.com", false},
		{"what ends like it", ".example.com", "anexample.com", false},
		{"another", ".example.com", "a.example.org", false},
		{"what is above", ".a.example.com", "example.com", false},
		{"below, with a final dot", ".Example.com.", "a.example.com",
	         true},
		{"a top level", ".com", "example.com", true},
		{"all", ".", "example.com", true},
		{"all, of one label", ".", "com", true},
		{"all, an address", ".", "192.0.2.1", true},
		{"a U-label", "m\xc3\xbcller.example", "xn--mller-kva.example",
	         true},
		{"below a U-label", ".M\xc3\x9cLLER.example",
	         "a.xn--mller-kva.example", true},
		{"an underscore", "_x.example.com", "_x.example.com", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct name_pattern pattern = parsed(rows[i].pattern);

		ROW(&rows[i]);
		assert_int_equal(name_pattern_matches(&pattern, rows[i].domain),
		                 rows[i].want);
	}
}

static void test_covers(void **state)
{
	static const struct {
		const char *name, *wide, *narrow;
		bool want;
	} rows[] = {
		{"all covers all", ".", ".", true},
		{"all covers one", ".", "example.com", true},
		{"one does not cover all", "example.com", ".", false},
		{"below does not cover all", ".com", ".", false},
		{"one covers itself", "example.com", "EXAMPLE.com", true},
		{"one does not cover what is below", "example.com",
	         ".example.com", false},
		{"below covers itself", ".example.com", ".example.com", true},
		{"below covers what is below", ".example.com", ".a.example.com",
	         true},
		{"and not the other way", ".a.example.com", ".example.com",
	         false},
		{"below covers not itself", ".example.com", "example.com",
	         false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct name_pattern wide = parsed(rows[i].wide);
		struct name_pattern narrow = parsed(rows[i].narrow);

		ROW(&rows[i]);
		assert_int_equal(name_pattern_covers(&wide, &narrow),
		                 rows[i].want);
	}
}

static void test_bad(void **state)
{
	static const char *const rows[] = {"",
	                                   "..",
	                                   "..example.com",
	                                   "a..b",
	                                   "*.example.com",
	                                   ".a b.c",
	                                   ".-a.example"};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct name_pattern pattern;
		struct err err = {0};

		assert_int_equal(name_pattern_parse(rows[i], strlen(rows[i]),
		                                    &pattern, &err),
		                 ERR_PARSE);
		assert_true(err.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
