/* tlstally policy: what Postfix is told of a domain, asked of the running
 * tlstally-policyd as Postfix asks it. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "postfix/socketmap.h"
#include "show/doc.h"
#include "words/words.h"

/* It answers within [policyd] timeout; a loaded host is not too late. */
enum { SLACK_MS = 10 * 1000 };

static void print_line(struct strbuf *out, const char *what, const char *text)
{
	if (text[0] != '\0')
		strbuf_printf(out, "  %-10s %s\n", what, text);
}

static void print(const json_t *doc, struct strbuf *out)
{
	int kind = word_find(&words_told, doc_text(doc, "kind"));
	const char *answer = doc_text(doc, "answer");
	const char *temporary = doc_text(doc, "temporary");

	strbuf_printf(out, "%s: %s\n", doc_text(doc, "key"),
	              kind < 0 ? doc_text(doc, "kind")
	                       : word_label(&words_told, kind));
	if (temporary[0] != '\0')
		strbuf_printf(out, "  %-10s temporary failure: %s\n", "answer",
		              temporary);
	else
		print_line(out, "answer",
		           answer[0] != '\0' ? answer
		                             : "not found: the TLS security "
		                               "level of this site applies");
	print_line(out, "reason", doc_text(doc, "why"));
	print_line(out, "looked up", doc_text(doc, "checkedAt"));
	if (doc_text(doc, "postfix")[0] != '\0')
		strbuf_printf(out,
		              "  %-10s Postfix %s cannot read TLSRPT "
		              "attributes: they are left out\n",
		              "note", doc_text(doc, "postfix"));
}

static int ask(struct cli *cli, const char *map,
               struct socketmap_answer *answer, struct err *err)
{
	const char *server = cli->conf.policyd.socket;
	int timeout_ms = (int)cli->conf.policyd.timeout_ms + SLACK_MS;

	if (socketmap_ask(server, map, cli->args.key, timeout_ms, answer, err) <
	    0)
		return err_prefix(err,
		                  "cannot ask tlstally-policyd at %s "
		                  "([policyd] socket)",
		                  server);
	return 0;
}

/* First as Postfix does, so that the domain is looked up; then for the reason.
 */
int cli_policy(struct cli *cli, struct err *err)
{
	struct socketmap_answer as_postfix = {0}, why = {0};
	auto_(json_free) json_t *doc = NULL;
	int rc = ask(cli, "QUERYwithTLSRPT", &as_postfix, err);

	if (rc == 0)
		rc = ask(cli, "EXPLAIN", &why, err);
	if (rc == 0) {
		doc = json_read(strbuf_text(&why.text), why.text.len, false,
		                err);
		rc = doc != NULL ? 0 : err->class;
	}
	if (rc == 0) {
		json_object_set_new(doc, "tookMs",
		                    json_uint((uint64_t)as_postfix.took_ms));
		/* what it was told a moment ago counts */
		json_object_del(doc, "answer");
		json_object_del(doc, "temporary");
		if (as_postfix.status == SOCKETMAP_OK)
			doc_set(doc, "answer", strbuf_text(&as_postfix.text));
		else if (as_postfix.status != SOCKETMAP_NOTFOUND)
			doc_set(doc, "temporary",
			        strbuf_text(&as_postfix.text));
		cli_print(cli, doc, print);
	}
	strbuf_clear(&as_postfix.text);
	strbuf_clear(&why.text);
	return rc;
}
