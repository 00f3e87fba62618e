#include "unit/test.h"

#include "base/auto.h"
#include "base/json.h"
#include "base/json_lax.h"

#define DIGITS_309                                                             \
	"1000000000000000000000000000000000000000000000000000000000000"        \
	"0000000000000000000000000000000000000000000000000000000000000"        \
	"0000000000000000000000000000000000000000000000000000000000000"        \
	"0000000000000000000000000000000000000000000000000000000000000"        \
	"00000000000000000000000000000000000000000000000000000000000000000"

/* As what is read is written again, and without its U+0000. */
static void test_read(void **state)
{
	static const struct {
		const char *name, *text;
		unsigned flags;
		const char *want; /* NULL: refused */
	} rows[] = {
		{"as it is", "{\"a\":[1,-2,1.5,\"x\",null]}", 0,
	         "{\"a\":[1,-2,1.5,\"x\",null]}"},
		{"the greatest whole number", "9223372036854775807", 0,
	         "9223372036854775807"},
		{"one more", "9223372036854775808", 0, "9.2233720368547758e18"},
		{"the least, and one less", "-9223372036854775809", 0,
	         "-9.2233720368547758e18"},
		{"great as text", "[9223372036854775808,7]", JSON_LAX_BIG_TEXT,
	         "[\"9223372036854775808\",7]"},
		{"past a double", "1e999", 0, "1.7976931348623157e308"},
		{"past a double, negative", "[-1e999]", 0,
	         "[-1.7976931348623157e308]"},
		{"past a double, in digits", DIGITS_309 "0", 0,
	         "1.7976931348623157e308"},
		{"digits in a text stay",
	         "{\"a\":\"9223372036854775808\","
	         "\"b\":9223372036854775808}",
	         0,
	         "{\"a\":\"9223372036854775808\",\"b\":"
	         "9.2233720368547758e18}"},
		{"U+0000", "\"a\\u0000b\"", 0, "\"a\\u0001b\""},
		{"U+0000 kept", "\"a\\u0000b\"", JSON_LAX_NUL, "\"a\\u0000b\""},
		{"U+0000 in a name", "{\"a\\u0000b\" :\"\\u0000\"}",
	         JSON_LAX_NUL, "{\"a\\u0001b\":\"\\u0000\"}"},
		{"no U+0000", "[\"\\\\u0000\",\"\\u0000\"]", 0,
	         "[\"\\\\u0000\",\"\\u0001\"]"},
		{"behind a quote", "[\"\\\"\\u0000\"]", 0, "[\"\\\"\\u0001\"]"},
		{"malformed", "[9223372036854775808,01]", 0, NULL},
		{"malformed, and long", "00000000000000000000000000001", 0,
	         NULL},
		{"a text without end", "[9223372036854775808,\"\\u0000", 0,
	         NULL},
		{"a text that ends in a backslash", "[\"\\u0000\\", 0, NULL},
		{"a sign alone", "[9223372036854775808,-]", 0, NULL},
		{"a name twice", "{\"\\u0000\":1,\"\\u0001\":2}", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *got = NULL, *clean = NULL;
		auto_(strbuf_clear) struct strbuf text = {0};
		struct err err = {0};

		ROW(&rows[i]);
		got = json_lax_read(rows[i].text, strlen(rows[i].text),
		                    rows[i].flags, &err);
		if (rows[i].want == NULL) {
			assert_null(got);
			assert_int_equal(strncmp(err.text, "JSON: line 1", 12),
			                 0);
			continue;
		}
		if (got == NULL)
			fail_msg("%s", err.text);
		json_write(got, &text);
		assert_string_equal(text.data, rows[i].want);
		clean = json_lax_without_nul(got);
		strbuf_reset(&text);
		json_write(clean, &text);
		json_free(&got);
		got = json_read(text.data, text.len, true, &err);
		assert_true(json_equal(got, clean));
	}
}

static void test_same(void **state)
{
	static const struct {
		const char *name, *a, *b;
		bool want;
	} rows[] = {
		{"equal", "[1,\"x\"]", "[1,\"x\"]", true},
		{"another", "[1]", "[2]", false},
		{"null is absent", "null", NULL, true},
		{"absent and absent", NULL, NULL, true},
		{"null is not 0", "null", "0", false},
		{"null is not empty", "null", "[]", false},
		{"absent is not empty", NULL, "{}", false},
		{"{} is []", "{}", "[]", true},
		{"{} is not \"\"", "{}", "\"\"", false},
		{"[] is not 0", "[]", "0", false},
		{"{} is not a list of one", "{}", "[null]", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *a = NULL, *b = NULL;

		ROW(&rows[i]);
		a = rows[i].a ? json_loads(rows[i].a, JSON_DECODE_ANY, NULL)
		              : NULL;
		b = rows[i].b ? json_loads(rows[i].b, JSON_DECODE_ANY, NULL)
		              : NULL;
		assert_int_equal(json_same(a, b), rows[i].want);
		assert_int_equal(json_same(b, a), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
