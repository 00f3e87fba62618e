#include "unit/test.h"

#include "api/base_href.h"
#include "api/form_text.h"
#include "base/auto.h"

static void test_read(void **state)
{
	static const struct {
		const char *name, *text, *at, *want, *words;
	} rows[] = {
		{"nothing", "", "a", "", NULL},
		{"a field", "a=b", "a", "b", NULL},
		{"the last of several", "x=1&a=b", "a", "b", NULL},
		{"no value", "a", "a", "", NULL},
		{"an empty value", "a=&b=1", "a", "", NULL},
		{"an equals sign in it", "a=b=c", "a", "b=c", NULL},
		{"plus is a space", "a=b+c", "a", "b c", NULL},
		{"escapes", "a=%2B%26%3d%C3%A4", "a", "+&=\xc3\xa4", NULL},
		{"an escape in a name", "%61=b", "a", "b", NULL},
		{"nothing between two", "x=1&&a=b&", "a", "b", NULL},
		{"another name", "ab=1", "a", "", NULL},
		{"half an escape", "a=%4", NULL, NULL, "hex digits"},
		{"no escape", "a=%zz", NULL, NULL, "hex digits"},
		{"a NUL by escape", "a=%00", NULL, NULL, "hex digits"},
		{"twice", "a=1&b=2&a=1", NULL, NULL, "'a' is given twice"},
		{"twice by escape", "a=1&%61=1", NULL, NULL,
	         "'a' is given twice"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(form_text_clear) struct form_text form;
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = form_text_read(rows[i].text, strlen(rows[i].text), &form,
		                    &err);
		if (rows[i].words != NULL) {
			assert_int_equal(rc, ERR_PARSE);
			assert_non_null(strstr(err.text, rows[i].words));
			continue;
		}
		assert_int_equal(rc, 0);
		assert_string_equal(form_text_get(&form, rows[i].at),
		                    rows[i].want);
	}
}

static void test_limits(void **state)
{
	auto_(strbuf_clear) struct strbuf many = {0};
	static char large[FORM_TEXT_MAX + 1];
	struct form_text form;
	struct err err;

	(void)state;
	for (int i = 0; i <= FORM_TEXT_FIELDS; i++)
		strbuf_printf(&many, "n%d=1&", i);
	assert_int_equal(form_text_read(many.data, many.len, &form, &err),
	                 ERR_LIMIT);
	form_text_clear(&form);
	memset(large, 'a', sizeof(large));
	assert_int_equal(form_text_read(large, sizeof(large), &form, &err),
	                 ERR_LIMIT);
	form_text_clear(&form);
	assert_int_equal(form_text_read("a\0b", 3, &form, &err), ERR_PARSE);
	form_text_clear(&form);
}

static void test_write(void **state)
{
	auto_(strbuf_clear) struct strbuf query = {0}, html = {0};

	(void)state;
	form_text_add("a", "b c&d=\xc3\xa4\r\n~", &query);
	assert_string_equal(query.data, "&a=b%20c%26d%3D%C3%A4%0D%0A~");
	form_text_html("\"><b>&amp;'", &html);
	assert_string_equal(html.data, "&quot;&gt;&lt;b&gt;&amp;amp;'");
}

static void test_base_href(void **state)
{
	static const struct {
		const char *name, *html, *want;
	} rows[] = {
		{"its own", "<head><base href=\"/\" /><p>",
	         "<head><base href=\"/x/\"><p>"},
		{"in capitals", "<HEAD><BASE HREF='/'>x",
	         "<HEAD><base href=\"/x/\">x"},
		{"a > in quotes", "<base href=\"a>b\">x",
	         "<base href=\"/x/\">x"},
		{"none", "<html><head lang=\"en\"><p>",
	         "<html><head lang=\"en\"><base href=\"/x/\"><p>"},
		{"another tag", "<head><basefont><header>",
	         "<head><base href=\"/x/\"><basefont><header>"},
		{"the first of two", "<base href=a><base href=b>",
	         "<base href=\"/x/\"><base href=b>"},
		{"no head", "<p>text", "<p>text"},
		{"one that does not end", "<head><base href=\"",
	         "<head>"
	         "<base "
	         "href=\"/x/"
	         "\">"},
		{"a head that does not end", "<head ", "<head "},
		{"nothing", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf out = {0};

		ROW(&rows[i]);
		base_href_write(rows[i].html, strlen(rows[i].html), "/x/",
		                &out);
		assert_string_equal(strbuf_text(&out), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_base_href),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
