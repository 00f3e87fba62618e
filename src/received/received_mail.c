#include "received/received_mail.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "base/auto.h"
#include "base/utf8.h"
#include "inmail/mime_message.h"

void received_mail_init(struct received_mail *mail)
{
	memset(mail, 0, sizeof(*mail));
	arena_init(&mail->mem);
}

void received_mail_clear(struct received_mail *mail)
{
	arena_clear(&mail->mem);
}

static void reset(struct received_mail *mail)
{
	struct arena mem = mail->mem;

	arena_reset(&mem);
	memset(mail, 0, sizeof(*mail));
	mail->mem = mem;
}

/* --- the header --- */

static const char *clean(struct received_mail *mail, const char *text)
{
	size_t len;
	char *valid;

	if (text == NULL)
		return NULL;
	valid = utf8_repair(&mail->mem, text, strlen(text), &len);
	return utf8_clean(&mail->mem, valid, len, RECEIVED_HEADER_MAX);
}

static const char *field(struct received_mail *mail, GMimeMessage *message,
                         const char *name)
{
	return clean(mail,
	             g_mime_object_get_header(GMIME_OBJECT(message), name));
}

static void read_from(GMimeMessage *message, struct received_mail *mail)
{
	InternetAddressList *list = g_mime_message_get_from(message);
	InternetAddress *address;
	const char *at;

	mail->from = field(mail, message, "From");
	if (list == NULL || internet_address_list_length(list) != 1)
		return;
	address = internet_address_list_get_address(list, 0);
	if (!INTERNET_ADDRESS_IS_MAILBOX(address))
		return;
	at = internet_address_mailbox_get_addr(
		INTERNET_ADDRESS_MAILBOX(address));
	at = at != NULL ? strrchr(at, '@') : NULL;
	if (at == NULL || domain_canonical(at + 1, strlen(at + 1),
	                                   mail->from_domain, NULL) != 0)
		mail->from_domain[0] = '\0';
}

/* A field that is malformed says nothing. */
static void read_results(GMimeMessage *message, size_t received_above,
                         struct received_mail *mail)
{
	GMimeHeaderList *list =
		g_mime_object_get_header_list(GMIME_OBJECT(message));
	int count = g_mime_header_list_get_count(list);

	for (int i = 0; i < count; i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
		const char *name = g_mime_header_get_name(header);
		const char *body = g_mime_header_get_raw_value(header);

		if (strcasecmp(name, "Received") == 0 && received_above-- == 0)
			return;
		if (strcasecmp(name, "Authentication-Results") == 0 &&
		    body != NULL && mail->result_count < RECEIVED_RESULTS_MAX &&
		    auth_results_read(body, strlen(body),
		                      &mail->results[mail->result_count],
		                      NULL) == 0)
			mail->result_count++;
	}
}

/* --- the part that has the report --- */

static bool is_type(GMimePart *part, const char *const (*types)[2],
                    size_t count)
{
	GMimeContentType *type =
		g_mime_object_get_content_type(GMIME_OBJECT(part));

	for (size_t i = 0; i < count; i++)
		if (g_mime_content_type_is_type(type, types[i][0], types[i][1]))
			return true;
	return false;
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool is_report(GMimePart *part)
{
	static const char *const types[][2] = {
		{"application", "tlsrpt+gzip"},
		{"application", "tlsrpt+json"},
		{"application", "tlsrpt"},
	};

	return is_type(part, types, COUNT(types));
}

/* ".json", ".json.gz": RFC 8460 section 5.1. */
static bool has_report_name(GMimePart *part)
{
	static const char *const ends[] = {".json", ".json.gz", ".zip"};
	const char *name = g_mime_part_get_filename(part);
	size_t len = name != NULL ? strlen(name) : 0;

	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && strcasecmp(name + len - end, ends[i]) == 0)
			return true;
	}
	return false;
}

static bool may_be_report(GMimePart *part)
{
	static const char *const types[][2] = {
		{"application", "gzip"}, {"application", "x-gzip"},
		{"application", "zip"},  {"application", "x-zip-compressed"},
		{"application", "json"}, {"application", "octet-stream"},
	};

	return has_report_name(part) || is_type(part, types, COUNT(types));
}

static int read_body(GMimeMessage *message, struct received_mail *mail,
                     struct err *err)
{
	static mime_wanted_fn *const wanted[] = {is_report, may_be_report};
	GMimeObject *top = g_mime_message_get_mime_part(message);
	auto_(mime_unref) GMimeStream *decoded = g_mime_stream_mem_new();
	struct mime_search search = {0};
	struct span body;

	for (size_t i = 0; top != NULL && i < COUNT(wanted); i++) {
		search = (struct mime_search){0};
		if (!mime_find_text(&search, top, wanted[i], decoded, &body))
			continue;
		mail->body.at = arena_strndup(&mail->mem, body.at, body.len);
		mail->body.len = body.len;
		return 0;
	}
	if (search.cut)
		return err_set(err, ERR_LIMIT,
		               "no report within the first %d parts and %d "
		               "levels",
		               MIME_PARTS_MAX, MIME_DEPTH_MAX);
	return err_set(err, ERR_NOTFOUND, "the mail has no report attached");
}

int received_mail_read(struct received_mail *mail, const void *message,
                       size_t len, size_t received_above, struct err *err)
{
	auto_(mime_unref) GMimeMessage *parsed = NULL;

	reset(mail);
	if (len > RECEIVED_MAIL_MAX)
		return err_set(err, ERR_LIMIT,
		               "the mail is longer than %d bytes",
		               RECEIVED_MAIL_MAX);
	parsed = mime_message_parse(message, len);
	if (parsed == NULL)
		return err_set(err, ERR_PARSE, "not a mail");
	read_from(parsed, mail);
	mail->to = field(mail, parsed, "To");
	mail->subject = field(mail, parsed, "Subject");
	mail->message_id = field(mail, parsed, "Message-ID");
	mail->report_domain = field(mail, parsed, "TLS-Report-Domain");
	mail->submitter = field(mail, parsed, "TLS-Report-Submitter");
	read_results(parsed, received_above, mail);
	return read_body(parsed, mail, err);
}
