#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "inmail/milter_message.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static const char *const smtp_only[] = {"smtp"};
static const struct milter_site site = {
	.sender = "tls-reports@example.com",
	.submitter = "example.com",
	.remote_mailers = smtp_only,
	.remote_mailer_count = 1,
};

static const struct inbound_macros no_macros;

static const char *way_word(enum milter_way way)
{
	return way == MILTER_TO_US       ? "us"
	       : way == MILTER_TO_OTHERS ? "others"
	                                 : "unknown";
}

/* "local clear none from sender.test: us sender.test, others b.test by b.test"
 */
static void describe(const struct milter_message *m, struct strbuf *out)
{
	strbuf_printf(out, "%s %s %s from %s:",
	              word_api(&words_clients, m->inbound.client),
	              word_api(&words_tls, m->inbound.tls),
	              word_api(&words_certificates, m->inbound.certificate),
	              m->inbound.sender[0] ? m->inbound.sender : "<>");
	for (size_t i = 0; i < m->domain_count; i++) {
		const struct milter_domain *d = &m->domains[i];

		strbuf_printf(out, "%s %s %s", i > 0 ? "," : "",
		              way_word(d->way), d->name);
		if (d->way == MILTER_TO_OTHERS)
			strbuf_printf(out, " by %s", d->next_hop);
	}
	strbuf_puts(out, milter_message_is_report(m) ? " report" : "");
	strbuf_puts(out, milter_message_may_be_bounce(m) ? " bounce" : "");
	strbuf_puts(out, "\n");
}

/* A dialogue as it was recorded: macros of HELO stay until the next HELO. */
struct replay {
	struct milter_message message;
	enum inbound_client client;
	char macros[3][16][2][128]; /* of HELO, MAIL, RCPT: name, value */
	size_t counts[3];
	char pending[16][2][128]; /* of the step that comes */
	size_t pending_count;
	struct strbuf out;
};

static const char *macro(const struct replay *r, const char *name)
{
	for (int stage = 2; stage >= 0; stage--)
		for (size_t i = 0; i < r->counts[stage]; i++)
			if (strcmp(r->macros[stage][i][0], name) == 0)
				return r->macros[stage][i][1];
	return NULL;
}

static void take_macros(struct replay *r, int stage)
{
	memcpy(r->macros[stage], r->pending, sizeof(r->pending));
	r->counts[stage] = r->pending_count;
	for (int after = stage + 1; after < 3; after++)
		r->counts[after] = 0;
	r->pending_count = 0;
}

static void replay_mail(struct replay *r, const char *rest)
{
	struct inbound_macros macros;

	take_macros(r, 1);
	macros = (struct inbound_macros){
		macro(r, "{tls_version}"), macro(r, "{cipher}"),
		macro(r, "{cipher_bits}"), macro(r, "{cert_subject}"),
		macro(r, "{verify}"),      macro(r, "{auth_type}"),
		macro(r, "{auth_authen}")};
	milter_message_begin(&r->message, rest, &macros, r->client);
}

static void replay_rcpt(struct replay *r, const char *rest)
{
	struct milter_rcpt_macros macros;

	take_macros(r, 2);
	macros = (struct milter_rcpt_macros){macro(r, "{rcpt_addr}"),
	                                     macro(r, "{rcpt_host}"),
	                                     macro(r, "{rcpt_mailer}")};
	milter_message_recipient(&r->message, rest, &macros);
}

static void replay_end(struct replay *r)
{
	if (r->message.begun)
		describe(&r->message, &r->out);
	milter_message_forget(&r->message);
}

static void replay_line(struct replay *r, char *line)
{
	char *rest = line + strcspn(line, " \n");

	rest[strcspn(rest, "\n")] = '\0';
	if (*rest != '\0')
		*rest++ = '\0';
	if (strcmp(line, "macro") == 0) {
		char *pair[2] = {r->pending[r->pending_count][0],
		                 r->pending[r->pending_count][1]};

		assert_int_equal(
			sscanf(rest, "%127s %127[^\n]", pair[0], pair[1]), 2);
		r->pending_count++;
	} else if (strcmp(line, "case") == 0) {
		strbuf_printf(&r->out, "%s\n", rest);
	} else if (strcmp(line, "connect") == 0) {
		r->client = strncmp(rest, "127.", 4) == 0 ? INBOUND_LOCAL
		                                          : INBOUND_MX;
		r->pending_count = r->counts[0] = r->counts[1] = 0;
	} else if (strcmp(line, "helo") == 0) {
		take_macros(r, 0);
	} else if (strcmp(line, "mail") == 0) {
		replay_mail(r, rest);
	} else if (strcmp(line, "rcpt") == 0) {
		replay_rcpt(r, rest);
	} else if (strcmp(line, "header") == 0) {
		char *value = strchr(rest, ' ');

		*value++ = '\0';
		milter_message_header(&r->message, rest, value);
	} else if (strcmp(line, "body") == 0) {
		assert_false(milter_message_body(&r->message, "hello\n", 6));
	} else if (strcmp(line, "eom") == 0) {
		replay_end(r);
	} else if (strcmp(line, "abort") == 0) {
		milter_message_forget(&r->message);
	} else if (line[0] != '#' && line[0] != '\0') {
		assert_string_equal(line, "quit");
	}
}

#define RECORDED                                                               \
	"plain\n"                                                              \
	"local clear none from sender.test: us sender.test, others "           \
	"reports.test by reports.test\n"                                       \
	"tls\n"                                                                \
	"local TLSv1.3 none from sender.test: us sender.test, others "         \
	"reports.test by reports.test\n"                                       \
	"cert\n"                                                               \
	"local TLSv1.3 verified from sender.test: us sender.test, "            \
	"others reports.test by reports.test\n"                                \
	"xclient\n"                                                            \
	"authenticated TLSv1.3 none from sender.test: us sender.test%s\n"      \
	"sendmail (non_smtpd_milters)\n"                                       \
	"local clear none from sender.test: unknown sender.test\n"

static void assert_dialogue(const char *path, const char *more)
{
	auto_(xfree_str) char *want = xasprintf(RECORDED, more);
	struct replay *r = xcalloc(1, sizeof(*r));
	FILE *f = fopen(path, "re");
	char line[1024];

	assert_non_null(f);
	milter_message_init(&r->message, &site);
	while (fgets(line, sizeof(line), f) != NULL)
		replay_line(r, line);
	fclose(f);
	assert_string_equal(strbuf_text(&r->out), want);
	milter_message_clear(&r->message);
	strbuf_clear(&r->out);
	free(r);
}

/* The same dialogues with both generations, and the same is seen. */
static void test_recorded(void **state)
{
	(void)state;
	assert_dialogue(TEST_DATA "/milter/postfix-3.7.txt", "");
	assert_dialogue(TEST_DATA "/milter/postfix-3.10.txt",
	                ", others reports.test by reports.test");
}

static void test_senders(void **state)
{
	static const struct {
		const char *name, *sender, *want;
	} rows[] = {
		{"in brackets", "<a@b.example>", "b.example"},
		{"without brackets, from cleanup(8)", "a@b.example",
	         "b.example"},
		{"the null sender", "<>", ""},
		{"nothing", "", ""},
		{"capitals", "<a@B.Example>", "b.example"},
		{"a final dot", "<a@b.example.>", "b.example"},
		{"an @ in quotes", "<\"x@y\"@b.example>", "b.example"},
		{"a U-label", "<a@m\xc3\xbcller.example>",
	         "xn--mller-kva.example"},
		{"no domain", "<root>", ""},
		{"an address literal", "<a@[192.0.2.1]>", ""},
		{"bytes that no domain has", "<a@b\r\n.example>", ""},
		{"one bracket", "<a@b.example", "b.example"},
		{"nothing after the @", "<a@>", ""},
	};
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &site);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		milter_message_begin(&m, rows[i].sender, &no_macros,
		                     INBOUND_MX);
		assert_string_equal(m.inbound.sender, rows[i].want);
	}
	milter_message_clear(&m);
}

static void test_recipients(void **state)
{
	static const struct {
		const char *name, *recipient;
		struct milter_rcpt_macros macros;
		const char *want; /* as describe() says it */
	} rows[] = {
		{"one of ours",
	         "<a@b.example>",
	         {"a@b.example", "b.example", "local"},
	         " us b.example"},
		{"a virtual one",
	         "<a@b.example>",
	         {"a@b.example", "virtual", "virtual"},
	         " us b.example"},
		{"another site's",
	         "<a@b.example>",
	         {"a@b.example", "b.example", "smtp"},
	         " others b.example by b.example"},
		{"through a relay",
	         "<a@b.example>",
	         {"a@b.example", "[relay.example]:587", "smtp"},
	         " others b.example by relay.example"},
		{"through the first of two relays",
	         "<a@b.example>",
	         {"a@b.example", "r1.example:25, r2.example", "smtp"},
	         " others b.example by r1.example"},
		{"through a relay without a name",
	         "<a@b.example>",
	         {"a@b.example", "[192.0.2.1]", "smtp"},
	         " others b.example by 192.0.2.1"},
		{"an IPv6 relay",
	         "<a@b.example>",
	         {"a@b.example", "[2001:db8::1]:25", "smtp"},
	         " others b.example by b.example"},
		{"by a transport that is not listed",
	         "<a@b.example>",
	         {"a@b.example", "b.example", "relay"},
	         " us b.example"},
		{"refused",
	         "<a@b.example>",
	         {"a@b.example", "5.1.1 User unknown", "error"},
	         ""},
		{"refused for now",
	         "<a@b.example>",
	         {"a@b.example", "4.3.0 later", "retry"},
	         ""},
		{"from sendmail(1)",
	         "a@b.example",
	         {"a@b.example", NULL, NULL},
	         " unknown b.example"},
		{"Postfix completes it",
	         "<root>",
	         {"root@b.example", "b.example", "local"},
	         " us b.example"},
		{"no macros at all",
	         "<a@B.example>",
	         {NULL, NULL, NULL},
	         " unknown b.example"},
		{"an address literal",
	         "<a@[192.0.2.1]>",
	         {"a@[192.0.2.1]", "[192.0.2.1]", "smtp"},
	         ""},
		{"no domain at all", "<root>", {NULL, NULL, "local"}, ""},
		{"an empty one", "<>", {"", "", ""}, ""},
		{"macros of any bytes",
	         "<a@b.example>",
	         {"\xff@\x01", "\x80\x80", "\x07"},
	         ""},
	};
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &site);
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf got = {0};
		auto_(xfree_str) char *want = xasprintf(
			"mx clear none from s.example:%s\n", rows[i].want);

		ROW(&rows[i]);
		milter_message_begin(&m, "<x@s.example>", &no_macros,
		                     INBOUND_MX);
		milter_message_recipient(&m, rows[i].recipient,
		                         &rows[i].macros);
		describe(&m, &got);
		assert_string_equal(strbuf_text(&got), want);
	}
	milter_message_clear(&m);
}

static const struct milter_rcpt_macros to_us = {NULL, "b.example", "local"};
static const struct milter_rcpt_macros to_others = {NULL, "b.example", "smtp"};

static void test_a_domain_counts_once(void **state)
{
	struct milter_message m;
	auto_(strbuf_clear) struct strbuf got = {0};

	(void)state;
	milter_message_init(&m, &site);
	milter_message_begin(&m, "<x@s.example>", &no_macros, INBOUND_MX);
	milter_message_recipient(&m, "<a@b.example>", &to_us);
	milter_message_recipient(&m, "<b@B.EXAMPLE>", &to_us);
	milter_message_recipient(&m, "<c@b.example>", &to_others);
	milter_message_recipient(&m, "<d@b.example>", &to_others);
	describe(&m, &got);
	assert_string_equal(strbuf_text(&got),
	                    "mx clear none from s.example: us b.example, "
	                    "others b.example by b.example\n");
	milter_message_clear(&m);
}

static void test_many_domains(void **state)
{
	struct milter_message m;
	size_t before;

	(void)state;
	milter_message_init(&m, &site);
	milter_message_begin(&m, "<x@s.example>", &no_macros, INBOUND_MX);
	for (int i = 0; i < 5000; i++) {
		char address[64];

		snprintf(address, sizeof(address), "<a@d%d.example>", i);
		milter_message_recipient(&m, address, &to_us);
		milter_message_recipient(&m, address, &to_others);
	}
	/* the bound, and a row for the rest of each way */
	assert_int_equal(m.domain_count, MILTER_DOMAINS_MAX + 2);
	assert_string_equal(m.domains[MILTER_DOMAINS_MAX].name, MILTER_OTHERS);
	assert_string_equal(m.domains[MILTER_DOMAINS_MAX + 1].name,
	                    MILTER_OTHERS);
	assert_string_equal(m.domains[MILTER_DOMAINS_MAX + 1].next_hop,
	                    MILTER_OTHERS);
	assert_true(m.arena.total < 256 * 1024);
	before = m.arena.total;
	milter_message_forget(&m);
	assert_true(m.arena.total < before);
	milter_message_clear(&m);
}

static void test_own_reports(void **state)
{
	static const struct {
		const char *name, *sender, *header, *value;
		bool want;
	} rows[] = {
		{"ours", "<tls-reports@example.com>", "TLS-Report-Submitter",
	         "example.com", true},
		{"with a token", "<tls-reports+" TOKEN "@example.com>",
	         "TLS-Report-Submitter", "example.com", true},
		{"from sendmail(1)", "tls-reports@example.com",
	         "TLS-Report-Submitter", "example.com", true},
		{"the header in other letters", "<tls-reports@example.com>",
	         "tls-report-submitter", " Example.COM ", true},
		{"another submitter", "<tls-reports@example.com>",
	         "TLS-Report-Submitter", "example.org", false},
		{"a submitter that begins like ours",
	         "<tls-reports@example.com>", "TLS-Report-Submitter",
	         "example.com.evil.example", false},
		{"no submitter", "<tls-reports@example.com>", "Subject",
	         "example.com", false},
		{"somebody else's report", "<tls@example.org>",
	         "TLS-Report-Submitter", "example.com", false},
		{"the null sender", "<>", "TLS-Report-Submitter", "example.com",
	         false},
	};
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &site);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		milter_message_begin(&m, rows[i].sender, &no_macros,
		                     INBOUND_LOCAL);
		milter_message_recipient(&m, "<a@b.example>", &to_others);
		milter_message_header(&m, rows[i].header, rows[i].value);
		assert_int_equal(milter_message_is_report(&m), rows[i].want);
		milter_message_forget(&m);
		assert_false(milter_message_is_report(&m));
	}
	milter_message_clear(&m);
}

static void begin_bounce(struct milter_message *m, const char *recipient)
{
	milter_message_begin(m, "<>", &no_macros, INBOUND_MX);
	milter_message_recipient(m, recipient, &to_us);
}

static void test_bounce_is_kept(void **state)
{
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &site);
	begin_bounce(&m, "<tls-reports+" TOKEN "@example.com>");
	milter_message_header(&m, "Subject", "Undelivered");
	milter_message_header(&m, "Content-Type", "multipart/report;\n\tb=x");
	assert_false(milter_message_may_be_bounce(&m));
	assert_true(milter_message_body(&m, "--x\r\n", 5));
	assert_true(milter_message_body(&m, "rest\r\n", 6));
	assert_true(milter_message_may_be_bounce(&m));
	assert_string_equal(m.token, TOKEN);
	assert_string_equal(m.text.data,
	                    "Subject: Undelivered\n"
	                    "Content-Type: multipart/report;\n\tb=x\n"
	                    "\n--x\r\nrest\r\n");
	milter_message_forget(&m);
	assert_false(milter_message_may_be_bounce(&m));
	assert_int_equal(m.text.room, 0);
	milter_message_clear(&m);
}

static void test_what_is_no_bounce(void **state)
{
	static const struct {
		const char *name, *recipient;
	} rows[] = {
		{"the plain sender: whose delivery?",
	         "<tls-reports@example.com>"},
		{"a token too short", "<tls-reports+0123@example.com>"},
		{"another domain", "<tls-reports+" TOKEN "@example.org>"},
		{"somebody else", "<postmaster@example.com>"},
	};
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &site);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		begin_bounce(&m, rows[i].recipient);
		milter_message_header(&m, "Subject", "Undelivered");
		assert_false(milter_message_body(&m, "x", 1));
		assert_false(milter_message_may_be_bounce(&m));
		assert_int_equal(m.text.len, 0);
	}
	milter_message_clear(&m);
}

static void test_oversized(void **state)
{
	auto_(xfree_str) char *big = xmalloc(MILTER_TEXT_MAX);
	struct milter_message m;

	(void)state;
	memset(big, 'x', MILTER_TEXT_MAX - 1);
	big[MILTER_TEXT_MAX - 1] = '\0';
	milter_message_init(&m, &site);
	begin_bounce(&m, "<tls-reports+" TOKEN "@example.com>");
	milter_message_header(&m, "Subject", "big");
	assert_true(milter_message_body(&m, big, 200 * 1024));
	assert_false(milter_message_body(&m, big, 200 * 1024));
	assert_false(milter_message_body(&m, big, 200 * 1024));
	assert_int_equal(m.text.len, MILTER_TEXT_MAX);
	assert_true(milter_message_may_be_bounce(&m));
	/* a header alone can fill it, too */
	begin_bounce(&m, "<tls-reports+" TOKEN "@example.com>");
	milter_message_header(&m, "Subject", big);
	milter_message_header(&m, "Subject", big);
	assert_int_equal(m.text.len, MILTER_TEXT_MAX);
	assert_false(milter_message_body(&m, "x", 1));
	milter_message_clear(&m);
}

/* By whom a report of ours is signed (RFC 8460 section 3). */
static void test_signatures(void **state)
{
#define OURS "v=1; d=example.com;\n\ts=2026; bh=x; b=y"
#define THEIRS "v=1; d=relay.example; s=r; b=y"
	static const struct {
		const char *name, *sender, *first, *second;
		bool is_signed;
		const char *domain, *selector;
	} rows[] = {
		{"not at all", "<tls-reports@example.com>", NULL, NULL, false,
	         "", ""},
		{"by us", "<tls-reports+" TOKEN "@example.com>", OURS, NULL,
	         true, "example.com", "2026"},
		{"by a relay", "<tls-reports@example.com>", THEIRS, NULL, false,
	         "relay.example", "r"},
		{"by both", "<tls-reports@example.com>", THEIRS, OURS, true,
	         "example.com", "2026"},
		{"by both, the other way round", "<tls-reports@example.com>",
	         OURS, THEIRS, true, "example.com", "2026"},
		{"by a subdomain of ours", "<tls-reports@example.com>",
	         "d=mail.example.com; s=x", NULL, false, "mail.example.com",
	         "x"},
		{"by something that is no signature",
	         "<tls-reports@example.com>", "d=; s=", "example.com", false,
	         "", ""},
		{"mail of others is not looked at", "<a@example.com>", OURS,
	         NULL, false, "", ""},
	};
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &site);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		milter_message_begin(&m, rows[i].sender, &no_macros,
		                     INBOUND_LOCAL);
		if (rows[i].first != NULL)
			milter_message_header(&m, "DKIM-Signature",
			                      rows[i].first);
		if (rows[i].second != NULL)
			milter_message_header(&m, "dkim-signature",
			                      rows[i].second);
		assert_int_equal(milter_message_is_signed(&m),
		                 rows[i].is_signed);
		assert_string_equal(m.signature.domain, rows[i].domain);
		assert_string_equal(m.signature.selector, rows[i].selector);
		milter_message_forget(&m);
		assert_false(milter_message_is_signed(&m));
	}
	milter_message_clear(&m);
}

/* Steps that come without the one before: a milter must not care. */
/* "TLS-Required: No" (RFC 8689), as Postfix reads it. */
static void test_tls_optional(void **state)
{
	static const struct {
		const char *name, *header, *value;
		bool want;
	} rows[] = {
		{"no", "TLS-Required", "No", true},
		{"in any case, with blanks", "tls-required", " nO\t", true},
		{"yes is no value", "TLS-Required", "Yes", false},
		{"nor is more", "TLS-Required", "No, please", false},
		{"nor nothing", "TLS-Required", "", false},
		{"another header", "X-TLS-Required", "No", false},
	};
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &site);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		milter_message_begin(&m, "<x@s.example>", &no_macros, false);
		milter_message_header(&m, rows[i].header, rows[i].value);
		milter_message_header(&m, "Subject", "No");
		assert_int_equal(m.tls_optional, rows[i].want);
	}
	milter_message_begin(&m, "<x@s.example>", &no_macros, false);
	assert_false(m.tls_optional);
	milter_message_clear(&m);
}

/* --- reports of others --- */

static const char *const inbox[] = {"tlsrpt@example.com", "tls@b.example"};

/* A site that reads what comes to these, and its room. */
static struct milter_site site_of(struct milter_room *room, size_t max)
{
	struct milter_site with = site;

	*room = (struct milter_room){.max = max};
	with.inbox = inbox;
	with.inbox_count = 2;
	with.inbox_max = 100;
	with.room = room;
	return with;
}

static void test_inbox(void **state)
{
	static const struct {
		const char *name, *recipient, *addr;
		bool want;
	} rows[] = {
		{"one of them", "<tlsrpt@example.com>", NULL, true},
		{"the other", "<tls@b.example>", NULL, true},
		{"capitals", "<TLSrpt@Example.COM>", NULL, true},
		{"as Postfix completed it", "<tlsrpt>", "tlsrpt@example.com",
	         true},
		{"an address that leads there", "<tlsrpt@example.com>",
	         "archive@example.com", true},
		{"a longer one", "<tlsrpt@example.com.example>", NULL, false},
		{"a part", "<rpt@example.com>", NULL, false},
		{"nobody", "<>", NULL, false},
	};
	struct milter_room room;
	const struct milter_site with = site_of(&room, 1000);
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &with);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct milter_rcpt_macros macros = {.addr = rows[i].addr};

		ROW(&rows[i]);
		milter_message_begin(&m, "<x@s.example>", &no_macros, false);
		milter_message_recipient(&m, rows[i].recipient, &macros);
		milter_message_recipient(&m, "<other@example.com>", &to_us);
		milter_message_header(&m, "Subject", "a\n\tb");
		assert_int_equal(milter_message_body(&m, "x\r\n", 3),
		                 rows[i].want);
		assert_int_equal(milter_message_is_for_inbox(&m), rows[i].want);
		assert_false(milter_message_may_be_bounce(&m));
		if (rows[i].want)
			assert_string_equal(strbuf_text(&m.text),
			                    "Subject: a\n\tb\n\nx\r\n");
		assert_int_equal(room.taken, m.text.len);
	}
	milter_message_clear(&m);
	assert_int_equal(room.taken, 0);
}

/* What goes to a token of ours, too, is a bounce. */
static void test_inbox_and_token(void **state)
{
	struct milter_room room;
	const struct milter_site with = site_of(&room, 1000);
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &with);
	milter_message_begin(&m, "<>", &no_macros, false);
	milter_message_recipient(&m, "<tlsrpt@example.com>", &to_us);
	milter_message_recipient(&m, "<tls-reports+" TOKEN "@example.com>",
	                         &to_us);
	milter_message_body(&m, "x", 1);
	assert_true(milter_message_may_be_bounce(&m));
	assert_false(milter_message_is_for_inbox(&m));
	assert_int_equal(room.taken, 0);
	milter_message_clear(&m);
}

/* All of a message or nothing; what one gives back is another's. */
static void test_inbox_room(void **state)
{
	struct milter_room room;
	const struct milter_site with = site_of(&room, 150);
	struct milter_message a, b;
	char text[101];

	(void)state;
	memset(text, 'x', sizeof(text));
	milter_message_init(&a, &with);
	milter_message_init(&b, &with);
	milter_message_begin(&a, "<>", &no_macros, false);
	milter_message_recipient(&a, inbox[0], &to_us);
	assert_true(milter_message_body(&a, text, 99)); /* and the empty line */
	assert_false(a.is_cut);
	assert_false(milter_message_body(&a, text, 1));
	assert_true(a.is_cut);
	assert_int_equal(a.text.len, 0);
	assert_int_equal(room.taken, 0);
	assert_false(milter_message_body(&a, text, 1));
	assert_int_equal(a.text.len, 0);

	milter_message_begin(&a, "<>", &no_macros, false);
	milter_message_recipient(&a, inbox[0], &to_us);
	assert_true(milter_message_body(&a, text, 99));
	milter_message_begin(&b, "<>", &no_macros, false);
	milter_message_recipient(&b, inbox[0], &to_us);
	assert_true(milter_message_body(&b, text, 49));
	assert_int_equal(room.taken, 150);
	assert_false(milter_message_body(&b, text, 1));
	assert_int_equal(room.taken, 100);
	milter_message_forget(&a);
	assert_int_equal(room.taken, 0);
	milter_message_begin(&b, "<>", &no_macros, false);
	milter_message_recipient(&b, inbox[0], &to_us);
	assert_true(milter_message_body(&b, text, 99));
	milter_message_clear(&a);
	milter_message_clear(&b);
	assert_int_equal(room.taken, 0);
}

static void test_out_of_order(void **state)
{
	struct milter_message m;

	(void)state;
	milter_message_init(&m, &site);
	milter_message_recipient(&m, "<a@b.example>", &to_us);
	milter_message_header(&m, "Subject", "x");
	assert_false(milter_message_body(&m, "x", 1));
	assert_int_equal(m.domain_count, 0);
	assert_false(m.begun);
	milter_message_begin(&m, "<x@s.example>", &no_macros, INBOUND_MX);
	milter_message_recipient(&m, "<a@b.example>", &to_us);
	milter_message_begin(&m, "<x@s.example>", &no_macros, INBOUND_MX);
	assert_int_equal(m.domain_count, 0);
	milter_message_clear(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_a_domain_counts_once),
		cmocka_unit_test(test_many_domains),
		cmocka_unit_test(test_own_reports),
		cmocka_unit_test(test_bounce_is_kept),
		cmocka_unit_test(test_what_is_no_bounce),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_tls_optional),
		cmocka_unit_test(test_inbox),
		cmocka_unit_test(test_inbox_and_token),
		cmocka_unit_test(test_inbox_room),
		cmocka_unit_test(test_out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
