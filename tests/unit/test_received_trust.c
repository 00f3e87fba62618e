#include "unit/test.h"

#include "received/received_trust.h"

static const struct {
	const char *name;
	const char *header;
	const char *signer; /* NULL: nobody */
	const char *why;    /* the beginning */
} rows[] = {
#define AR(server, rest) "Authentication-Results: " server "; " rest "\r\n"
#define PASS(domain) "dkim=pass header.d=" domain
#define FROM(domain) "Received: x\r\nFrom: <a@" domain ">\r\n"
#define BY(domain) "TLS-Report-Submitter: " domain "\r\n"
	{"signed by the domain of From",
         AR("mx.example.com", PASS("sender.example")) FROM("sender.example"),
         "sender.example", NULL},
	{"From is below the domain that signed",
         AR("mx.example.com", PASS("sender.example"))
                 FROM("reports.sender.example"),
         "sender.example", NULL},
	{"it signs below the domain of From",
         AR("mx.example.com", PASS("mail.sender.example"))
                 FROM("sender.example"),
         "mail.sender.example", NULL},
	{"the submitter signed",
         AR("mx.example.com", PASS("sender.example")) FROM("sender.example")
                 BY("sender.example"),
         "sender.example", NULL},
	{"somebody else is the submitter",
         AR("mx.example.com", PASS("evil.example")) FROM("evil.example")
                 BY("google.com"),
         NULL,
         "no DKIM signature that passed is of evil.example (From) and "
         "google.com"},
	{"somebody else is in From",
         AR("mx.example.com", PASS("evil.example")) FROM("google.com"), NULL,
         "no DKIM signature that passed is of google.com (From)"},
	{"two customers of a registry are strangers",
         AR("mx.example.com", PASS("evil.co.uk")) FROM("good.co.uk"), NULL,
         "no DKIM signature that passed"},
	{"the signature failed",
         AR("mx.example.com", "dkim=fail header.d=sender.example")
                 FROM("sender.example"),
         NULL, "no DKIM signature passed"},
	{"one of several signatures is the one",
         AR("mx.example.com", PASS("esp.example") "; " PASS("sender.example"))
                 FROM("sender.example"),
         "sender.example", NULL},
	{"a server that is not trusted says so",
         AR("mx.evil.example", PASS("sender.example")) FROM("sender.example"),
         NULL, "no server of [received] authserv_id"},
	{"the trusted one says so below",
         FROM("sender.example") AR("mx.example.com", PASS("sender.example")),
         NULL, "no server of [received] authserv_id"},
	{"a second trusted server",
         AR("two.example.com", PASS("sender.example")) FROM("sender.example"),
         "sender.example", NULL},
	{"no author", AR("mx.example.com", PASS("sender.example")), NULL,
         "From does not have one address"},
};

static void test_rows(void **state)
{
	static const char *const servers[] = {"mx.example.com",
	                                      "two.example.com"};
	struct received_mail mail;

	(void)state;
	received_mail_init(&mail);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[2048];
		const char *signer;
		struct err why = {0};

		ROW(&rows[i]);
		snprintf(text, sizeof(text),
		         "%sContent-Type: application/tlsrpt+json\r\n\r\n{}",
		         rows[i].header);
		assert_int_equal(
			received_mail_read(&mail, text, strlen(text), 0, NULL),
			0);
		signer = received_signer(&mail, servers, COUNT(servers), &why);
		if (rows[i].signer != NULL) {
			assert_non_null(signer);
			assert_string_equal(signer, rows[i].signer);
			continue;
		}
		assert_null(signer);
		assert_memory_equal(why.text, rows[i].why, strlen(rows[i].why));
	}
	received_mail_clear(&mail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
