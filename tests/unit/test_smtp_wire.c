#include "unit/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "reply/smtp_wire.h"

static void test_replies(void **state)
{
	static const struct {
		const char *name, *bytes;
		int want;                  /* 1, 0 or the class */
		int code, subject, detail; /* subject -1: not enhanced */
		size_t used;
		const char *text;
	} rows[] = {
		{"one line", "250 fine\r\n", 1, 250, -1, 0, 10, "250 fine"},
		{"the code alone", "250\r\n", 1, 250, -1, 0, 5, "250"},
		{"code and space", "354 \r\n", 1, 354, -1, 0, 6, "354"},
		{"bare LF", "250 fine\n", 1, 250, -1, 0, 9, "250 fine"},
		{"enhanced", "550 5.1.1 who?\r\n", 1, 550, 1, 1, 16,
	         "550 5.1.1 who?"},
		{"enhanced with two digits", "550 5.1.10 null MX\r\n", 1, 550,
	         1, 10, 20, "550 5.1.10 null MX"},
		{"enhanced of another class", "550 4.7.1 later\r\n", 1, 550, -1,
	         0, 17, "550 4.7.1 later"},
		{"no enhanced code but a number", "550 5.1 x\r\n", 1, 550, -1,
	         0, 11, "550 5.1 x"},
		{"an IP address is no code", "554 5.1.2.3 listed\r\n", 1, 554,
	         -1, 0, 20, "554 5.1.2.3 listed"},
		{"several lines", "550-5.7.1 no\r\n550 5.7.1 really\r\n", 1,
	         550, 7, 1, 32, "550 5.7.1 no 5.7.1 really"},
		{"enhanced as Cisco writes it", "550 #5.1.0 rejected\r\n", 1,
	         550, 1, 0, 21, "550 #5.1.0 rejected"},
		{"enhanced as qmail writes it", "550 no mailbox (#5.1.1)\r\n",
	         1, 550, 1, 1, 25, "550 no mailbox (#5.1.1)"},
		{"enhanced in the last line alone",
	         "550-no\r\n550 5.1.1 who?\r\n", 1, 550, 1, 1, 24,
	         "550 no 5.1.1 who?"},
		{"a number in the middle is no code",
	         "550 see 5.1.1 of our terms\r\n", 1, 550, -1, 0, 28,
	         "550 see 5.1.1 of our terms"},
		{"more after it", "250 a\r\n250 b\r\n", 1, 250, -1, 0, 7,
	         "250 a"},
		{"half a line", "250 fi", 0, 0, 0, 0, 0, NULL},
		{"half a reply", "250-fine\r\n", 0, 0, 0, 0, 0, NULL},
		{"nothing", "", 0, 0, 0, 0, 0, NULL},
		{"no code", "hello\r\n", ERR_PARSE, 0, 0, 0, 0, NULL},
		{"1xx is not SMTP", "150 x\r\n", ERR_PARSE, 0, 0, 0, 0, NULL},
		{"two codes in one", "250-a\r\n550 b\r\n", ERR_PARSE, 0, 0, 0,
	         0, NULL},
		{"an empty line", "\r\n", ERR_PARSE, 0, 0, 0, 0, NULL},
		{"control characters are shown", "550 \x1b[31m\r\n", 1, 550, -1,
	         0, 11, "550 \\x1b[31m"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_reply reply;
		size_t used = 0;
		struct err err;

		ROW(&rows[i]);
		assert_int_equal(smtp_wire_read_reply(rows[i].bytes,
		                                      strlen(rows[i].bytes),
		                                      &reply, &used, &err),
		                 rows[i].want);
		if (rows[i].want != 1)
			continue;
		assert_int_equal(reply.code, rows[i].code);
		assert_int_equal(reply.is_enhanced, rows[i].subject >= 0);
		if (reply.is_enhanced) {
			assert_int_equal(reply.subject, rows[i].subject);
			assert_int_equal(reply.detail, rows[i].detail);
		}
		assert_int_equal(used, rows[i].used);
		assert_string_equal(reply.text, rows[i].text);
	}
}

static void test_a_reply_that_does_not_end(void **state)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct smtp_reply reply;
	size_t used;

	(void)state;
	for (int i = 0; i <= SMTP_LINE_MAX; i++)
		strbuf_putc(&text, '2');
	assert_int_equal(
		smtp_wire_read_reply(text.data, text.len, &reply, &used, NULL),
		ERR_LIMIT);
	strbuf_reset(&text);
	while (text.len <= SMTP_REPLY_MAX)
		strbuf_puts(&text, "250-and so on\r\n");
	assert_int_equal(
		smtp_wire_read_reply(text.data, text.len, &reply, &used, NULL),
		ERR_LIMIT);
}

static void test_message_text(void **state)
{
	static const struct {
		const char *name, *body, *want;
	} rows[] = {
		{"plain", "a\r\nb\r\n", "a\r\nb\r\n.\r\n"},
		{"no line end", "a", "a\r\n.\r\n"},
		{"a CR at the end", "a\r", "a\r\r\n.\r\n"},
		{"begins with a dot", ".a\r\n", "..a\r\n.\r\n"},
		{"a dot alone", "a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
		{"dots on every line", ".\r\n.\r\n.",
	         "..\r\n..\r\n..\r\n.\r\n"},
		{"dots inside", "a.\r\nb.c\r\n", "a.\r\nb.c\r\n.\r\n"},
		{"two dots", "\r\n..\r\n", "\r\n...\r\n.\r\n"},
		{"no end smuggled in", "a\n.\nb\r\n", "a\n..\nb\r\n.\r\n"},
		{"nothing", "", "\r\n.\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};

		ROW(&rows[i]);
		smtp_wire_put_message(&got, rows[i].body, strlen(rows[i].body));
		assert_string_equal(strbuf_text(&got), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_a_reply_that_does_not_end),
		cmocka_unit_test(test_message_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
