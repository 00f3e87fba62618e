#include "unit/test.h"

#include "base/utf8.h"
#include "reply/http_words.h"

static void test_words(void **state)
{
	static const struct {
		const char *name, *type, *body, *want;
	} rows[] = {
		{"plain text", "text/plain", "no room here\nmore\n",
	         "no room here"},
		{"with a character set", "Text/Plain; charset=utf-8",
	         "\r\n  Zu gro\xc3\x9f \r\n", "Zu gro\xc3\x9f"},
		{"what is hostile", "text/plain", "a\x1b[31m\xff b",
	         "a\\x1b[31m\\xff b"},
		{"problem of RFC 9457", "application/problem+json",
	         "{\"type\":\"about:blank\",\"title\":\"Too many\","
	         "\"detail\":\"100 a day\",\"status\":403}",
	         "Too many: 100 a day"},
		{"title alone", "application/problem+json; charset=utf-8",
	         "{\"title\":\"Too many\"}", "Too many"},
		{"an error in words", "application/json",
	         "{\"error\":\"domain is not ours\"}", "domain is not ours"},
		{"an error within", "application/json",
	         "{\"error\":{\"code\":400,\"message\":\"bad gzip\"}}",
	         "bad gzip"},
		{"a list of errors", "application/json",
	         "{\"errors\":[{\"title\":\"Bad\",\"detail\":\"no org\"},"
	         "{\"detail\":\"2\"}]}",
	         "Bad: no org"},
		{"a list of words", "application/json",
	         "{\"errors\":[\"first\",\"second\"]}", "first"},
		{"detail is a list", "application/json",
	         "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"required\"}]}",
	         "required"},
		{"OAuth", "application/json",
	         "{\"error\":\"invalid_token\",\"error_description\":"
	         "\"it has expired\"}",
	         "invalid_token: it has expired"},
		{"message says more than error", "application/json",
	         "{\"status\":400,\"error\":\"Bad Request\","
	         "\"message\":\"no report-id\"}",
	         "no report-id"},
		{"an own type that ends in +json", "application/vnd.x+json",
	         "{\"message\":\"x\"}", "x"},
		{"escapes are undone, and what they hide is shown",
	         "application/json",
	         "{\"error\":\"gr\\u00f6\\u00dfer \\u001b\\u202e\"}",
	         "gr\xc3\xb6\xc3\x9f"
	         "er \\x1b\\xe2\\x80\\xae"},
		{"one string", "application/json", "\"nope\"", "nope"},
		{"nothing that says something", "application/json",
	         "{\"ok\":false}", ""},
		{"a number as error", "application/json", "{\"error\":7}", ""},
		{"an empty error and a title", "application/json",
	         "{\"error\":\" \",\"title\":\"t\"}", "t"},
		{"nested without end", "application/json",
	         "{\"error\":{\"error\":{\"error\":{\"error\":{\"error\":"
	         "\"x\"}}}}}",
	         ""},
		{"half of an object", "application/json", "{\"error\":\"x", ""},
		{"JSON by name, not by bytes", "application/json", "<html>",
	         ""},
		{"a page", "text/html", "<h1>404</h1>", ""},
		{"another type", "application/octet-stream", "x", ""},
		{"no type, words", NULL, "go away", "go away"},
		{"no type, JSON", NULL, "{\"error\":\"x\"}", "x"},
		{"no type, a page", NULL, "<html>", ""},
		{"no type, bytes", NULL, "\x1f\x8b\x08", ""},
		{"nothing", "text/plain", "", ""},
		{"blank lines", "text/plain", " \r\n\r\n", ""},
	};
	char got[100];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		http_words(rows[i].type, rows[i].body, strlen(rows[i].body),
		           got, sizeof(got));
		assert_string_equal(got, rows[i].want);
	}
}

static void test_cut(void **state)
{
	char got[8];

	(void)state;
	http_words("text/plain", "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 8, got,
	           sizeof(got));
	assert_string_equal(got, "\xc3\xa4\xc3\xa4\xc3\xa4");
	http_words("application/json",
	           "{\"title\":\"abcdef\",\"detail\":\"g\"}", 31, got,
	           sizeof(got));
	assert_string_equal(got, "abcdef");
}

static void test_show(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"ASCII", "550 <a@b>: \\ no", "550 <a@b>: \\ no"},
		{"UTF-8", "\xd0\xbd\xd0\xb5\xd1\x82",
	         "\xd0\xbd\xd0\xb5\xd1\x82"},
		{"Latin-1", "gr\xfc\xdf", "gr\\xfc\\xdf"},
		{"a C1 control", "\xc2\x9b", "\\xc2\\x9b"},
		{"direction turned",
	         "a\xe2\x80\xae"
	         "b",
	         "a\\xe2\\x80\\xae"
	         "b"},
		{"half a character", "a\xe2\x82", "a\\xe2\\x82"},
		{"beyond the BMP", "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7"},
		{"a tag", "\xf3\xa0\x80\x81", "\\xf3\\xa0\\x80\\x81"},
		{"DEL and NL", "\x7f\n", "\\x7f\\x0a"},
	};
	char got[40];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_string_equal(utf8_show(got, sizeof(got), rows[i].text,
		                              strlen(rows[i].text)),
		                    rows[i].want);
	}
	assert_string_equal(utf8_show(got, 3, "\xc3\xa4\xc3\xa4", 4),
	                    "\xc3\xa4");
	assert_string_equal(utf8_show(got, 5, "\x01z", 2), "\\x01");
	assert_string_equal(utf8_show(got, 1, "z", 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
