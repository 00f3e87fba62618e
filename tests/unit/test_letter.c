#include "unit/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/xalloc.h"
#include "outbox/letter.h"
#include "report/report_json.h"
#include "unit/sample_report.h"

/* What a report may have in it when it comes out of the store. */
static const struct {
	const char *name;
	struct failure_detail detail;
	bool rewritten;
} rows[] = {
	{"what the RFC knows",
         {.result = RESULT_VALIDATION_FAILURE,
          .additional = "https://a.example/"},
         false},
	{"the API's other", {.result = RESULT_OTHER}, true},
	{"additional information that is no URI",
         {.result = RESULT_VALIDATION_FAILURE,
          .additional = "This is additional information"},
         true},
	{"an address that is none",
         {.result = RESULT_VALIDATION_FAILURE, .receiving_ip = "unknown"},
         true},
};

static void test_what_is_sent_is_the_wire_form(void **state)
{
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	struct conf conf;

	(void)state;
	conf_init(&conf);
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(report_free) struct report *report = sample_report();
		auto_(strbuf_clear) struct strbuf stored = {0}, body = {0};
		auto_(strbuf_clear) struct strbuf wire = {0}, sent = {0};
		auto_(arena_clear) struct arena mem = {0};
		struct letter letter = {.conf = &conf, .gzip = gzip};
		struct delivery_job job = {0};
		struct err err = {0};

		ROW(&rows[i]);
		report->policies[0].details[0].detail = rows[i].detail;
		report_json_write(report, false, &stored);
		report_json_write(report, true, &wire);
		gzip_pack(gzip, stored.data, stored.len, &body);
		letter.report = body.data;
		letter.report_len = body.len;
		assert_int_equal(letter_make(&letter, &mem, &job, &err), 0);
		assert_int_equal(job.body != body.data, rows[i].rewritten);
		assert_int_equal(gzip_unpack(job.body, job.body_len, 1 << 20,
		                             &sent, &err),
		                 0);
		assert_string_equal(sent.data, wire.data);
	}
	conf_clear(&conf);
}

static bool has_attached(const char *mail, const void *gzip, size_t len)
{
	auto_(strbuf_clear) struct strbuf lines = {0};

	base64_write_lines(gzip, len, &lines);
	return strstr(mail, strbuf_text(&lines)) != NULL;
}

/* The submitter is the domain of contact-info, in body, headers and name. */
static void test_contact(void **state)
{
	static const struct {
		const char *name, *given, *sent;
	} contacts[] = {
		{"an address", "tls@other.example", "tls@other.example"},
		{"in another spelling", "TLS@Other.Example",
	         "TLS@other.example"},
		{"a text", "Example", "us@us.example"},
		{"a text with an at", "we @ home", "us@us.example"},
		{"a name before the address", "Us <tls@other.example>",
	         "us@us.example"},
		{"two addresses", "a@b.example, c@d.example", "us@us.example"},
		{"not ASCII", "b\xc3\xbcro@other.example", "us@us.example"},
		{"none", NULL, "us@us.example"},
	};
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	struct conf conf;

	(void)state;
	conf_init(&conf);
	free(conf.report.contact_info);
	conf.report.contact_info = xstrdup("us@us.example");
	for (size_t i = 0; i < COUNT(contacts); i++) {
		auto_(report_free) struct report *report = sample_report();
		auto_(strbuf_clear) struct strbuf stored = {0}, body = {0};
		auto_(strbuf_clear) struct strbuf sent = {0}, want = {0};
		auto_(arena_clear) struct arena mem = {0};
		struct outbox_head head = {.domain = "example.com"};
		struct outbox_destination dest = {.rua.kind = RUA_MAIL};
		struct letter letter = {&conf, gzip, &head, &dest, NULL, 0};
		struct delivery_job job = {0};
		const char *at = strchr(contacts[i].sent, '@');
		struct err err = {0};
		const char *mail;

		ROW(&contacts[i]);
		report->contact_info = contacts[i].given;
		report_json_write(report, false, &stored);
		gzip_pack(gzip, stored.data, stored.len, &body);
		letter.report = body.data;
		letter.report_len = body.len;
		snprintf(head.report_id, sizeof(head.report_id), "%s",
		         report->report_id);
		snprintf(dest.rua.address, sizeof(dest.rua.address),
		         "tls@example.com");
		letter_fix(&conf, &dest, "preview", 0);
		if (letter_make(&letter, &mem, &job, &err) < 0)
			fail_msg("%s", err.text);
		strbuf_printf(&want, "TLS-Report-Submitter: %s\r\n", at + 1);
		assert_non_null(strstr(job.body, want.data));
		strbuf_reset(&want);
		strbuf_printf(&want, "filename=\"%s!example.com!", at + 1);
		assert_non_null(strstr(job.body, want.data));
		mail = job.body;
		letter.dest = NULL;
		assert_int_equal(letter_make(&letter, &mem, &job, &err), 0);
		assert_true(has_attached(mail, job.body, job.body_len));
		assert_int_equal(gzip_unpack(job.body, job.body_len, 1 << 20,
		                             &sent, &err),
		                 0);
		strbuf_reset(&want);
		strbuf_printf(&want, "\"contact-info\":\"%s\"",
		              contacts[i].sent);
		assert_non_null(strstr(sent.data, want.data));
	}
	conf_clear(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sent_is_the_wire_form),
		cmocka_unit_test(test_contact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
