#include "model/report_mail.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/day.h"
#include "base/hash.h"
#include "model/detail_text.h"
#include "model/domain.h"
#include "model/report.h"

enum {
	LINE_MAX_BYTES = 78, /* RFC 5322 section 2.1.1 */
	TOKEN_MAX = 60,      /* a boundary has at most 70: RFC 2046 */
	UNIQUE_LEN = 8,      /* hex digits */
	QUOTED_MAX = 64,     /* longer names are encoded, and so can fold */
	/* Bytes in an encoded word: with "From: " before it a line of 76 (RFC
	 * 2047 section 2). */
	WORD_BYTES = 39,
};

/* --- what may stand in a header --- */

static bool token_is_good(const char *token)
{
	size_t len = strlen(token);

	return len > 0 && len <= TOKEN_MAX &&
	       strspn(token, "0123456789abcdefghijklmnopqrstuvwxyz"
	                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

static int refuse(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "mail: %s cannot stand in a header",
	               what);
}

static int check(const struct report_mail *mail, struct err *err)
{
	/* dot-atom@dot-atom is what an address has to be, too (RFC 5322
	 * section 3.4.1); model/rua lets nothing else through */
	if (!report_id_is_msg_id(mail->from))
		return refuse(err, "the sender's address");
	if (!report_id_is_msg_id(mail->to))
		return refuse(err, "the receiver's address");
	if (!domain_is_canonical(mail->domain))
		return refuse(err, "the policy domain");
	if (!domain_is_canonical(mail->submitter))
		return refuse(err, "the submitter");
	if (!token_is_good(mail->token))
		return refuse(err, "the token");
	if (mail->organization_name != NULL &&
	    !text_is_plain(mail->organization_name))
		return refuse(err, "organization_name");
	return 0;
}

/* --- folding --- */

/* A header of words between which white space may fold. */
struct header {
	struct strbuf *out;
	size_t column;
};

static struct header header_begin(const char *name, struct strbuf *out)
{
	strbuf_printf(out, "%s:", name);
	return (struct header){.out = out, .column = strlen(name) + 1};
}

static void header_word(struct header *header, const char *word)
{
	size_t len = strlen(word);

	if (header->column + 1 + len > LINE_MAX_BYTES) {
		strbuf_puts(header->out, "\r\n");
		header->column = 0;
	}
	strbuf_printf(header->out, " %s", word);
	header->column += 1 + len;
}

static void header_end(struct header *header)
{
	strbuf_puts(header->out, "\r\n");
}

/* --- From --- */

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static void quoted_name(struct header *from, const char *name)
{
	struct strbuf quoted;

	strbuf_init(&quoted, 0);
	strbuf_putc(&quoted, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			strbuf_putc(&quoted, '\\');
		strbuf_putc(&quoted, *name);
	}
	strbuf_putc(&quoted, '"');
	header_word(from, strbuf_text(&quoted));
	strbuf_clear(&quoted);
}

/* No character is divided between two words (RFC 2047 section 5). */
static size_t word_bytes(const char *text, size_t left)
{
	size_t len = left < WORD_BYTES ? left : WORD_BYTES;

	while (len < left && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void encoded_name(struct header *from, const char *name)
{
	size_t left = strlen(name);
	struct strbuf word;

	strbuf_init(&word, 0);
	while (left > 0) {
		size_t len = word_bytes(name, left);

		strbuf_reset(&word);
		strbuf_puts(&word, "=?UTF-8?B?");
		base64_write(name, len, &word);
		strbuf_puts(&word, "?=");
		header_word(from, strbuf_text(&word));
		name += len;
		left -= len;
	}
	strbuf_clear(&word);
}

static void write_address(struct header *header, const char *address)
{
	struct strbuf angle;

	strbuf_init(&angle, 0);
	strbuf_printf(&angle, "<%s>", address);
	header_word(header, strbuf_text(&angle));
	strbuf_clear(&angle);
}

static void write_from(const struct report_mail *mail, struct strbuf *out)
{
	const char *name = mail->organization_name;
	struct header from = header_begin("From", out);

	if (name != NULL && is_ascii(name) && strlen(name) <= QUOTED_MAX)
		quoted_name(&from, name);
	else if (name != NULL)
		encoded_name(&from, name);
	write_address(&from, mail->from);
	header_end(&from);
}

/* --- the other headers --- */

static void write_subject_id(const struct report_mail *mail,
                             struct header *subject)
{
	struct strbuf id;

	if (report_id_is_msg_id(mail->report_id)) {
		write_address(subject, mail->report_id);
		return;
	}
	strbuf_init(&id, 0);
	strbuf_printf(&id, "%016" PRIx64 "@%s",
	              hash64(0, mail->report_id, strlen(mail->report_id)),
	              mail->submitter);
	write_address(subject, strbuf_text(&id));
	strbuf_clear(&id);
}

/* RFC 8460 section 5.3: FWS, and nothing but FWS, between the words. */
static void write_subject(const struct report_mail *mail, struct strbuf *out)
{
	struct header subject = header_begin("Subject", out);

	header_word(&subject, "Report");
	header_word(&subject, "Domain:");
	header_word(&subject, mail->domain);
	header_word(&subject, "Submitter:");
	header_word(&subject, mail->submitter);
	header_word(&subject, "Report-ID:");
	write_subject_id(mail, &subject);
	header_end(&subject);
}

/* RFC 5322 section 3.3; its words are English in every locale. */
static void write_date(int64_t date, struct strbuf *out)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed",
	                               "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr",
	                                 "May", "Jun", "Jul", "Aug",
	                                 "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)date;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	strbuf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
	              days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	              tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void write_headers(const struct report_mail *mail, struct strbuf *out)
{
	struct header to;

	write_from(mail, out);
	to = header_begin("To", out);
	write_address(&to, mail->to);
	header_end(&to);
	write_subject(mail, out);
	write_date(mail->date, out);
	strbuf_printf(out, "Message-ID: <%s.tlsrpt@%s>\r\n", mail->token,
	              mail->submitter);
	strbuf_puts(out, "MIME-Version: 1.0\r\n");
	strbuf_printf(out, "TLS-Report-Domain: %s\r\n", mail->domain);
	strbuf_printf(out, "TLS-Report-Submitter: %s\r\n", mail->submitter);
	strbuf_puts(out, "TLS-Required: No\r\n"                 /* RFC 8689 */
	                 "Auto-Submitted: auto-generated\r\n"); /* RFC 3834 */
	/* "=_" stands in no base64 and no text of ours (RFC 2045 section
	 * 6.7 has the idea) */
	strbuf_printf(out,
	              "Content-Type: multipart/report; "
	              "report-type=\"tlsrpt\";\r\n"
	              " boundary=\"=_%s\"\r\n\r\n",
	              mail->token);
}

/* --- the two parts --- */

/* Of what a remote host chose only its domain name is in here. */
static void write_text(const struct report_mail *mail, struct strbuf *out)
{
	char start[TIME_TEXT], end[TIME_TEXT];

	strbuf_puts(out, "Content-Type: text/plain; charset=us-ascii\r\n"
	                 "Content-Transfer-Encoding: 7bit\r\n\r\n"
	                 "This is an aggregate TLS report (RFC 8460).  It "
	                 "counts how TLS went in the\r\n"
	                 "SMTP sessions in which we sent mail to the domain "
	                 "below, which asks for such\r\n"
	                 "reports.\r\n\r\n");
	strbuf_printf(out, "Domain:               %s\r\n", mail->domain);
	strbuf_printf(out, "Reported by:          %s\r\n", mail->submitter);
	strbuf_printf(out, "Begin:                %s\r\n",
	              time_format(mail->start, start));
	strbuf_printf(out, "End:                  %s\r\n",
	              time_format(mail->end, end));
	strbuf_printf(out, "Successful sessions:  %" PRIu64 "\r\n",
	              mail->success);
	strbuf_printf(out, "Failed sessions:      %" PRIu64 "\r\n\r\n",
	              mail->failure);
	strbuf_puts(out, "The report itself is attached as gzipped JSON; it "
	                 "says which policies applied\r\n"
	                 "and what went wrong.\r\n");
}

/* The names stay whole on their line: what splits or encodes them (RFC 2231)
 * is not understood by many who read reports. */
static void write_report(const struct report_mail *mail, struct strbuf *out)
{
	struct strbuf name;

	strbuf_init(&name, 0);
	report_file_name(mail->submitter, mail->domain, mail->start, mail->end,
	                 mail->report_id, &name);
	strbuf_printf(out,
	              "Content-Type: application/tlsrpt+gzip; "
	              "name=\"%s\"\r\n"
	              "Content-Transfer-Encoding: base64\r\n"
	              "Content-Disposition: attachment; "
	              "filename=\"%s\"\r\n\r\n",
	              strbuf_text(&name), strbuf_text(&name));
	base64_write_lines(mail->gzip, mail->gzip_len, out);
	strbuf_clear(&name);
}

int report_mail_write(const struct report_mail *mail, struct strbuf *out,
                      struct err *err)
{
	int rc = check(mail, err);

	if (rc < 0)
		return rc;
	write_headers(mail, out);
	strbuf_printf(out, "--=_%s\r\n", mail->token);
	write_text(mail, out);
	strbuf_printf(out, "\r\n--=_%s\r\n", mail->token);
	write_report(mail, out);
	/* the line end of the last base64 line is the delimiter's */
	strbuf_printf(out, "--=_%s--\r\n", mail->token);
	if (out->failed)
		return err_set(err, ERR_LIMIT,
		               "mail: a report of %zu bytes is too long",
		               mail->gzip_len);
	return 0;
}

/* --- the file name --- */

/* The hash in an id of report_id_make(), else NULL. */
static const char *unique_of(const char *report_id)
{
	const char *at = strchr(report_id, '@');

	if (at == NULL || at - report_id <= UNIQUE_LEN ||
	    at[-UNIQUE_LEN - 1] != '.' ||
	    strspn(at - UNIQUE_LEN, "0123456789abcdef") != UNIQUE_LEN)
		return NULL;
	return at - UNIQUE_LEN;
}

void report_file_name(const char *submitter, const char *domain, int64_t start,
                      int64_t end, const char *report_id, struct strbuf *out)
{
	const char *unique = unique_of(report_id);

	strbuf_printf(out, "%s!%s!%" PRId64 "!%" PRId64 "!", submitter, domain,
	              start, end);
	if (unique != NULL)
		strbuf_add(out, unique, UNIQUE_LEN);
	else
		strbuf_printf(
			out, "%08" PRIx32,
			(uint32_t)hash64(0, report_id, strlen(report_id)));
	strbuf_puts(out, ".json.gz");
}
