/*
 * tlstally bounce: a message to one of our envelope senders, from a pipe
 *
 * Whatever it is, the mail system must neither send it back nor keep it: what
 * is no bounce of ours is done with, and only a store that cannot be written
 * asks it to come again (EX_TEMPFAIL).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "inmail/dsn.h"
#include "domain/own_address.h"
#include "outbox/bounce.h"
#include "show/doc.h"

enum { MESSAGE_MAX = 256 * 1024 };

/* In this order: who delivered it knows best. */
static const char *const headers[] = {
	"Delivered-To:", "X-Original-To:", "Envelope-To:", "To:"};

static bool token_in(const char *sender, struct span text,
                     char token[OWN_TOKEN_TEXT])
{
	while (text.len > 0) {
		size_t len = 0;

		while (len < text.len &&
		       strchr(" \t\r\n,;", text.at[len]) == NULL)
			len++;
		if (own_address_is(sender, text.at, len, token) &&
		    token[0] != '\0')
			return true;
		span_drop(&text, len < text.len ? len + 1 : len);
	}
	return false;
}

/* One header line with what is folded below it; false at the header's end. */
static bool next_header(struct span *rest, struct span *header)
{
	size_t len = 0;

	while (len < rest->len) {
		const char *end = memchr(rest->at + len, '\n', rest->len - len);

		len = end != NULL ? (size_t)(end - rest->at) + 1 : rest->len;
		if (len == rest->len ||
		    (rest->at[len] != ' ' && rest->at[len] != '\t'))
			break;
	}
	*header = (struct span){rest->at, len};
	span_drop(rest, len);
	return span_trim_end(*header).len > 0 && header->at[0] != '\r' &&
	       header->at[0] != '\n';
}

static bool token_in_header(const char *sender, const struct strbuf *message,
                            const char *name, char token[OWN_TOKEN_TEXT])
{
	struct span rest = {message->data, message->len}, header;
	size_t len = strlen(name);

	while (next_header(&rest, &header)) {
		if (header.len <= len || strncasecmp(header.at, name, len) != 0)
			continue;
		span_drop(&header, len);
		if (token_in(sender, header, token))
			return true;
	}
	return false;
}

static bool find_token(const struct cli *cli, const struct strbuf *message,
                       char token[OWN_TOKEN_TEXT])
{
	const char *sender = conf_sender(&cli->conf);

	if (cli->args.sender != NULL)
		return token_in(sender, span_of(cli->args.sender), token);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (token_in_header(sender, message, headers[i], token))
			return true;
	return false;
}

static void print(struct cli *cli, const struct bounce_outcome *outcome,
                  const char *why)
{
	auto_(json_free) json_t *doc = json_object();

	if (cli->args.json) {
		doc_set(doc, "result",
		        word_api(&words_bounces, outcome->result));
		doc_set(doc, "address", outcome->address);
		doc_set(doc, "answer", outcome->text);
		doc_set(doc, "why", why);
		doc_print(doc, &cli->out);
		return;
	}
	if (!cli_is_talkative(cli))
		return;
	strbuf_puts(&cli->out, word_api(&words_bounces, outcome->result));
	if (outcome->address[0] != '\0')
		strbuf_printf(&cli->out, ": report to %s", outcome->address);
	if (why != NULL || outcome->text[0] != '\0') {
		auto_(xfree_str) char *words =
			doc_safe_text(why != NULL ? why : outcome->text);

		strbuf_printf(&cli->out, ": %s", words);
	}
	strbuf_puts(&cli->out, "\n");
}

int cli_bounce(struct cli *cli, struct err *err)
{
	auto_(strbuf_clear) struct strbuf message = {0};
	struct bounce_outcome outcome = {.result = BOUNCE_IGNORED};
	char token[OWN_TOKEN_TEXT];
	const char *why = NULL;
	struct err words = {0};
	struct dsn dsn;

	strbuf_init(&message, MESSAGE_MAX);
	/* to its end: a writer that gets a broken pipe would call it a
	 * failure */
	if (io_read_all(STDIN_FILENO, &message) < 0)
		return err_errno(err, ERR_IO, "standard input");
	if (!find_token(cli, &message, token))
		why = "it is not addressed to the envelope sender of a report";
	else if (message.failed)
		why = "longer than 256 KiB";
	else if (dsn_read(message.data, message.len, &dsn, &words) < 0)
		why = words.text;
	else if (bounce_apply(cli->db, token, &dsn, clock_secs(&cli->clock),
	                      &outcome, err) < 0)
		return err->class;
	print(cli, &outcome, why);
	return 0;
}
