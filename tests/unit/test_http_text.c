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

static void test_codings(void **state)
{
	static const struct {
		const char *name, *list;
		bool want;
	} rows[] = {
		{"gzip", "gzip", true},
		{"in capitals", "GZIP", true},
		{"among others", "deflate, gzip;q=0.5 , br", true},
		{"a weight of one", "gzip;q=1.0", true},
		{"not wanted", "gzip;q=0", false},
		{"not wanted at all", "br, gzip ; q=0.000, x", false},
		{"a small weight", "gzip;q=0.001", true},
		{"none", "", false},
		{"others", "br, deflate", false},
		{"one that begins like it", "gzipped", false},
		{"nothing between commas", ",, ,gzip", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(http_text_takes_gzip(rows[i].list),
		                 rows[i].want);
	}
}

static void test_basic(void **state)
{
	static const struct {
		const char *name, *header, *want;
	} rows[] = {
		{"user and password", "Basic dXNlcjpwYXNz", "pass"},
		{"in any case", "bASIC   dXNlcjpwYXNz", "pass"},
		{"padded", "Basic YTpi", "b"},
		{"padded twice", "Basic YTpiYw==", "bc"},
		{"without its padding", "Basic YTpiYw", "bc"},
		{"a colon in it", "Basic YTpiOmM=", "b:c"},
		{"no user", "Basic OmI=", "b"},
		{"no password", "Basic YTo=", ""},
		{"no colon", "Basic YWI=", NULL},
		{"no base64", "Basic a-_b", NULL},
		{"a NUL", "Basic YToAYg==", NULL},
		{"another scheme", "Bearer YTpi", NULL},
		{"nothing", "Basic ", NULL},
	};
	char password[HTTP_PASSWORD_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(http_text_basic(rows[i].header, password),
		                 rows[i].want != NULL);
		if (rows[i].want != NULL)
			assert_string_equal(password, rows[i].want);
	}
	assert_false(http_text_basic(NULL, password));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_basic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
