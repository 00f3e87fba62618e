#include "report/report_mail.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "report/mail_header.h"
#include "report/report_id.h"
#include "session/detail_text.h"

enum {
	TOKEN_MAX = 60,  /* a boundary has at most 70: RFC 2046 */
	UNIQUE_LEN = 8,  /* hex digits */
	NAME_HEAD = 60,  /* of a domain in a file name that is cut */
	QUOTED_MAX = 64, /* longer names are encoded, and so can fold */
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
	return err_set(err, ERR_PARSE,
	               "mail: %s has characters that are not allowed in a "
	               "header field",
	               what);
}

static int check(const struct report_mail *mail, struct err *err)
{
	/* dot-atom@dot-atom is what an address has to be, too (RFC 5322
	 * section 3.4.1); domain/rua lets nothing else through */
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
	    !detail_text_is_plain(mail->organization_name))
		return refuse(err, "organization_name");
	return 0;
}

/* --- From --- */

static void quoted_name(struct mail_header *from, const char *name)
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
	mail_header_word(from, strbuf_text(&quoted));
	strbuf_clear(&quoted);
}

static void encoded_name(struct mail_header *from, const char *name)
{
	size_t left = strlen(name);
	struct strbuf word;

	strbuf_init(&word, 0);
	while (left > 0) {
		size_t len = left < WORD_BYTES ? left : WORD_BYTES;

		/* no character is divided between two words (RFC 2047 section
		 * 5) */
		while (len < left && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
		strbuf_reset(&word);
		strbuf_puts(&word, "=?UTF-8?B?");
		base64_write(name, len, &word);
		strbuf_puts(&word, "?=");
		mail_header_word(from, strbuf_text(&word));
		name += len;
		left -= len;
	}
	strbuf_clear(&word);
}

static void write_from(const struct report_mail *mail, struct strbuf *out)
{
	const char *name = mail->organization_name;
	struct mail_header from = mail_header_begin("From", out);

	if (name != NULL && utf8_is_ascii(name, strlen(name)) &&
	    strlen(name) <= QUOTED_MAX)
		quoted_name(&from, name);
	else if (name != NULL)
		encoded_name(&from, name);
	mail_header_wordf(&from, "<%s>", mail->from);
	mail_header_end(&from);
}

/* --- the other headers --- */

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
	struct mail_header to;

	write_from(mail, out);
	to = mail_header_begin("To", out);
	mail_header_wordf(&to, "<%s>", mail->to);
	mail_header_end(&to);
	report_subject_write(mail->domain, mail->submitter, mail->report_id,
	                     out);
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
	              day_format_time(mail->start, start));
	strbuf_printf(out, "End:                  %s\r\n",
	              day_format_time(mail->end, end));
	strbuf_printf(out, "Successful sessions:  %" PRIu64 "\r\n",
	              mail->success);
	strbuf_printf(out, "Failed sessions:      %" PRIu64 "\r\n\r\n",
	              mail->failure);
	strbuf_puts(out, "The report itself is attached as gzipped JSON; it "
	                 "says which policies applied\r\n"
	                 "and what went wrong.\r\n");
}

/* The file name stays whole on its line: what splits or encodes it (RFC 2231)
 * is not understood by many who read reports. */
static void write_report(const struct report_mail *mail, struct strbuf *out)
{
	auto_(arena_clear) struct arena mem = {0};
	const char *name = report_file_name(mail, &mem);
	struct mail_header type = mail_header_begin("Content-Type", out), how;

	mail_header_word(&type, "application/tlsrpt+gzip;");
	mail_header_wordf(&type, "name=\"%s\"", name);
	mail_header_end(&type);
	strbuf_puts(out, "Content-Transfer-Encoding: base64\r\n");
	how = mail_header_begin("Content-Disposition", out);
	mail_header_word(&how, "attachment;");
	mail_header_wordf(&how, "filename=\"%s\"", name);
	mail_header_end(&how);
	strbuf_puts(out, "\r\n");
	base64_write_lines(mail->gzip, mail->gzip_len, out);
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
		               "mail: the report is too large (%zu bytes)",
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

static const char *join_file_name(const struct report_mail *mail,
                                  const char *submitter, const char *domain,
                                  struct arena *arena)
{
	const char *id = mail->report_id, *unique = unique_of(id);
	char hash[UNIQUE_LEN + 1];

	snprintf(hash, sizeof(hash), "%08" PRIx32,
	         (uint32_t)hash64(0, id, strlen(id)));
	return arena_printf(arena, "%s!%s!%" PRId64 "!%" PRId64 "!%.*s.json.gz",
	                    submitter, domain, mail->start, mail->end,
	                    UNIQUE_LEN, unique ? unique : hash);
}

/* The first labels of a name, or what there is room for of one. */
static const char *cut_name(const char *name, struct arena *arena)
{
	size_t len = strnlen(name, NAME_HEAD);

	while (len > 1 && (name[len - 1] == '.' || name[len - 1] == '-'))
		len--;
	return arena_strndup(arena, name, len);
}

const char *report_file_name(const struct report_mail *mail,
                             struct arena *arena)
{
	const char *name =
		join_file_name(mail, mail->submitter, mail->domain, arena);
	const char *domain;

	if (strlen(name) <= REPORT_FILE_NAME_MAX)
		return name;
	domain = arena_printf(arena, "%s.%016" PRIx64,
	                      cut_name(mail->domain, arena), mail->number);
	return join_file_name(mail, cut_name(mail->submitter, arena), domain,
	                      arena);
}
