/*
 * Bounces in plain text.
 *
 * Two forms are read, for they say by a rule who was refused.  qmail's
 * (QSBMF) begins "Hi. This is the", and each of its paragraphs that begins
 * with "<" is about the recipient between the brackets:
 *
 *     <tls@example.com>:
 *     Sorry, no mailbox here by that name. (#5.1.1)
 *
 * Exim before 4.85, Google and others name the recipients in a header field,
 * X-Failed-Recipients, and then somewhere in the text:
 *
 *       tls@example.com
 *         SMTP error from remote mail server after RCPT TO:<tls@example.com>:
 *         host mx.example.com [192.0.2.1]: 550 5.1.1 User unknown
 */
#include "inmail/dsn_read.h"

#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/strbuf.h"

enum { SAID_MAX = 8192 /* of the words about one recipient */ };

static const char qsbmf_start[] = "Hi. This is the";

static struct span trim(struct span line)
{
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return span_trim(line);
}

/* A line as one of a text: its blanks one space, each line on its own, for a
 * reply may begin there. */
static void add_line(struct strbuf *said, struct span line)
{
	if (said->len > 0)
		strbuf_putc(said, '\n');
	strbuf_add(said, line.at, line.len);
}

/* Does the line begin with the address, and is it the whole of it that stands
 * there?  Then what follows it on the line. */
static bool is_about(struct span line, struct span address, struct span *rest)
{
	*rest = line;
	if (address.len == 0 || rest->len < address.len ||
	    strncasecmp(rest->at, address.at, address.len) != 0)
		return false;
	span_drop(rest, address.len);
	span_skip(rest, ":");
	return rest->len == 0 || rest->at[0] == ' ';
}

/* About one of several, with commas between them? */
static bool is_about_one_of(struct span line, struct span failed)
{
	struct span address, rest;
	bool more = true;

	for (size_t i = 0; more && i < DSN_RECIPIENTS_MAX; i++) {
		more = span_split(&failed, ',', &address);
		if (is_about(line, span_trim(address), &rest))
			return true;
	}
	return false;
}

/* What is said of a recipient: up to an empty line or, when one comes at once,
 * all paragraphs; up to the next one of `failed`; and never beyond dashes,
 * behind which the returned message stands. */
static void collect(struct span text, struct span failed, struct strbuf *said)
{
	bool more, paragraphs = false;
	struct span line;

	do {
		more = span_split(&text, '\n', &line);
		line = trim(line);
		if (line.len == 0) {
			if (said->len > 0 && !paragraphs)
				return;
			paragraphs = true;
			continue;
		}
		if (line.at[0] == '-' || is_about_one_of(line, failed))
			return;
		add_line(said, line);
	} while (more && !said->failed);
}

/* Google has the header field in its notices of a delay, too.  The notice is
 * what stands before dashes, and what they return. */
static enum dsn_action action_of(struct span text)
{
	struct span notice = {text.at, 0}, rest = text, line;
	bool more;

	do {
		more = span_split(&rest, '\n', &line);
		if (span_starts(trim(line), "--"))
			break;
		notice.len = text.len - rest.len;
	} while (more && notice.len < SAID_MAX);
	return refusal_words_delay(notice) ? DSN_DELAYED : DSN_FAILED;
}

static void add_recipient(struct dsn *dsn, struct span address,
                          enum dsn_action action, const struct strbuf *said)
{
	struct dsn_recipient recipient = {.action = action};

	dsn_set_address(&recipient, address);
	dsn_set_refusal(&recipient, span_of(strbuf_text(said)), NULL);
	dsn_add(dsn, &recipient);
}

static void find_words(struct span text, struct span address,
                       struct span failed, struct strbuf *said)
{
	struct span line, rest;
	bool more;

	do {
		more = span_split(&text, '\n', &line);
		if (!is_about(trim(line), address, &rest))
			continue;
		rest = span_trim(rest);
		if (rest.len > 0)
			add_line(said, rest);
		if (more)
			collect(text, failed, said);
		return;
	} while (more);
}

static void read_failed(struct span text, const char *failed, struct dsn *dsn)
{
	struct span rest = span_of(failed), address;
	enum dsn_action action = action_of(text);
	bool more = true;

	for (size_t i = 0; more && i < DSN_RECIPIENTS_MAX; i++) {
		auto_(strbuf_clear) struct strbuf said;

		strbuf_init(&said, SAID_MAX);
		more = span_split(&rest, ',', &address);
		address = span_trim(address);
		find_words(text, address, span_of(failed), &said);
		add_recipient(dsn, address, action, &said);
	}
}

/* Paragraphs are what stands between empty lines; one that begins with "-"
 * ends the notice. */
static void read_qsbmf(struct span text, struct dsn *dsn)
{
	static const struct span nobody = {"", 0};
	struct span line, address;
	bool more, first = true;

	do {
		auto_(strbuf_clear) struct strbuf said;

		strbuf_init(&said, SAID_MAX);
		more = span_split(&text, '\n', &line);
		line = trim(line);
		if (first && line.len > 0 && line.at[0] == '-')
			return;
		if (first && span_skip(&line, "<") &&
		    span_until_text(&line, ">:", &address)) {
			if (more && text.len > 0 && text.at[0] != '\n' &&
			    text.at[0] != '\r')
				collect(text, nobody, &said);
			add_recipient(dsn, address, DSN_FAILED, &said);
		}
		first = line.len == 0;
	} while (more && dsn->count < DSN_RECIPIENTS_MAX);
}

void dsn_read_text(struct span text, const char *failed, struct dsn *dsn)
{
	if (failed != NULL)
		read_failed(text, failed, dsn);
	if (dsn->count == 0 && span_starts(text, qsbmf_start))
		read_qsbmf(text, dsn);
}
