#include "unit/test.h"

#include "api/http_text.h"

static void test_tags(void **state)
{
	static const struct {
		const char *name, *list;
		bool want;
	} rows[] = {
		{"ours", "\"12ab\"", true},
		{"weakened by a proxy", "W/\"12ab\"", true},
		{"with the suffix of Apache's mod_deflate", "\"12ab-gzip\"",
	         true},
		{"weakened, with a suffix", "W/\"12ab-br\"", true},
		{"the last of a list", "\"x\" , W/\"y,z\",\t\"12ab\"", true},
		{"after empty elements", ", ,\"12ab\"", true},
		{"any", "*", true},
		{"any, after blanks", "  *", true},
		{"none", "", false},
		{"another", "\"12ac\"", false},
		{"one that begins like ours", "\"12abc\"", false},
		{"one that ends like ours", "\"x12ab\"", false},
		{"ours within another", "\"x \\\"12ab\\\"\"", false},
		{"without quotes", "12ab", false},
		{"half a tag", "\"12ab", false},
		{"a small w", "w/\"12ab\"", false},
		{"any among others is none", "\"x\", *", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(http_text_has_tag(rows[i].list, "\"12ab\""),
		                 rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
