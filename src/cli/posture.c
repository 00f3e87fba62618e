/* tlstally posture: what senders say of a domain of ours, beside what the
 * milter saw and what the domain publishes; whether it is ready for enforce. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/wait.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "cli/lookup.h"
#include "cli/table.h"
#include "jmap/id_text.h"
#include "policy/dnssec.h"
#include "show/doc.h"
#include "show/lookup_doc.h"
#include "show/posture.h"
#include "show/posture_verdict.h"

enum {
	PATIENCE_SECS = 150, /* with a server */
	QUESTION_MS = 5000,  /* whether a resolver validates */
};

/* --- as text --- */

static void print_span(const json_t *doc, struct strbuf *out)
{
	strbuf_printf(out, "%s to %s", doc_text(doc, "firstDay"),
	              doc_text(doc, "lastDay"));
}

static void print_verdict(const json_t *doc, struct strbuf *out)
{
	int ready = word_find(&words_readiness, doc_text(doc, "ready"));

	strbuf_printf(out, "\nReady for enforce?  %s: %s\n",
	              ready < 0 ? doc_text(doc, "ready")
	                        : word_label(&words_readiness, ready),
	              doc_text(doc, "sentence"));
	table_print_texts(doc_get(doc, "reasons"), "  ", out);
	table_print_texts(doc_get(doc, "notes"), "  note: ", out);
	if (json_array_size(doc_get(doc, "cutOff")) > 0)
		strbuf_puts(out,
		            strcmp(doc_text(doc, "ready"), "failing") == 0
		                    ? "\nCut off, according to themselves:\n"
		                    : "\nWould be cut off, according to "
		                      "themselves:\n");
	table_print_texts(doc_get(doc, "cutOff"), "  ", out);
}

/* Days on which nobody said anything are left out. */
static void print_days(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("day", "day"),
		TABLE_NUMBER("reports", "reports"),
		TABLE_NUMBER("successful", "successfulSessions"),
		TABLE_NUMBER("failed", "failedSessions"),
		TABLE_NUMBER("messages", "messages"),
		TABLE_NUMBER("clear text", "clear"),
		TABLE_NUMBER("TLS < 1.2", "oldTls"),
		TABLE_NUMBER("TLS 1.2", "tls12"),
		TABLE_NUMBER("TLS 1.3", "tls13"),
	};
	auto_(json_free) json_t *lines = json_array();
	const json_t *day;
	size_t i;

	json_array_foreach (doc_get(doc, "days"), i, day) {
		auto_(json_free) json_t *line = json_object();

		json_object_update(line, (json_t *)(uintptr_t)day);
		json_object_update(line,
		                   (json_t *)(uintptr_t)doc_get(day, "seen"));
		if (doc_number(line, "reports") + doc_number(line, "messages") >
		    0)
			json_array_append(lines, line);
	}
	if (json_array_size(lines) == 0)
		return;
	strbuf_puts(out, "\nBy day: sessions that others report, and messages "
	                 "that the milter saw\n");
	table_print(lines, columns, 9, "  ", out);
}

static void print_senders(const json_t *doc, struct strbuf *out)
{
	static const struct table_column organizations[] = {
		TABLE_TEXT("organization", "organization"),
		TABLE_NUMBER("reports", "reports"),
		TABLE_NUMBER("successful", "successfulSessions"),
		TABLE_NUMBER("failed", "failedSessions"),
		TABLE_TEXT("last day", "lastDay"),
	};
	static const struct table_column faults[] = {
		{.title = "result",
	         .member = "result",
	         .words = &words_results},
		TABLE_TEXT("MX host", "host"),
		TABLE_NUMBER("sessions", "sessions"),
		TABLE_TEXT("since", "since"),
		TABLE_TEXT("last day", "lastDay"),
	};
	static const struct table_column hosts[] = {
		TABLE_TEXT("MX host", "host"),
		TABLE_NUMBER("reports", "reports"),
		TABLE_NUMBER("successful", "successfulSessions"),
		TABLE_NUMBER("failed", "failedSessions"),
		TABLE_TEXT("seen in DNS", "lastSeen"),
	};

	if (json_array_size(doc_get(doc, "organizations")) > 0)
		strbuf_puts(out, "\nWho reports\n");
	table_print(doc_get(doc, "organizations"), organizations, 5, "  ", out);
	if (json_array_size(doc_get(doc, "faults")) > 0)
		strbuf_puts(out, "\nWhat fails\n");
	table_print(doc_get(doc, "faults"), faults, 5, "  ", out);
	if (json_array_size(doc_get(doc, "hosts")) > 0)
		strbuf_puts(out, "\nReports about its MX hosts (DANE)\n");
	table_print(doc_get(doc, "hosts"), hosts, 5, "  ", out);
}

static void print_publish(const json_t *doc, struct strbuf *out)
{
	const json_t *item;
	size_t i;

	if (json_array_size(doc_get(doc, "publish")) > 0)
		strbuf_puts(out, "\nTo publish\n");
	json_array_foreach (doc_get(doc, "publish"), i, item) {
		strbuf_printf(out, "  %s\n", doc_text(item, "why"));
		table_print_texts(doc_get(item, "lines"), "    ", out);
	}
}

static void print(const json_t *doc, struct strbuf *out)
{
	const json_t *published = doc_get(doc, "published");

	strbuf_printf(out, "%s, ", doc_text(doc, "domain"));
	print_span(doc, out);
	strbuf_putc(out, '\n');
	print_verdict(doc, out);
	if (json_is_object(doc_get(published, "mtaSts"))) {
		strbuf_puts(out, "\nWhat it publishes\n");
		lookup_print(published, out);
	}
	print_senders(doc, out);
	print_days(doc, out);
	print_publish(doc, out);
}

static void print_all(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("domain", "domain"),
		TABLE_NUMBER("reports", "reports"),
		TABLE_NUMBER("successful", "successfulSessions"),
		TABLE_NUMBER("failed", "failedSessions"),
		TABLE_NUMBER("messages", "messages"),
		TABLE_NUMBER("clear text", "clear"),
		{.title = "MTA-STS", .member = "mode", .empty = "-"},
		{.title = "ready for enforce?",
	         .member = "ready",
	         .words = &words_readiness},
	};

	print_span(doc, out);
	strbuf_puts(out, "\n");
	table_print(doc_get(doc, "domains"), columns, 8, "  ", out);
	if (!json_is_true(doc_get(doc, "isComplete")))
		strbuf_puts(out, "There was no time for all domains.\n");
	strbuf_puts(out, "`tlstally posture DOMAIN` looks a domain up, and "
	                 "says why.\n");
}

/* --- what is asked --- */

/* From here what the store does not know is asked now. */
static int add_published(struct cli *cli, json_t *doc, struct err *err)
{
	auto_(arena_clear) struct arena arena = {0};
	json_t *published = json_object();
	struct dnssec_answer ours;
	struct domain_view view;
	int rc;

	dnssec_ask_ours(&cli->conf, QUESTION_MS, &arena, &ours);
	rc = lookup_here(cli, ours.says == DNSSEC_VALIDATES, &arena, &view,
	                 err);
	if (rc == 0)
		lookup_doc(&view, &arena, published);
	else
		doc_set(published, "failure", err->text);
	json_object_set_new(doc, "published", published);
	posture_judge(doc, &cli->conf.received.addresses,
	              clock_secs(&cli->clock));
	return rc == ERR_BUSY ? 0 : rc;
}

/* A server asks itself, and is asked until it knows. */
static int look(struct cli *cli, const char *id, json_t **doc, struct err *err)
{
	int rc = cli_view(cli, "tally:Posture", id, NULL, doc, err);

	if (cli_server(cli) == NULL)
		return rc < 0 ? rc : add_published(cli, *doc, err);
	for (int left = PATIENCE_SECS;
	     rc == 0 && left > 0 &&
	     strcmp(doc_text(doc_get(*doc, "published"), "state"),
	            "underWay") == 0;
	     left--) {
		json_free(doc);
		wait_ms(1000);
		rc = cli_view(cli, "tally:Posture", id, NULL, doc, err);
	}
	return rc;
}

int cli_posture(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = NULL;
	int32_t days = cli->args.days ? cli->args.days : POSTURE_DAYS;
	char first[DAY_TEXT], last[DAY_TEXT], domain[JMAP_ID_TEXT] = "";
	char id[2 * JMAP_ID_TEXT];
	bool all = cli->args.domain[0] == '\0';
	int32_t to = cli->args.has_day ? cli_day_asked(cli)
	                               : day_of(clock_secs(&cli->clock));
	int rc;

	cli->is_usage =
		cli->args.resolver != NULL && (all || cli_server(cli) != NULL);
	if (cli->is_usage)
		return err_set(err, ERR_PARSE,
		               "--resolver needs a domain, and cannot be "
		               "combined with --url");
	day_format(to - days + 1, first);
	day_format(to, last);
	if (!all)
		id_text_write(cli->args.domain, domain);
	snprintf(id, sizeof(id), "d%s_%s%s%s", first, last, all ? "" : "-",
	         domain);
	if (cli_answers_open(cli, CAPABILITY_TLSTALLY, false, err) < 0)
		return err->class;
	rc = all ? cli_view(cli, "tally:PostureOverview", id, NULL, &doc, err)
	         : look(cli, id, &doc, err);
	if (rc < 0)
		return rc;
	if (all && !cli->args.json &&
	    json_array_size(doc_get(doc, "domains")) == 0)
		return err_set(err, ERR_NOTFOUND,
		               "section [received] names no domains; `tlstally "
		               "posture DOMAIN` shows one");
	json_object_del(doc, "id");
	cli_print(cli, doc, all ? print_all : print);
	return 0;
}
