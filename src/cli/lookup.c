/* tlstally lookup: a domain's DNS and policy host, asked now, from here without
 * a store, or by a server. */
#include <inttypes.h>

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/lookup.h"
#include "cli/table.h"
#include "conf/form.h"
#include "jmap/id_text.h"
#include "policy/dnssec.h"
#include "policy/service.h"
#include "policyd/overrides.h"
#include "policyd/policy_rules.h"
#include "postfix/postfix_facts.h"
#include "show/doc.h"
#include "show/lookup_doc.h"
#include "words/words.h"

enum {
	PATIENCE_SECS = 150, /* with a server */
	HERE_SECS = 240,     /* a look-up ends before that */
	QUESTION_MS = 5000,  /* whether a resolver validates */
};

/* A status as it stands in the document, in words for people; as it is when
 * only a later version knows it. */
static const char *words_of(const struct vocabulary *in, const char *status)
{
	int number = word_find(in, status);

	return number < 0 ? status : word_label(in, number);
}

static bool is(const json_t *object, const char *name, const char *status)
{
	return strcmp(doc_text(object, name), status) == 0;
}

static void print_tlsrpt(const json_t *tlsrpt, struct strbuf *out)
{
	const char *record = doc_text(tlsrpt, "record");

	strbuf_printf(out, "  TLSRPT    %s\n",
	              record[0] != '\0' ? record
	                                : words_of(&words_lookups,
	                                           doc_text(tlsrpt, "status")));
	table_print_texts(doc_get(tlsrpt, "destinations"),
	                  "            reports go to ", out);
	table_print_texts(doc_get(tlsrpt, "leftOut"),
	                  "            left out: ", out);
}

static void print_sts(const json_t *sts, struct strbuf *out)
{
	const char *id = doc_text(sts, "id");

	strbuf_puts(out, "  MTA-STS   ");
	if (is(sts, "policy", "ok"))
		strbuf_printf(out, "mode %s, max_age %" PRIu64 " s",
		              doc_text(sts, "mode"), doc_number(sts, "maxAge"));
	else if (is(sts, "record", "ok") && is(sts, "policy", "no-answer"))
		strbuf_puts(out, "the policy was not fetched");
	else if (is(sts, "record", "ok"))
		strbuf_puts(out,
		            words_of(&words_lookups, doc_text(sts, "policy")));
	else
		strbuf_puts(out,
		            words_of(&words_lookups, doc_text(sts, "record")));
	strbuf_printf(out, "%s%s\n", id[0] != '\0' ? ", id " : "", id);
	table_print_texts(doc_get(sts, "mx"), "            mx: ", out);
}

static void print_host(const json_t *host, struct strbuf *out)
{
	const json_t *in_policy = doc_get(host, "inPolicy");

	strbuf_printf(out, "            %" PRIu64 " %s: %s",
	              doc_number(host, "preference"), doc_text(host, "host"),
	              words_of(&words_tlsa, doc_text(host, "tlsa")));
	if (in_policy != NULL)
		strbuf_puts(out, json_is_true(in_policy)
		                         ? ", in the MTA-STS policy"
		                         : ", not in the MTA-STS policy");
	strbuf_putc(out, '\n');
	table_print_texts(doc_get(host, "tlsaRecords"), "                ",
	                  out);
}

static void print_mx(const json_t *mx, struct strbuf *out)
{
	const json_t *host;
	size_t i;

	strbuf_puts(out, "  MX        ");
	if (json_is_true(doc_get(mx, "nullMx")))
		strbuf_puts(out, "null: the domain does not accept mail");
	else if (!is(mx, "status", "ok"))
		strbuf_puts(out,
		            words_of(&words_lookups, doc_text(mx, "status")));
	else
		strbuf_puts(out, json_is_true(doc_get(mx, "secure"))
		                         ? "signed by DNSSEC"
		                         : "not signed by DNSSEC, according to "
		                           "the resolver");
	strbuf_putc(out, '\n');
	json_array_foreach (doc_get(mx, "hosts"), i, host)
		print_host(host, out);
}

/* "MTA-STS, enforce: its policy ..." and the answer itself. */
static void print_told(const json_t *told, struct strbuf *out)
{
	const char *temporary = doc_text(told, "temporary");

	if (told == NULL)
		return;
	strbuf_printf(out, "  Postfix   %s: %s\n",
	              words_of(&words_told, doc_text(told, "kind")),
	              doc_text(told, "why"));
	if (doc_text(told, "answer")[0] != '\0')
		strbuf_printf(out, "            %s\n",
		              doc_text(told, "answer"));
	if (temporary[0] != '\0')
		strbuf_printf(out, "            to ask again later: %s\n",
		              temporary);
}

void lookup_print(const json_t *doc, struct strbuf *out)
{
	print_tlsrpt(doc_get(doc, "tlsrpt"), out);
	print_sts(doc_get(doc, "mtaSts"), out);
	print_mx(doc_get(doc, "mx"), out);
}

static void print(const json_t *doc, struct strbuf *out)
{
	const json_t *problems = doc_get(doc, "problems");

	strbuf_printf(out, "%s\n", doc_text(doc, "domain"));
	lookup_print(doc, out);
	print_told(doc_get(doc, "postfix"), out);
	strbuf_puts(out, json_array_size(problems) > 0
	                         ? "\nPossible problems:\n"
	                         : "\nNo problems found.\n");
	table_print_texts(problems, "  ", out);
}

/* --- what is asked --- */

/* By what tlstally-policyd answers the Postfix of this host. */
static void find_rules(const struct conf *conf, struct policy_rules *rules)
{
	auto_(postfix_site_free) struct postfix_site *site =
		postfix_site_ask(conf);
	auto_(arena_clear) struct arena arena = {0};
	struct dnssec_answer ours, theirs;
	size_t count;
	const char *const *files = postfix_resolv_files(site, &arena, &count);

	dnssec_ask_postfix(files, count, QUESTION_MS, &arena, &theirs);
	dnssec_ask_ours(conf, QUESTION_MS, &arena, &ours);
	policy_rules_of_site(rules, conf, site,
	                     dnssec_may_validate(theirs.says));
	rules->site.validates = ours.says == DNSSEC_VALIDATES;
}

/* What it answers with such a view and nothing older. */
static void add_told(struct cli *cli, const struct policy_rules *rules,
                     const struct domain_view *view, struct arena *arena,
                     json_t *doc)
{
	const struct conf *conf = &cli->conf;
	auto_(overrides_free) struct overrides *table = NULL;
	auto_(strbuf_clear) struct strbuf text = {0};
	struct policy_known known = {
		.domain = view->domain,
		.view = view,
		.now = clock_secs(&cli->clock),
	};
	struct policy_answer answer;
	struct err ignored;

	if (conf->policyd.overrides[0] != '\0' &&
	    io_read_file(conf->policyd.overrides, &text, &ignored) == 0 &&
	    overrides_read(&table, strbuf_text(&text), text.len, &ignored) == 0)
		known.override = overrides_find(table, span_of(view->domain));
	policy_answer_make(&rules->site, &known, arena, &answer);
	lookup_doc_told(&answer, rules->tlsrpt, doc_object(doc, "postfix"));
}

int lookup_here(struct cli *cli, bool validates, struct arena *arena,
                struct domain_view *view, struct err *err)
{
	auto_(xfree_str) char *today = NULL;
	auto_(policy_service_close) struct policy_service *service = NULL;
	struct policy_service_options options = {
		.conf = &cli->conf,
		.clock = &cli->clock,
		.dane = true,
		.sts = true,
		.thorough = true,
	};

	if (cli->args.resolver != NULL) {
		today = form_socket_today(cli->args.resolver);
		options.resolver = today ? today : cli->args.resolver;
	}
	if (policy_service_open(&service, &options, err) < 0)
		return err->class;
	policy_service_doubt(service, !validates);
	return policy_service_now(service, cli->args.domain,
	                          clock_host_ms() + HERE_SECS * 1000, arena,
	                          view, err);
}

static int look_here(struct cli *cli, json_t *doc, struct err *err)
{
	auto_(arena_clear) struct arena arena = {0};
	struct policy_rules rules = {0};
	struct domain_view view;

	if (cli_prepare(cli, NEEDS_SETTINGS_IF_ANY, err) < 0)
		return err->class;
	find_rules(&cli->conf, &rules);
	if (lookup_here(cli, rules.site.validates, &arena, &view, err) < 0)
		return err->class;
	lookup_doc(&view, &arena, doc);
	add_told(cli, &rules, &view, &arena, doc);
	return lookup_doc_verdict(&view, err);
}

/* The server asks anew, and is asked until it knows (jmap/view_lookup.c). */
static int look_there(struct cli *cli, json_t *doc, struct err *err)
{
	static const char *const its_own[] = {"state", "source", "askedAt",
	                                      "failure"};
	auto_(json_free) json_t *found = NULL;
	json_t *args = json_pack("{s:b}", "refresh", 1);
	char id[JMAP_ID_TEXT];
	int rc;

	id_text_write(cli->args.domain, id);
	for (int left = PATIENCE_SECS;; left--) {
		json_free(&found);
		rc = cli_view(cli, "tally:Lookup", id, args, &found, err);
		if (rc < 0 || strcmp(doc_text(found, "state"), "underWay") != 0)
			break;
		if (left == 0)
			return err_set(err, ERR_BUSY,
			               "the server has not finished the lookup "
			               "yet; try again");
		args = NULL;
		wait_ms(1000);
	}
	if (rc == 0 && json_is_string(doc_get(found, "failure")))
		rc = err_set(err, ERR_BUSY, "%s", doc_text(found, "failure"));
	for (size_t i = 0; i < sizeof(its_own) / sizeof(its_own[0]); i++)
		json_object_del(found, its_own[i]);
	json_object_update(doc, found);
	return rc;
}

int cli_lookup(struct cli *cli, struct err *err)
{
	bool here = cli_server(cli) == NULL;
	auto_(json_free) json_t *doc = json_object();
	int rc;

	cli->is_usage = !here && cli->args.resolver != NULL;
	if (cli->is_usage)
		return err_set(err, ERR_PARSE,
		               "--resolver cannot be combined with --url");
	rc = here ? look_here(cli, doc, err) : look_there(cli, doc, err);
	if (json_is_object(doc_get(doc, "tlsrpt")))
		cli_print(cli, doc, print);
	return rc;
}
