#include "unit/test.h"

#include <stdlib.h>

#include <zip.h>

#include "base/gzip.h"
#include "base/strbuf.h"
#include "received/received_mail.h"
#include "received/received_pack.h"
#include "received/received_report.h"

#define FROM "From: TLS reports <reports@Sender.Example>\r\n"
#define HERE "Received: from out.sender.example by mx.example.com; x\r\n"
#define PASS "dkim=pass header.d=sender.example"
#define RESULTS(text) "Authentication-Results: " text "\r\n"
#define MULTI                                                                  \
	"MIME-Version: 1.0\r\nContent-Type: multipart/report;\r\n"             \
	" report-type=\"tlsrpt\"; boundary=\"b\"\r\n"
#define TEXT "\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>A report</p>\r\n"
#define PART(type) "--b\r\nContent-Type: " type "\r\n"
#define JSON "{\"policies\":[]}"
#define END "\r\n--b--\r\n"

/* clang-format off */
static const struct {
	const char *name, *mail;
	const char *from_domain, *body;
	const char *server; /* of the first results that count; NULL: none */
} good[] = {
	{"as RFC 8460 has it",
	 RESULTS("mx.example.com; " PASS) HERE FROM MULTI TEXT
	 PART("application/tlsrpt+json") "\r\n" JSON END,
	 "sender.example", JSON, "mx.example.com"},
	{"base64", HERE FROM MULTI TEXT PART("application/tlsrpt+gzip")
	 "Content-Transfer-Encoding: base64\r\n\r\n"
	 "eyJwb2xpY2llcyI6W119\r\n" END, "sender.example", JSON, NULL},
	{"no last boundary, and text behind the report",
	 FROM MULTI TEXT PART("application/tlsrpt") "\r\n" JSON "\r\n--b\r\n"
	 "Content-Type: text/plain\r\n\r\ngoodbye\r\n",
	 "sender.example", JSON, NULL},
	{"octet-stream with a name",
	 FROM MULTI TEXT PART("application/octet-stream; name=\"a!b!1!2.JSON\"")
	 "\r\n" JSON END, "sender.example", JSON, NULL},
	{"a name in Content-Disposition alone",
	 FROM MULTI TEXT PART("text/plain")
	 "Content-Disposition: attachment; filename=\"r.json\"\r\n\r\n" JSON END,
	 "sender.example", JSON, NULL},
	{"the type that says it counts before an octet-stream",
	 FROM MULTI "\r\n" PART("application/octet-stream") "\r\nlogo\r\n"
	 PART("application/tlsrpt+json") "\r\n" JSON END,
	 "sender.example", JSON, NULL},
	{"the report is all of the message",
	 FROM "Content-Type: application/tlsrpt+json\r\n\r\n" JSON,
	 "sender.example", JSON, NULL},
	{"a multipart in a multipart",
	 FROM "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
	 MULTI TEXT PART("application/tlsrpt+json") "\r\n" JSON END "\r\n--a--",
	 "sender.example", JSON, NULL},
	{"results below the topmost Received are the sender's",
	 HERE RESULTS("mx.example.com; " PASS) FROM
	 "Content-Type: application/tlsrpt+json\r\n\r\n" JSON,
	 "sender.example", JSON, NULL},
	{"malformed results say nothing, and the next ones count",
	 RESULTS("; dkim") RESULTS("two.example.com; " PASS) HERE FROM
	 "Content-Type: application/tlsrpt+json\r\n\r\n" JSON,
	 "sender.example", JSON, "two.example.com"},
	{"two authors: nobody",
	 "From: a@a.example, b@b.example\r\n"
	 "Content-Type: application/tlsrpt+json\r\n\r\n" JSON, "", JSON, NULL},
	{"no author",
	 "Subject: x\r\nContent-Type: application/tlsrpt+json\r\n\r\n" JSON,
	 "", JSON, NULL},
	{"an address within the name of another",
	 "From: \"reports@good.example\" <x@evil.example>\r\n"
	 "Content-Type: application/tlsrpt+json\r\n\r\n" JSON,
	 "evil.example", JSON, NULL},
};

static const struct {
	const char *name, *mail;
	int class;
} bad[] = {
	{"what cron says",
	 FROM "Subject: Cron <root@a> backup\r\n\r\nall well\r\n", ERR_NOTFOUND},
	{"a report that somebody forwards is not this mail's",
	 FROM "Content-Type: multipart/mixed; boundary=b\r\n" TEXT
	 PART("message/rfc822") "\r\n" FROM
	 "Content-Type: application/tlsrpt+json\r\n\r\n" JSON END,
	 ERR_NOTFOUND},
	{"nothing", "", ERR_PARSE},
};
/* clang-format on */

static void check_mail(const struct received_mail *mail, size_t row)
{
	size_t len = mail->body.len;

	assert_string_equal(mail->from_domain, good[row].from_domain);
	while (len > 0 && strchr("\r\n", mail->body.at[len - 1]) != NULL)
		len--;
	assert_int_equal(len, strlen(good[row].body));
	assert_memory_equal(mail->body.at, good[row].body, len);
	assert_int_equal(mail->result_count, good[row].server != NULL);
	if (good[row].server != NULL)
		assert_string_equal(mail->results[0].server, good[row].server);
}

static void test_good(void **state)
{
	struct received_mail mail;

	(void)state;
	received_mail_init(&mail);
	for (size_t i = 0; i < COUNT(good); i++) {
		struct err err = {0};

		ROW(&good[i]);
		assert_int_equal(received_mail_read(&mail, good[i].mail,
		                                    strlen(good[i].mail), 0,
		                                    &err),
		                 0);
		check_mail(&mail, i);
	}
	received_mail_clear(&mail);
}

static void test_bad(void **state)
{
	struct received_mail mail;

	(void)state;
	received_mail_init(&mail);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = {0};

		ROW(&bad[i]);
		assert_int_equal(received_mail_read(&mail, bad[i].mail,
		                                    strlen(bad[i].mail), 0,
		                                    &err),
		                 bad[i].class);
		assert_int_equal(mail.body.len, 0);
	}
	received_mail_clear(&mail);
}

/* A milter's results stand below the Received of its Postfix. */
static void test_below(void **state)
{
	static const char text[] = HERE RESULTS("mx.example.com; " PASS)
		HERE RESULTS("forged.example.com; " PASS) FROM
		"Content-Type: application/tlsrpt+json\r\n\r\n" JSON;
	struct received_mail mail;

	(void)state;
	received_mail_init(&mail);
	for (size_t above = 0; above < 3; above++) {
		assert_int_equal(received_mail_read(&mail, text, strlen(text),
		                                    above, NULL),
		                 0);
		assert_int_equal(mail.result_count, above);
	}
	assert_string_equal(mail.results[0].server, "mx.example.com");
	received_mail_clear(&mail);
}

static void test_header(void **state)
{
	static const char text[] =
		FROM "Subject: Report Domain: example.com\r\n"
		     " Submitter: sender.example\r\n Report-ID: <1@s>\r\n"
		     "TLS-Report-Domain: example.com\r\n"
		     "TLS-Report-Submitter: sender.example\r\n"
		     "Message-ID: <a@b>\r\n"
		     "Content-Type: application/tlsrpt+json\r\n\r\n" JSON;
	struct received_mail mail;

	(void)state;
	received_mail_init(&mail);
	assert_int_equal(received_mail_read(&mail, text, strlen(text), 0, NULL),
	                 0);
	assert_string_equal(mail.subject,
	                    "Report Domain: example.com Submitter: "
	                    "sender.example Report-ID: <1@s>");
	assert_string_equal(mail.report_domain, "example.com");
	assert_string_equal(mail.submitter, "sender.example");
	assert_string_equal(mail.message_id, "<a@b>");
	received_mail_clear(&mail);
}

/* --- what is packed --- */

struct seen {
	size_t count, bytes;
	char names[256];
	int answer;
};

static int see(void *arg, const char *name, const void *data, size_t len)
{
	struct seen *seen = arg;

	(void)data;
	seen->count++;
	seen->bytes += len;
	if (name != NULL) {
		strcat(seen->names, name);
		strcat(seen->names, ";");
	}
	return seen->answer;
}

struct member {
	const char *name;
	struct strbuf data;
};

/* The bytes of an archive; the caller's. */
static void make_zip(const struct member *members, size_t count,
                     struct strbuf *out)
{
	zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, NULL);
	zip_t *zip = zip_open_from_source(target, ZIP_CREATE, NULL);
	zip_int64_t got;
	char chunk[4096];

	assert_non_null(zip);
	zip_source_keep(target);
	for (size_t i = 0; i < count; i++)
		assert_true(zip_file_add(
				    zip, members[i].name,
				    zip_source_buffer(zip, members[i].data.data,
		                                      members[i].data.len, 0),
				    0) >= 0);
	assert_int_equal(zip_dir_add(zip, "empty", 0), count);
	assert_int_equal(zip_close(zip), 0);
	zip_source_open(target);
	while ((got = zip_source_read(target, chunk, sizeof(chunk))) > 0)
		strbuf_add(out, chunk, (size_t)got);
	zip_source_close(target);
	zip_source_free(target);
}

static void gzip_of(const struct strbuf *plain, struct strbuf *out)
{
	struct gzip *gzip = gzip_new();

	gzip_pack(gzip, plain->data, plain->len, out);
	gzip_free(&gzip);
}

static void test_plain_and_gzip(void **state)
{
	struct strbuf plain = {0}, packed = {0};
	struct seen seen = {0};

	(void)state;
	strbuf_puts(&plain, JSON);
	gzip_of(&plain, &packed);
	assert_int_equal(
		received_unpack(plain.data, plain.len, see, &seen, NULL), 0);
	assert_int_equal(
		received_unpack(packed.data, packed.len, see, &seen, NULL), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.bytes, 2 * plain.len);
	assert_int_equal(
		received_unpack(packed.data, packed.len / 2, see, &seen, NULL),
		ERR_PARSE);
	strbuf_clear(&plain);
	strbuf_clear(&packed);
}

static void test_zip(void **state)
{
	struct member members[] = {{"a!b!1!2.json", {0}}, {"c\n.json.gz", {0}}};
	struct strbuf zip = {0};
	struct seen seen = {0}, stopped = {.answer = ERR_BUSY};
	struct err err = {0};

	(void)state;
	strbuf_puts(&members[0].data, JSON);
	gzip_of(&members[0].data, &members[1].data);
	make_zip(members, COUNT(members), &zip);
	assert_int_equal(received_unpack(zip.data, zip.len, see, &seen, &err),
	                 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.bytes, 2 * strlen(JSON));
	assert_string_equal(seen.names, "a!b!1!2.json;c\\x0a.json.gz;");
	assert_int_equal(
		received_unpack(zip.data, zip.len, see, &stopped, &err),
		ERR_BUSY);
	assert_int_equal(stopped.count, 1);
	assert_int_equal(
		received_unpack(zip.data, zip.len / 2, see, &seen, &err),
		ERR_PARSE);
	strbuf_clear(&zip);
	strbuf_clear(&members[0].data);
	strbuf_clear(&members[1].data);
}

/* A bomb: alone, in an archive, several that are small enough alone, and
 * packed twice. */
static void test_bombs(void **state)
{
	struct strbuf half = {0}, whole = {0}, packed = {0}, zip = {0};
	struct strbuf twice = {0};
	struct seen seen = {0};
	struct err err = {0};

	(void)state;
	while (half.len <= RECEIVED_JSON_MAX / 2)
		strbuf_puts(&half, "                                ");
	strbuf_add(&whole, half.data, half.len);
	strbuf_add(&whole, half.data, half.len);
	gzip_of(&whole, &packed);
	assert_int_equal(
		received_unpack(packed.data, packed.len, see, &seen, &err),
		ERR_LIMIT);
	make_zip(&(struct member){"a.json", whole}, 1, &zip);
	assert_int_equal(received_unpack(zip.data, zip.len, see, &seen, &err),
	                 ERR_LIMIT);
	assert_int_equal(seen.count, 0);
	strbuf_reset(&zip);
	make_zip((struct member[]){{"a.json", half}, {"b.json", half}}, 2,
	         &zip);
	assert_int_equal(received_unpack(zip.data, zip.len, see, &seen, &err),
	                 ERR_LIMIT);
	assert_int_equal(seen.count, 1);
	strbuf_reset(&zip);
	make_zip(&(struct member){"a.json.gz", packed}, 1, &twice);
	assert_int_equal(
		received_unpack(twice.data, twice.len, see, &seen, &err),
		ERR_LIMIT);
	assert_int_equal(seen.count, 1);
	strbuf_clear(&half);
	strbuf_clear(&whole);
	strbuf_clear(&packed);
	strbuf_clear(&zip);
	strbuf_clear(&twice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_plain_and_gzip),
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_bombs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
