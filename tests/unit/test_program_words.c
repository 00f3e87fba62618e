#include "unit/test.h"

#include "reply/program_words.h"

static void test_lines(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"one line", "sendmail: fatal: no\n", "sendmail: fatal: no"},
		{"no line end", "no", "no"},
		{"the program's name stands once",
	         "msmtp: address not accepted\n"
	         "msmtp: server message: 550 5.1.1 who?\n",
	         "msmtp: address not accepted; server message: 550 5.1.1 who?"},
		{"another's name stays", "a: x\r\nb: y\r\n", "a: x; b: y"},
		{"no name", "550 no: 1\n550 no: 2\n", "550 no: 1; 550 no: 2"},
		{"blank lines", "\n\n x \n\n", "x"},
		{"UTF-8, and what is hostile",
	         "gr\xc3\xb6\xc3\x9f"
	         "er\x1b[0m\n",
	         "gr\xc3\xb6\xc3\x9f"
	         "er\\x1b[0m"},
		{"nothing", "", ""},
	};
	char got[100];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		program_words(span_of(rows[i].text), got, sizeof(got));
		assert_string_equal(got, rows[i].want);
	}
}

static void test_cut(void **state)
{
	char got[20];

	(void)state;
	program_words(span_of("begins 45678901234567890 ends"), got,
	              sizeof(got));
	assert_string_equal(got, "begins  ... 90 ends");
	assert_int_equal(strlen(got), sizeof(got) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
