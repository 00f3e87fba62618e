#include "unit/test.h"

#include <stdlib.h>

#include "api/jmap_request.h"
#include "base/auto.h"
#include "base/strbuf.h"

#define URN "urn:ietf:params:jmap:error:"

/* Rows are written with ' for ". */
static void quote(const char *text, struct strbuf *out)
{
	for (; *text != '\0'; text++)
		strbuf_putc(out, *text == '\'' ? '"' : *text);
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *name, *body, *type, *words;
	} rows[] = {
		{"nothing", "", "notJSON", "JSON"},
		{"blanks", " \n", "notJSON", "JSON"},
		{"half an object", "{'using':[", "notJSON", "line 1"},
		{"two values", "{}{}", "notJSON", "JSON"},
		{"a comma too many", "{'using':[],}", "notJSON", "JSON"},
		{"a comment", "{/* */}", "notJSON", "JSON"},
		{"NaN", "{'a':NaN}", "notJSON", "JSON"},
		{"a leading zero", "{'a':01}", "notJSON", "JSON"},
		{"a long leading zero", "{'a':0000000000000000000000001}",
	         "notJSON", "JSON"},
		{"no number, but long", "{'a':1-11111111111111111111111}",
	         "notJSON", "JSON"},
		{"the same member twice", "{'using':[],'using':[]}", "notJSON",
	         "duplicate"},
		{"the same member twice, deep down",
	         "{'using':[],'methodCalls':[['Core/echo',{'a':1,'a':2},'c']]}",
	         "notJSON", "duplicate"},
		{"invalid UTF-8", "{'a':'\xff'}", "notJSON", "decode byte"},
		{"overlong UTF-8", "{'a':'\xc0\xaf'}", "notJSON",
	         "decode byte"},
		{"a surrogate in UTF-8", "{'a':'\xed\xa0\x80'}", "notJSON",
	         "decode byte"},
		{"half a surrogate pair", "{'a':'\\ud800'}", "notJSON", "JSON"},
		{"a control character as it is", "{'a':'\1'}", "notJSON",
	         "control"},
		{"U+0000 in a capability",
	         "{'using':['urn:ietf:params:jmap:core\\u0000'],"
	         "'methodCalls':[]}",
	         "notRequest", "using[0]"},
		{"U+0000 in a call's name",
	         "{'using':[],'methodCalls':[['a\\u0000',{},'c']]}",
	         "notRequest", "methodCalls[0]: its name"},
		{"U+0000 in created ids",
	         "{'using':[],'methodCalls':[],'createdIds':{'a':'b\\u0000'}}",
	         "notRequest", "createdIds"},
		{"U+0000 twice in a name", "{'a\\u0000':1,'a\\u0000':2}",
	         "notJSON", "duplicate"},
		{"a noncharacter behind U+0000", "{'a':'\\u0000\\uffff'}",
	         "notJSON", "noncharacter"},
		{"a noncharacter", "{'a':'\xef\xbf\xbf'}", "notJSON",
	         "noncharacter"},
		{"a noncharacter as escape", "{'a':['\\ufdd0']}", "notJSON",
	         "noncharacter"},
		{"a noncharacter in a name", "{'\xef\xbf\xbe':1}", "notJSON",
	         "noncharacter"},
		{"a noncharacter of the last plane", "{'a':'\xf4\x8f\xbf\xbf'}",
	         "notJSON", "noncharacter"},
		{"a control character", "{'a':'\n'}", "notJSON", "JSON"},
		{"no object: null", "null", "notRequest", "not an object"},
		{"no object: a number", "5", "notRequest", "not an object"},
		{"no object: a text", "'x'", "notRequest", "not an object"},
		{"no object: an array", "[]", "notRequest", "not an object"},
		{"nothing in it", "{}", "notRequest", "using"},
		{"using: null", "{'using':null,'methodCalls':[]}", "notRequest",
	         "using"},
		{"using: an object", "{'using':{},'methodCalls':[]}",
	         "notRequest", "using"},
		{"using: a text", "{'using':'x','methodCalls':[]}",
	         "notRequest", "using"},
		{"using: a number in it", "{'using':[1],'methodCalls':[]}",
	         "notRequest", "using[0]"},
		{"using: wrong before unknown",
	         "{'using':['urn:x',1],'methodCalls':[]}", "notRequest",
	         "using[1]"},
		{"an unknown capability",
	         "{'using':['urn:ietf:params:jmap:core','urn:x'],"
	         "'methodCalls':[]}",
	         "unknownCapability", "using[1]: 'urn:x'"},
		{"an unknown one of the IETF",
	         "{'using':['urn:ietf:params:jmap:mails'],'methodCalls':[]}",
	         "unknownCapability", "'urn:ietf:params:jmap:mails'"},
		{"an unknown one of Stalwart",
	         "{'using':['urn:stalwart:mail'],'methodCalls':[]}",
	         "unknownCapability", "'urn:stalwart:mail'"},
		{"a capability in capitals",
	         "{'using':['URN:IETF:PARAMS:JMAP:CORE'],'methodCalls':[]}",
	         "unknownCapability", "using[0]"},
		{"the empty capability", "{'using':[''],'methodCalls':[]}",
	         "unknownCapability", "using[0]"},
		{"no calls", "{'using':[]}", "notRequest", "methodCalls"},
		{"calls: null", "{'using':[],'methodCalls':null}", "notRequest",
	         "methodCalls"},
		{"calls: an object", "{'using':[],'methodCalls':{}}",
	         "notRequest", "methodCalls"},
		{"a call that is null", "{'using':[],'methodCalls':[null]}",
	         "notRequest", "methodCalls[0]"},
		{"a call that is an object", "{'using':[],'methodCalls':[{}]}",
	         "notRequest", "methodCalls[0]"},
		{"a call of one", "{'using':[],'methodCalls':[['a']]}",
	         "notRequest", "methodCalls[0]"},
		{"a call of two", "{'using':[],'methodCalls':[['a',{}]]}",
	         "notRequest", "methodCalls[0]"},
		{"a call of four",
	         "{'using':[],'methodCalls':[['a',{},'c',1]]}", "notRequest",
	         "methodCalls[0]"},
		{"a name that is none",
	         "{'using':[],'methodCalls':[[1,{},'c']]}", "notRequest",
	         "its name"},
		{"arguments: null",
	         "{'using':[],'methodCalls':[['a',null,'c']]}", "notRequest",
	         "its arguments"},
		{"arguments: an array",
	         "{'using':[],'methodCalls':[['a',[],'c']]}", "notRequest",
	         "its arguments"},
		{"an id that is a number",
	         "{'using':[],'methodCalls':[['a',{},'c'],['a',{},7]]}",
	         "notRequest", "methodCalls[1]: its id"},
		{"an id that is null",
	         "{'using':[],'methodCalls':[['a',{},null]]}", "notRequest",
	         "its id"},
		{"created ids: an array",
	         "{'using':[],'methodCalls':[],'createdIds':[]}", "notRequest",
	         "createdIds"},
		{"created ids: no id",
	         "{'using':[],'methodCalls':[],'createdIds':{'a b':'x'}}",
	         "notRequest", "createdIds"},
		{"created ids: the empty id",
	         "{'using':[],'methodCalls':[],'createdIds':{'':'x'}}",
	         "notRequest", "createdIds"},
		{"created ids: a number",
	         "{'using':[],'methodCalls':[],'createdIds':{'a':1}}",
	         "notRequest", "createdIds"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf body = {0};
		struct jmap_request request;
		struct jmap_problem problem;

		ROW(&rows[i]);
		quote(rows[i].body, &body);
		assert_false(jmap_request_read(strbuf_text(&body), body.len,
		                               &request, &problem));
		assert_null(request.tree);
		assert_int_equal(problem.status, 400);
		assert_string_equal(problem.type + strlen(URN), rows[i].type);
		assert_null(problem.limit);
		if (strstr(problem.detail, rows[i].words) == NULL)
			fail_msg("no '%s' in: %s", rows[i].words,
			         problem.detail);
	}
}

static void test_a_request(void **state)
{
	static const char body[] =
		"{'x':[1],'using':['urn:ietf:params:jmap:core',"
		"'urn:stalwart:jmap'],'methodCalls':[['Core/echo',{'a':1},'c1'"
		"],['Foo/get',{},'c1']],'createdIds':{'k':'a0'}}";
	auto_(strbuf_clear) struct strbuf text = {0};
	struct jmap_request request;
	struct jmap_problem problem;

	(void)state;
	quote(body, &text);
	assert_true(jmap_request_read(text.data, text.len, &request, &problem));
	assert_int_equal(problem.status, 0);
	assert_int_equal(request.using, CAPABILITY_CORE | CAPABILITY_STALWART);
	assert_int_equal(request.call_count, 2);
	assert_string_equal(request.calls[0].name, "Core/echo");
	assert_int_equal(json_object_size(request.calls[0].args), 1);
	assert_string_equal(request.calls[1].name, "Foo/get");
	assert_string_equal(json_string_value(request.calls[1].id), "c1");
	assert_int_equal(json_object_size(request.created_ids), 1);
	jmap_request_clear(&request);
	assert_null(request.tree);
}

/* As Stalwart's WebUI asks. */
static void test_capabilities_of_others(void **state)
{
	static const char body[] =
		"{'using':['urn:ietf:params:jmap:core','urn:stalwart:jmap',"
		"'urn:ietf:params:jmap:blob','urn:ietf:params:jmap:mail',"
		"'urn:ietf:params:jmap:calendars',"
		"'urn:ietf:params:jmap:contacts',"
		"'urn:ietf:params:jmap:principals',"
		"'urn:ietf:params:jmap:sieve',"
		"'urn:ietf:params:jmap:vacationresponse'],'methodCalls':[]}";
	auto_(strbuf_clear) struct strbuf text = {0};
	struct jmap_request request;
	struct jmap_problem problem;

	(void)state;
	quote(body, &text);
	if (!jmap_request_read(text.data, text.len, &request, &problem))
		fail_msg("%s", problem.detail);
	assert_int_equal(request.using, CAPABILITY_CORE | CAPABILITY_STALWART);
	jmap_request_clear(&request);
}

static void add_calls(struct strbuf *body, int count)
{
	strbuf_puts(body, "{\"using\":[],\"methodCalls\":[");
	for (int i = 0; i < count; i++)
		strbuf_printf(body, "%s[\"a\",{},\"%d\"]", i ? "," : "", i);
	strbuf_puts(body, "]}");
}

static void test_limits(void **state)
{
	auto_(strbuf_clear) struct strbuf body = {0}, large = {0};
	struct jmap_request request;
	struct jmap_problem problem;

	(void)state;
	add_calls(&body, JMAP_MAX_CALLS);
	assert_true(jmap_request_read(body.data, body.len, &request, &problem));
	jmap_request_clear(&request);
	strbuf_reset(&body);
	add_calls(&body, JMAP_MAX_CALLS + 1);
	assert_false(
		jmap_request_read(body.data, body.len, &request, &problem));
	assert_string_equal(problem.type, URN "limit");
	assert_string_equal(problem.limit, "maxCallsInRequest");
	add_calls(&large, 1);
	while (large.len < JMAP_MAX_REQUEST)
		strbuf_putc(&large, ' ');
	assert_true(
		jmap_request_read(large.data, large.len, &request, &problem));
	jmap_request_clear(&request);
	strbuf_putc(&large, ' ');
	assert_false(
		jmap_request_read(large.data, large.len, &request, &problem));
	assert_string_equal(problem.type, URN "limit");
	assert_string_equal(problem.limit, "maxSizeRequest");
}

/* A tree of so many is not made: 3.4 million arrays were 700 MB. */
static void test_values_are_bounded(void **state)
{
	static const struct {
		const char *name, *value;
		size_t count;
		const char *type; /* NULL: it is read */
	} rows[] = {
		{"as many as there may be", "[],", JMAP_MAX_VALUES / 2 - 20,
	         NULL},
		{"more arrays", "[],", JMAP_MAX_VALUES, URN "limit"},
		{"more objects", "{},", JMAP_MAX_VALUES, URN "limit"},
		{"more numbers", "1,", 2 * JMAP_MAX_VALUES, URN "limit"},
		{"commas in a text", "\",,,,[[[{{{\\\",,,\",", 200000, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf body = {0};
		struct jmap_request request;
		struct jmap_problem problem;
		bool is_read;

		ROW(&rows[i]);
		strbuf_puts(&body, "{\"using\":[],\"x\":[");
		for (size_t n = 0; n < rows[i].count; n++)
			strbuf_puts(&body, rows[i].value);
		strbuf_puts(&body, "0],\"methodCalls\":[]}");
		is_read = jmap_request_read(body.data, body.len, &request,
		                            &problem);
		assert_int_equal(is_read, rows[i].type == NULL);
		if (rows[i].type != NULL)
			assert_string_equal(problem.type, rows[i].type);
		jmap_request_clear(&request);
	}
}

static void test_depth_is_bounded(void **state)
{
	auto_(strbuf_clear) struct strbuf body = {0};
	struct jmap_request request;
	struct jmap_problem problem;

	(void)state;
	for (int i = 0; i < 100000; i++)
		strbuf_putc(&body, '[');
	assert_false(
		jmap_request_read(body.data, body.len, &request, &problem));
	assert_string_equal(problem.type, URN "notJSON");
}

static void test_ids(void **state)
{
	static const struct {
		const char *name, *text;
		bool want;
	} rows[] = {
		{"a letter", "a", true},
		{"all kinds", "aZ0-_", true},
		{"nothing", "", false},
		{"a blank", "a b", false},
		{"a slash", "a/b", false},
		{"an equals sign", "a=", false},
		{"an umlaut", "\xc3\xa4", false},
	};
	char text[JMAP_ID_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(jmap_request_is_id(rows[i].text),
		                 rows[i].want);
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(jmap_request_is_id(text));
	assert_true(jmap_request_is_id(text + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_a_request),
		cmocka_unit_test(test_capabilities_of_others),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_values_are_bounded),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
