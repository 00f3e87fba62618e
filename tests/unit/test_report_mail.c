#include "unit/test.h"

#include "base/auto.h"
#include "base/base64.h"
#include "base/xalloc.h"
#include "report/report_mail.h"
#include "unit/sample_report.h"

static struct report_mail sample_mail(void)
{
	return (struct report_mail){
		.from = "tls-reports@example.net",
		.organization_name = "Example Mail",
		.to = "tls@example.com",
		.domain = "example.com",
		.submitter = "example.net",
		.report_id = "20260301.example.com.e6f928fd@example.net",
		.token = "00112233445566778899aabbccddeeff",
		.date = day_start(SAMPLE_DAY + 1) + 4385,
		.start = day_start(SAMPLE_DAY),
		.end = day_end(SAMPLE_DAY),
		.success = 5338,
		.failure = 303,
		.gzip = "\x1f\x8b",
		.gzip_len = 2,
	};
}

/* tests/golden/report.eml was read against RFC 8460 section 5.3; the gzip
 * bytes are kept beside it, as each zlib may make its own. */
static void test_golden(void **state)
{
	auto_(strbuf_clear) struct strbuf gzip = {0}, got = {0}, want = {0};
	struct report_mail mail = sample_mail();
	struct err err = {0};

	(void)state;
	sample_file("report.json.gz", &gzip);
	sample_file("report.eml", &want);
	mail.gzip = gzip.data;
	mail.gzip_len = gzip.len;
	assert_int_equal(report_mail_write(&mail, &got, &err), 0);
	if (got.len != want.len || memcmp(got.data, want.data, got.len) != 0)
		print_message("%s\n", got.data);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, got.len);
}

static void domain_of(char *name, char letter, size_t len)
{
	memset(name, letter, len);
	for (size_t i = 60; i + 1 < len; i += 61)
		name[i] = '.';
	name[len] = '\0';
}

/* Longer than 77 bytes are only lines of one word, behind its name;
 * in the text "Reported by:" is two. */
static void check_lines(const struct strbuf *text)
{
	size_t column = 0, gaps = 0;
	bool in_text = false;

	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		assert_true(c < 0x80 && c != '\0');
		if (c == '\n') {
			assert_int_equal(text->data[i - 1], '\r');
			in_text |= text->data[i - 2] == '\n';
			column = gaps = 0;
		} else if (c == '\r') {
			assert_int_equal(text->data[i + 1], '\n');
			assert_true(column < 78 || gaps <= (in_text ? 2 : 1));
			assert_true(column <= 998);
		} else {
			gaps += c != ' ' && column > 0 &&
			        text->data[i - 1] == ' ';
			column++;
		}
	}
	assert_int_equal(column, 0);
}

/* The value of a parameter that stands alone on its line. */
static char *parameter(const struct strbuf *text, const char *line)
{
	char *at = strstr(text->data, line), *end;

	assert_non_null(at);
	at += strlen(line);
	end = strstr(at, "\"\r\n");
	assert_non_null(end);
	return xstrndup(at, (size_t)(end - at));
}

/* RFC 8460 section 5.1: sender!domain!begin!end!unique.json.gz */
static void check_file_name(const char *name)
{
	static const char ldh[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
	static const char *const sets[] = {ldh, ldh, "0123456789",
	                                   "0123456789"};

	assert_true(strlen(name) <= 200);
	for (size_t i = 0; i < COUNT(sets); i++) {
		size_t len = strspn(name, sets[i]);

		assert_true(len > 0);
		assert_int_equal(name[len], '!');
		name += len + 1;
	}
	assert_int_equal(strspn(name, "0123456789abcdef"), 8);
	assert_string_equal(name + 8, ".json.gz");
}

static void check_mail_of(size_t domain_len, size_t submitter_len)
{
	auto_(arena_clear) struct arena arena = {0};
	auto_(strbuf_clear) struct strbuf got = {0};
	auto_(xfree_str) char *name = NULL, *file_name = NULL;
	char domain[DOMAIN_TEXT], submitter[DOMAIN_TEXT];
	struct report_mail mail = sample_mail();
	struct err err = {0};

	domain_of(domain, 'd', domain_len);
	domain_of(submitter, 's', submitter_len);
	mail.domain = domain;
	mail.submitter = submitter;
	mail.number = UINT64_MAX;
	mail.report_id =
		report_id_make(&arena, SAMPLE_DAY, domain, submitter, 1);
	assert_int_equal(report_mail_write(&mail, &got, &err), 0);
	check_lines(&got);
	name = parameter(&got, "Content-Type: application/tlsrpt+gzip;\r\n"
	                       " name=\"");
	file_name = parameter(&got, "Content-Disposition: attachment;\r\n"
	                            " filename=\"");
	assert_string_equal(name, file_name);
	check_file_name(name);
}

static void test_all_lengths(void **state)
{
	(void)state;
	/* the shortest would not fold */
	for (size_t len = 10; len <= DOMAIN_MAX; len++) {
		check_mail_of(len, 10);
		check_mail_of(10, len);
		check_mail_of(len, len);
		check_mail_of(len, DOMAIN_MAX);
		check_mail_of(DOMAIN_MAX, len);
		check_mail_of(len, DOMAIN_MAX + 10 - len);
	}
}

/* Two reports whose names are cut alike are still told apart. */
static void test_cut_names_differ(void **state)
{
	auto_(arena_clear) struct arena arena = {0};
	struct report_mail mail = sample_mail();
	char domain[DOMAIN_TEXT];
	const char *name;

	(void)state;
	domain_of(domain, 'd', DOMAIN_MAX);
	mail.domain = domain;
	mail.number = 1;
	name = report_file_name(&mail, &arena);
	mail.number = 2;
	assert_string_not_equal(report_file_name(&mail, &arena), name);
}

static void test_from(void **state)
{
	static const struct {
		const char *name, *organization, *want;
	} rows[] = {
		{"a name", "Example Mail",
	         "From: \"Example Mail\" <tls-reports@example.net>\r\n"},
		{"no name", NULL, "From: <tls-reports@example.net>\r\n"},
		{"quotes", "The \"best\" \\ Mail",
	         "From: \"The \\\"best\\\" \\\\ Mail\" "
	         "<tls-reports@example.net>\r\n"},
		{"a name that would fold",
	         "Example Mail Services of the Northern Isles",
	         "From: \"Example Mail Services of the Northern Isles\" "
	         "<tls-reports@example.net>\r\n"},
		{"not ASCII",
	         "Stra\xc3\x9f"
	         "e",
	         "From: =?UTF-8?B?U3RyYcOfZQ==?= "
	         "<tls-reports@example.net>\r\n"},
		{"no character is divided",
	         "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	         "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	         "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	         "x\xe2\x82\xac",
	         "From: =?UTF-8?B?"
	         "4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKseA==?=\r\n"
	         " =?UTF-8?B?4oKs?= <tls-reports@example.net>\r\n"},
		{"what asks for an encoded word is quoted", "=?UTF-8?Q?x?=",
	         "From: \"=?UTF-8?Q?x?=\" <tls-reports@example.net>\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};
		struct report_mail mail = sample_mail();
		struct err err = {0};

		ROW(&rows[i]);
		mail.organization_name = rows[i].organization;
		assert_int_equal(report_mail_write(&mail, &got, &err), 0);
		assert_int_equal(
			strncmp(got.data, rows[i].want, strlen(rows[i].want)),
			0);
	}
}

static void test_subject_has_a_msg_id(void **state)
{
	static const struct {
		const char *name, *report_id, *want, *unique;
	} rows[] = {
		{"ours", "20260301.example.com.e6f928fd@example.net",
	         "Report-ID:\r\n"
	         " <20260301.example.com.e6f928fd@example.net>\r\n",
	         "!e6f928fd.json.gz\""},
		{"of the API, a msg-id", "x+1@example.net",
	         "Report-ID:\r\n <x+1@example.net>\r\n", ".json.gz\""},
		{"of the API, none", "2024-09-15T00:00:00Z_d",
	         "Report-ID:\r\n <", "@example.net>\r\n"},
		{"of an enemy", "x\r\nBcc: a@example.org", "Report-ID:\r\n <",
	         "@example.net>\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};
		struct report_mail mail = sample_mail();
		struct err err = {0};

		ROW(&rows[i]);
		mail.report_id = rows[i].report_id;
		assert_int_equal(report_mail_write(&mail, &got, &err), 0);
		assert_non_null(strstr(got.data, rows[i].want));
		assert_non_null(strstr(got.data, rows[i].unique));
		assert_null(strstr(got.data, "Bcc"));
		assert_null(strstr(got.data, "T00:00:00Z_d"));
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		const char *text, *want;
	} rows[] = {
		{"a line end in the address", offsetof(struct report_mail, to),
	         "a@b.example\r\nBcc: c@d", "receiver"},
		{"no address", offsetof(struct report_mail, to), "a",
	         "receiver"},
		{"two addresses", offsetof(struct report_mail, to),
	         "a@b.example,c@d.example", "receiver"},
		{"a sender with a blank", offsetof(struct report_mail, from),
	         "a b@example.net", "sender"},
		{"a domain with a line end",
	         offsetof(struct report_mail, domain), "a.example\n",
	         "policy domain"},
		{"a submitter in upper case",
	         offsetof(struct report_mail, submitter), "Example.net",
	         "submitter"},
		{"a token with a quote", offsetof(struct report_mail, token),
	         "ab\"c", "token"},
		{"no token", offsetof(struct report_mail, token), "", "token"},
		{"a name of two lines",
	         offsetof(struct report_mail, organization_name),
	         "Example\nMail", "organization_name"},
		{"a name in Latin-1",
	         offsetof(struct report_mail, organization_name),
	         "Stra\xdf"
	         "e",
	         "organization_name"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};
		struct report_mail mail = sample_mail();
		struct err err = {0};

		ROW(&rows[i]);
		*(const char **)(void *)((char *)&mail + rows[i].offset) =
			rows[i].text;
		assert_int_equal(report_mail_write(&mail, &got, &err),
		                 ERR_PARSE);
		assert_non_null(strstr(err.text, rows[i].want));
		assert_int_equal(got.len, 0);
	}
}

static void test_dates(void **state)
{
	static const struct {
		const char *name;
		int64_t date;
		const char *want;
	} rows[] = {
		{"the epoch", 0, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"},
		{"leap day", 1709164800 + 86399,
	         "Date: Thu, 29 Feb 2024 23:59:59 +0000\r\n"},
		{"a Sunday", 1772323200,
	         "Date: Sun, 01 Mar 2026 00:00:00 +0000\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};
		struct report_mail mail = sample_mail();

		ROW(&rows[i]);
		mail.date = rows[i].date;
		assert_int_equal(report_mail_write(&mail, &got, NULL), 0);
		assert_non_null(strstr(got.data, rows[i].want));
	}
}

static void test_no_room(void **state)
{
	auto_(strbuf_clear) struct strbuf got = {0};
	struct report_mail mail = sample_mail();
	struct err err = {0};

	(void)state;
	strbuf_init(&got, 1000);
	assert_int_equal(report_mail_write(&mail, &got, &err), ERR_LIMIT);
}

static void test_base64(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		/* RFC 4648 section 10 */
		{"nothing", "", ""},
		{"f", "f", "Zg=="},
		{"fo", "fo", "Zm8="},
		{"foo", "foo", "Zm9v"},
		{"foob", "foob", "Zm9vYg=="},
		{"fooba", "fooba", "Zm9vYmE="},
		{"foobar", "foobar", "Zm9vYmFy"},
		{"the last digits", "\xfb\xff\xfe", "+//+"},
	};
	auto_(strbuf_clear) struct strbuf lines = {0};
	char zeros[58] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};

		ROW(&rows[i]);
		base64_write(rows[i].text, strlen(rows[i].text), &got);
		assert_string_equal(strbuf_text(&got), rows[i].want);
	}
	base64_write_lines(zeros, sizeof(zeros), &lines);
	assert_int_equal(lines.len, 76 + 2 + 4 + 2);
	assert_string_equal(lines.data + 74, "AA\r\nAA==\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_cut_names_differ),
		cmocka_unit_test(test_from),
		cmocka_unit_test(test_subject_has_a_msg_id),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
