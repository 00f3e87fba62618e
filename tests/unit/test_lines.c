#include "unit/test.h"

#include <string.h>

#include "base/auto.h"
#include "setup/lines.h"

#define MAIN "smtpd_milters", THING_SETTING
#define MASTER "tlsreport/unix", THING_SERVICE
#define ONE_LINE "a = 1\nsmtpd_milters = inet:b:1, inet:c:2\nz = 1\n"
#define TWO_LINES "a = 1\nsmtpd_milters =\n inet:b:1,\n\tinet:c:2\nz = 1\n"

/* The file as it is, as it was, and as it is to be; NULL: as it is. */
static void test_give_back(void **state)
{
	static const struct {
		const char *name, *of;
		enum thing_kind kind;
		const char *is, *was, *want;
	} rows[] = {
		{"two lines", MAIN, ONE_LINE, TWO_LINES, TWO_LINES},
		{"one line as it is", MAIN, ONE_LINE, ONE_LINE, NULL},
		{"other spaces", MAIN, "smtpd_milters = b\n",
	         "smtpd_milters=b\n", "smtpd_milters=b\n"},
		{"another value", MAIN, "smtpd_milters = b\n",
	         "smtpd_milters =\n c\n", NULL},
		{"it is not there any more", MAIN, "a = 1\n", TWO_LINES, NULL},
		{"it was not there", MAIN, ONE_LINE, "a = 1\n", NULL},
		{"a longer name", MAIN, "smtpd_milters = b\n",
	         "smtpd_milters_x =\n b\nsmtpd_milters = b\n", NULL},
		{"lines that others have written since", MAIN,
	         "# new\n" ONE_LINE "y = 2\n", TWO_LINES,
	         "# new\n" TWO_LINES "y = 2\n"},
		{"remarks between its lines", MAIN,
	         "smtpd_milters = b, c\n# one\n\n# two\n",
	         "smtpd_milters = b,\n# one\n\n c\n# two\n",
	         "smtpd_milters = b,\n# one\n\n c\n# two\n"},
		{"remarks that somebody has taken away", MAIN,
	         "smtpd_milters = b, c\nz = 1\n",
	         "smtpd_milters = b,\n# one\n c\nz = 1\n",
	         "smtpd_milters = b,\n c\nz = 1\n"},
		{"it stood there twice", MAIN,
	         "smtpd_milters = c\nsmtpd_milters = c\n",
	         "smtpd_milters = b\nsmtpd_milters =\n c\n",
	         "smtpd_milters = b\nsmtpd_milters =\n c\n"},
		{"twice, and now once", MAIN, "smtpd_milters = c\n",
	         "smtpd_milters = b\nsmtpd_milters =\n c\n", NULL},
		{"no newline at the end", MAIN, "smtpd_milters = b\n",
	         "smtpd_milters =\n b", "smtpd_milters =\n b"},
		{"no newline, and something new behind", MAIN,
	         "smtpd_milters = b\nz = 1\n", "smtpd_milters =\n b",
	         "smtpd_milters =\n b\nz = 1\n"},
		{"a service", MASTER,
	         "smtp inet n - y - - smtpd\n"
	         "tlsreport  unix  -  -  n  -  -  smtp -o a=b\n",
	         "smtp inet n - y - - smtpd\n"
	         "tlsreport unix - - n - - smtp\n  -o a=b\n",
	         "smtp inet n - y - - smtpd\n"
	         "tlsreport unix - - n - - smtp\n  -o a=b\n"},
		{"a service of another type", MASTER,
	         "tlsreport  inet  -  -  n  -  -  smtp\n",
	         "tlsreport inet - - n - - smtp\n", NULL},
		{"empty files", MAIN, "", "", NULL},
		{"a line with nothing but a name", MAIN, "smtpd_milters\n",
	         "smtpd_milters\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *want = rows[i].want ? rows[i].want : rows[i].is;
		auto_(strbuf_clear) struct strbuf is = {0}, was = {0},
						  out = {0};
		bool differs;

		ROW(&rows[i]);
		strbuf_puts(&is, rows[i].is);
		strbuf_puts(&was, rows[i].was);
		differs = lines_give_back(rows[i].kind, rows[i].of, &is, &was,
		                          &out);
		assert_int_equal(differs, rows[i].want != NULL);
		if (differs)
			assert_string_equal(strbuf_text(&out), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_give_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
