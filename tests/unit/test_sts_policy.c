#include "unit/test.h"

#include "base/strbuf.h"
#include "domain/sts_policy.h"

#define V "v=STSv1"
#define ID32 "abcdefghijABCDEFGHIJ0123456789xy"
#define NAME32 "a1234567890123456789012345678901"

struct record_row {
	const char *name, *text;
	const char *id;
};

static const struct record_row good_records[] = {
	{"as in the RFC", V "; id=20160831085700Z;", "20160831085700Z"},
	{"no space, no semicolon at the end", V ";id=1", "1"},
	{"white space before the semicolon (erratum 6285)", V " \t; id=1", "1"},
	{"white space around the last semicolon", V "; \t id=1  \t; ", "1"},
	{"an id of 32", V "; id=" ID32, ID32},
	{"capitals differ in an id", V "; id=aB", "aB"},
	{"extensions are read over", V "; id=a; more=a; ext=2", "a"},
	{"the id need not come first", V "; ext=2; id=a", "a"},
	{"an extension with the longest name", V "; id=a; " NAME32 "=1", "a"},
	{"of two ids the first counts", V "; id=a; id=b", "a"},
	{"a bad second id is read over", V "; id=a; id=b-c", "a"},
	{"capital ID is an extension", V "; ID=x-y; id=a", "a"},
	{"a second version is an extension", V "; id=a; v=STSv2", "a"},
};

struct bad_row {
	const char *name, *text;
	const char *words;
};

static const struct bad_row bad_records[] = {
	{"empty", "", "does not begin with 'v=STSv1;'"},
	{"version 0", "v=STSv0; id=1", "does not begin"},
	{"version 10", "v=STSv10; id=1", "does not begin"},
	{"version 2", "v=STSv2; id=1", "does not begin"},
	{"small letters", "v=stsv1; id=1", "does not begin"},
	{"the version alone", V, "does not begin"},
	{"the version comes second", "id=1; " V ";", "does not begin"},
	{"white space before the version", " " V "; id=1", "does not begin"},
	{"no field", V ";", "no id"},
	{"no id", V "; ext=1", "no id"},
	{"an empty id", V "; id=", "letters and digits in 'id='"},
	{"an id of 33", V "; id=" ID32 "z", "not 1 to 32 letters and digits"},
	{"a hyphen in the id", V "; id=test-123", "not 1 to 32 letters"},
	{"white space in the id", V "; id=a b", "not 1 to 32 letters"},
	{"white space before the id", V "; id= a",
         "letters and digits in 'id= a'"},
	{"white space before the '='", V "; id =a", "no field name"},
	{"an extension without a value", V "; id=a; more=", "no value"},
	{"an extension's name of 33", V "; id=a; " NAME32 "x=1",
         "no field name"},
	{"an odd extension name", V "; id=a; 1%=a", "no field name"},
	{"an equals sign in a value",
         V "; id=a; test==", "is not allowed in a value"},
	{"white space in a value", V "; id=a; test=b c",
         "is not allowed in a value"},
	{"two semicolons at the end", V "; id=a;;", "an empty field"},
	{"no equals sign", V "; id=a; test", "no '='"},
	{"a comma for a semicolon", V "; id=a, more=1", "not 1 to 32 letters"},
};

static void test_good_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_records); i++) {
		const struct record_row *row = &good_records[i];
		char id[STS_ID_MAX + 1];
		struct err err = {0};

		ROW(row);
		assert_int_equal(sts_record_parse(row->text, strlen(row->text),
		                                  id, &err),
		                 0);
		assert_string_equal(id, row->id);
	}
}

static void test_bad_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_records); i++) {
		const struct bad_row *row = &bad_records[i];
		char id[STS_ID_MAX + 1];
		struct err err = {0};

		ROW(row);
		assert_int_equal(sts_record_parse(row->text, strlen(row->text),
		                                  id, &err),
		                 ERR_PARSE);
		assert_non_null(strstr(err.text, row->words));
	}
}

struct choose_row {
	const char *name;
	const char *texts[3];
	int rc;
	size_t which;
};

static const struct choose_row choices[] = {
	{"none at all", {NULL}, 0, 0},
	{"one", {V ";id=1"}, 1, 0},
	{"another record beside it", {"hello", V ";id=1"}, 1, 1},
	{"a malformed one is one", {V ";"}, 1, 0},
	{"only others", {"v=spf1 -all", "v=STSv1"}, 0, 0},
	{"two", {V ";id=1", V ";id=2"}, ERR_PARSE, 0},
	{"two that are the same", {V ";id=1", V ";id=1"}, ERR_PARSE, 0},
	{"a good and a malformed one", {V ";id=1", V ";"}, ERR_PARSE, 0},
};

static void test_choose(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(choices); i++) {
		const struct choose_row *row = &choices[i];
		size_t lens[3], count = 0, which = 0;

		ROW(row);
		for (; count < 3 && row->texts[count] != NULL; count++)
			lens[count] = strlen(row->texts[count]);
		assert_int_equal(sts_record_choose(row->texts, lens, count,
		                                   &which, NULL),
		                 row->rc);
		assert_int_equal(which, row->which);
	}
}

#define VER "version: STSv1\n"
#define NONE VER "mode: none\nmax_age: 0\n"
#define MX VER "mode: enforce\nmax_age: 1\nmx: "

struct policy_row {
	const char *name, *text;
	enum sts_mode mode;
	int64_t max_age;
	const char *mx;    /* a space between them */
	const char *lines; /* a "|" between them; NULL: not looked at */
};

static const struct policy_row good_policies[] = {
	{"as in the RFC",
         "version: STSv1\nmode: enforce\nmx: mail.example.com\n"
         "mx: *.example.net\nmx: backupmx.example.com\nmax_age: 604800\n",
         STS_ENFORCE, 604800,
         "mail.example.com *.example.net backupmx.example.com",
         "version: STSv1|mode: enforce|mx: mail.example.com|"
         "mx: *.example.net|mx: backupmx.example.com|max_age: 604800"},
	{"CRLF", "version: STSv1\r\nmode: testing\r\nmx: a.b\r\nmax_age: 9\r\n",
         STS_TESTING, 9, "a.b",
         "version: STSv1|mode: testing|mx: a.b|max_age: 9"},
	{"LF and CRLF mixed, no line end at the last",
         "version:STSv1\r\nmode:\tenforce\nmx:  \t\t *.a.b\r\nmax_age: 1",
         STS_ENFORCE, 1, "*.a.b", NULL},
	{"no white space after the colon",
         "version:STSv1\nmode:none\nmax_age:5", STS_NONE, 5, "",
         "version:STSv1|mode:none|max_age:5"},
	{"white space at the ends of lines",
         "version: STSv1 \nmode: none\t \nmax_age: 0 \n", STS_NONE, 0, "",
         "version: STSv1|mode: none|max_age: 0"},
	{"white space before CRLF",
         "version: STSv1 \r\nmode: none\r\nmax_age: 0", STS_NONE, 0, "", NULL},
	{"any order", "mx: a.b\nmax_age: 1\nmode: enforce\nversion: STSv1\n",
         STS_ENFORCE, 1, "a.b", NULL},
	{"no mx in mode none", NONE, STS_NONE, 0, "", NULL},
	{"mx in mode none", NONE "mx: a.b\n", STS_NONE, 0, "a.b", NULL},
	{"an unknown key", NONE "more: ext e  ns ion\n", STS_NONE, 0, "",
         "version: STSv1|mode: none|max_age: 0|more: ext e  ns ion"},
	{"a colon in an unknown key's value", NONE "url: https://a.b/\n",
         STS_NONE, 0, "", NULL},
	{"UTF-8 in an unknown key's value", NONE "who: J\xc3\xbcrgen\n",
         STS_NONE, 0, "", NULL},
	{"an unknown key of 32", NONE NAME32 ": 1\n", STS_NONE, 0, "", NULL},
	{"capitals make another key", NONE "MODE: on\n", STS_NONE, 0, "", NULL},
	{"of two modes the first counts", NONE "mode: enforce\n", STS_NONE, 0,
         "", NULL},
	{"a bad second mode is read over", NONE "mode: on\n", STS_NONE, 0, "",
         NULL},
	{"of two versions the first counts", NONE "version: STSv2\n", STS_NONE,
         0, "", NULL},
	{"of two max_ages the first counts", NONE "max_age: 7\n", STS_NONE, 0,
         "", NULL},
	{"an mx twice", MX "a.b\nmx: a.b\n", STS_ENFORCE, 1, "a.b a.b", NULL},
	{"capitals in an mx", MX "*.Mail.B\n", STS_ENFORCE, 1, "*.mail.b",
         "version: STSv1|mode: enforce|max_age: 1|mx: *.Mail.B"},
	{"an A-label in an mx", MX "xn--bcher-kva.a.b\n", STS_ENFORCE, 1,
         "xn--bcher-kva.a.b", NULL},
	{"an mx of one label", MX "mail\n", STS_ENFORCE, 1, "mail", NULL},
	{"the longest max_age", VER "mode: none\nmax_age: 31557600\n", STS_NONE,
         31557600, "", NULL},
	{"a longer one is taken as that", VER "mode: none\nmax_age: 31557601\n",
         STS_NONE, 31557600, "", "version: STSv1|mode: none|max_age: 31557601"},
	{"ten digits", VER "mode: none\nmax_age: 9999999999\n", STS_NONE,
         31557600, "", NULL},
	{"ten digits with zeros", VER "mode: none\nmax_age: 0000000060\n",
         STS_NONE, 60, "", NULL},
};

static const struct bad_row bad_policies[] = {
	{"empty", "", "no version"},
	{"version 0", "version: STSv0\nmode: none\nmax_age: 0",
         "line 1: version 'STSv0' is not STSv1"},
	{"version 10", "version: STSv10\nmode: none\nmax_age: 0",
         "line 1: version 'STSv10'"},
	{"small letters", "version: stsv1\nmode: none\nmax_age: 0",
         "line 1: version 'stsv1'"},
	{"no version", "mode: none\nmax_age: 0", "no version"},
	{"no mode", VER "max_age: 0\nmx: a.b", "no mode"},
	{"no max_age", VER "mode: none", "no max_age"},
	{"no mx for enforce", VER "mode: enforce\nmax_age: 0", "no mx"},
	{"no mx for testing", VER "mode: testing\nmax_age: 0", "no mx"},
	{"a mode that is none", VER "mode: on\nmax_age: 0",
         "line 2: mode 'on' is not testing, enforce or none"},
	{"a mode in capitals", VER "mode: Enforce\nmax_age: 0\nmx: a.b",
         "line 2: mode 'Enforce'"},
	{"eleven digits", VER "mode: none\nmax_age: 01234567890",
         "more than 10 digits"},
	{"no number", VER "mode: none\nmax_age: a",
         "max_age 'a' is not a number"},
	{"a negative number", VER "mode: none\nmax_age: -1", "is not a number"},
	{"a unit", VER "mode: none\nmax_age: 7d", "is not a number"},
	{"an mx without a value", MX "\n", "line 4: key 'mx' has no value"},
	{"two stars", MX "*.*.a.b", "line 4: mx '*.*.a.b' is neither"},
	{"a star inside", MX "a.*.b", "is neither"},
	{"a star in a label", MX "m*.a.b", "is neither"},
	{"a star alone", MX "*", "is neither"},
	{"a star and a dot", MX "*.", "is neither"},
	{"a dot first, as older drafts had it", MX ".a.b", "is neither"},
	{"a final dot", MX "a.b.", "is neither"},
	{"a hyphen at a label's end", MX "test.example-", "is neither"},
	{"an underscore", MX "_mx.a.b", "is neither"},
	{"a U-label", MX "m\xc3\xb8x.a.b", "(in A-labels)"},
	{"a U-label in mode none", NONE "mx: m\xc3\xb8x.a.b", "is neither"},
	{"two names in one mx", MX "a.b c.d", "is neither"},
	{"a bad second mx", MX "a.b\nmx: -", "line 5: mx '-'"},
	{"an unknown key without a value", NONE "ext:", "has no value"},
	{"a key of 33", NONE NAME32 "x: 1", "is not 1 to 32 letters"},
	{"an underscore first", NONE "_bad: test", "key '_bad'"},
	{"white space before the colon", "version : STSv1\n", "key 'version '"},
	{"white space before the key", " version: STSv1\n", "key ' version'"},
	{"a byte order mark", "\xef\xbb\xbf" NONE, "line 1: key"},
	{"an empty line", VER "\nmode: none\nmax_age: 0", "line 2 is empty"},
	{"an empty line at the end", NONE "\n", "line 4 is empty"},
	{"CR alone", "version: STSv1\rmode: none\rmax_age: 0",
         "a control character"},
	{"a control character", NONE "ext: a\x01", "a control character"},
	{"no UTF-8", NONE "ext: \xff", "is not valid UTF-8"},
	{"no colon", VER "mode none", "line 2: text 'mode none' has no ':'"},
	{"a web page", "<!DOCTYPE html>\n<html>", "has no ':'"},
};

static const char *joined(struct strbuf *out, const char **list, size_t count,
                          const char *between)
{
	strbuf_reset(out);
	for (size_t i = 0; i < count; i++)
		strbuf_printf(out, "%s%s", i > 0 ? between : "", list[i]);
	return strbuf_text(out);
}

static void test_good_policies(void **state)
{
	struct strbuf out = {0};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(good_policies); i++) {
		const struct policy_row *row = &good_policies[i];
		struct sts_policy got;
		struct err err = {0};
		int rc = sts_policy_parse(row->text, strlen(row->text), &arena,
		                          &got, &err);

		ROW(row);
		assert_string_equal(err.text, "");
		assert_int_equal(rc, 0);
		assert_int_equal(got.mode, row->mode);
		assert_int_equal(got.max_age, row->max_age);
		assert_string_equal(joined(&out, got.mx, got.mx_count, " "),
		                    row->mx);
		if (row->lines != NULL)
			assert_string_equal(
				joined(&out, got.lines, got.line_count, "|"),
				row->lines);
	}
	strbuf_clear(&out);
	arena_clear(&arena);
}

static void test_bad_policies(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(bad_policies); i++) {
		const struct bad_row *row = &bad_policies[i];
		struct sts_policy got;
		struct err err = {0};

		ROW(row);
		assert_int_equal(sts_policy_parse(row->text, strlen(row->text),
		                                  &arena, &got, &err),
		                 ERR_PARSE);
		if (strstr(err.text, row->words) == NULL)
			fail_msg("'%s' does not say '%s'", err.text,
			         row->words);
	}
	arena_clear(&arena);
}

static void test_lines_of_a_bad_policy(void **state)
{
	static const char text[] = "version: STSv1\n\nmode: on\xff\x01 \r\nx";
	struct strbuf out = {0};
	struct sts_policy got;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(
		sts_policy_parse(text, strlen(text), &arena, &got, NULL),
		ERR_PARSE);
	assert_string_equal(joined(&out, got.lines, got.line_count, "|"),
	                    "version: STSv1|mode: on\xef\xbf\xbd|x");
	strbuf_clear(&out);
	arena_clear(&arena);
}

static void test_sizes(void **state)
{
	struct strbuf text = {0};
	struct sts_policy got;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	strbuf_puts(&text, NONE);
	for (int i = 0; i < 500; i++)
		strbuf_printf(&text, "mx: mx%d.a.b\n", i);
	assert_int_equal(
		sts_policy_parse(text.data, text.len, &arena, &got, NULL), 0);
	assert_int_equal(got.mx_count, 500);
	assert_int_equal(got.line_count, STS_LINES_MAX);
	assert_true(sts_policy_matches(&got, "mx499.a.b"));
	while (text.len <= STS_POLICY_MAX)
		strbuf_puts(&text, "ext: a\n");
	assert_int_equal(
		sts_policy_parse(text.data, text.len, &arena, &got, NULL),
		ERR_LIMIT);
	strbuf_clear(&text);
	arena_clear(&arena);
}

struct match_row {
	const char *name, *pattern, *host;
	bool matches;
};

static const struct match_row matches[] = {
	{"the name itself", "mx.a.b", "mx.a.b", true},
	{"another name", "mx.a.b", "my.a.b", false},
	{"a name below it", "a.b", "mx.a.b", false},
	{"a star is one label", "*.a.b", "mx.a.b", true},
	{"a star is not two labels", "*.a.b", "mx.x.a.b", false},
	{"a star is not none", "*.a.b", "a.b", false},
	{"a star does not end within a label", "*.a.b", "mxa.b", false},
	{"a star above a host of one label", "*.a", "a", false},
	{"no dot begins a host", "*.a.b", ".a.b", false},
};

static void test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(matches); i++) {
		const struct match_row *row = &matches[i];
		const char *mx[] = {"other.example", row->pattern};
		struct sts_policy policy = {.mx = mx, .mx_count = 2};

		ROW(row);
		assert_int_equal(sts_policy_matches(&policy, row->host),
		                 row->matches);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_records),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_good_policies),
		cmocka_unit_test(test_bad_policies),
		cmocka_unit_test(test_lines_of_a_bad_policy),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
