#include "unit/test.h"

#include "base/auto.h"
#include "base/command.h"
#include "postfix/list_text.h"

#define OURS "{ inet:127.0.0.1:8892, default_action=accept }"

static void test_has(void **state)
{
	static const struct {
		const char *name, *list, *item;
		bool want;
	} rows[] = {
		{"nothing", "", OURS, false},
		{"it alone", OURS, OURS, true},
		{"without braces", "inet:127.0.0.1:8892", OURS, true},
		{"with other settings", "{inet:127.0.0.1:8892}", OURS, true},
		{"behind another", "inet:a:1, " OURS, OURS, true},
		{"with spaces alone", "inet:a:1 inet:127.0.0.1:8892", OURS,
	         true},
		{"another port", "inet:127.0.0.1:88921", OURS, false},
		{"in another's braces", "{ inet:a:1, x=inet:127.0.0.1:8892 }",
	         OURS, false},
		{"a map with a comma in it", "inline:{a=b, c=d}, hash:/x",
	         "inline:{a=b, c=d}", true},
		{"another map", "inline:{a=b, c=d}, hash:/x", "inline:{a=b}",
	         false},
		{"braces that do not end", "{ inet:127.0.0.1:8892", OURS, true},
		{"a brace too many", "} " OURS, OURS, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(list_text_has(rows[i].list, rows[i].item),
		                 rows[i].want);
	}
}

/* With the item, and without it again. */
static void test_with_and_without(void **state)
{
	static const struct {
		const char *name, *list, *with;
	} rows[] = {
		{"nothing", "", OURS},
		{"spaces", "  ", OURS},
		{"one", "inet:a:1", "inet:a:1, " OURS},
		{"two", "inet:a:1 unix:b", "inet:a:1 unix:b, " OURS},
		{"braces", "{ inet:a:1, x=y }", "{ inet:a:1, x=y }, " OURS},
		{"a name", "$smtpd_milters", "$smtpd_milters, " OURS},
	};
	auto_(arena_clear) struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *with, *without;

		ROW(&rows[i]);
		with = list_text_with(rows[i].list, OURS, &arena);
		assert_string_equal(with, rows[i].with);
		without = list_text_without(with, OURS, &arena);
		assert_string_equal(without, strspn(rows[i].list,
		                                    " ") == strlen(rows[i].list)
		                                     ? ""
		                                     : rows[i].list);
	}
}

static void test_without(void **state)
{
	static const struct {
		const char *name, *list, *want;
	} rows[] = {
		{"the first", OURS ", inet:a:1", "inet:a:1"},
		{"the first, with spaces before", "  " OURS " inet:a:1",
	         "inet:a:1"},
		{"in the middle", "inet:a:1, " OURS ", unix:b",
	         "inet:a:1, unix:b"},
		{"not there", "inet:a:1, inet:127.0.0.1:8892",
	         "inet:a:1, inet:127.0.0.1:8892"},
	};
	auto_(arena_clear) struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_string_equal(
			list_text_without(rows[i].list, OURS, &arena),
			rows[i].want);
	}
}

static void test_replaced(void **state)
{
	static const struct {
		const char *name, *list, *want;
	} rows[] = {
		{"nothing", "", ""},
		{"alone", "a:b", OURS},
		{"the first", "a:b, c", OURS ", c"},
		{"in the middle", "c a:b\tinline:{a:b}",
	         "c " OURS "\tinline:{a:b}"},
		{"only the whole item", "xa:b, a:bx", "xa:b, a:bx"},
	};
	auto_(arena_clear) struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_string_equal(
			list_text_replaced(rows[i].list, "a:b", OURS, &arena),
			rows[i].want);
	}
}

static void test_shell_words(void **state)
{
	static const struct {
		const char *name;
		const char *argv[4];
		const char *want;
	} rows[] = {
		{"plain",
	         {"postconf", "-c", "/etc/postfix"},
	         "postconf -c /etc/postfix"},
		{"spaces", {"postconf", "-e", "a = b"}, "postconf -e 'a = b'"},
		{"a name", {"$x"}, "'$x'"},
		{"a quote", {"it's"}, "'it'\\''s'"},
		{"nothing", {"a", ""}, "a ''"},
		{"a line's end", {"a\nb"}, "'a\nb'"},
		{"a wildcard", {"*"}, "'*'"},
		{"a home", {"~"}, "'~'"},
		{"a comment", {"#a"}, "'#a'"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf out = {0};

		ROW(&rows[i]);
		command_write(rows[i].argv, &out);
		assert_string_equal(strbuf_text(&out), rows[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_with_and_without),
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_shell_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
