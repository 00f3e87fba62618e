/* tlstally show: the days of one domain, and where its reports went. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "cli/table.h"
#include "show/doc.h"
#include "words/words.h"

/* "  name      text", when there is a text. */
static void line(struct strbuf *out, const char *name, const char *text)
{
	if (text[0] != '\0')
		strbuf_printf(out, "  %-9s %s\n", name, text);
}

static void print_sessions(const json_t *day, struct strbuf *out)
{
	uint64_t late_ok = doc_number(day, "lateSuccessfulSessions");
	uint64_t late_failed = doc_number(day, "lateFailedSessions");
	uint64_t unjudged = doc_number(day, "notJudgedSessions");

	strbuf_printf(out, "  sessions  %" PRIu64 " ok, %" PRIu64 " failed",
	              doc_number(day, "totalSuccessfulSessions"),
	              doc_number(day, "totalFailedSessions"));
	if (unjudged > 0)
		strbuf_printf(out, ", %" PRIu64 " not judged", unjudged);
	if (late_ok + late_failed > 0)
		strbuf_printf(out,
		              "; counted too late for the report: %" PRIu64
		              " ok, %" PRIu64 " failed",
		              late_ok, late_failed);
	strbuf_putc(out, '\n');
}

/* "    3 x certificate-expired: the certificate had expired" and below it who
 * met whom. */
static void print_detail(const json_t *detail, struct strbuf *out)
{
	static const struct {
		const char *member, *words;
	} parts[] = {
		{"receivingMxHostname", "mx"},
		{"receivingIp", "at"},
		{"receivingMxHelo", "helo"},
		{"sendingMtaIp", "from"},
		{"failureReasonCode", "reason"},
		{"additionalInformation", "see"},
	};
	const char *comma = "        ";

	int type = word_find(&words_results, doc_text(detail, "resultType"));

	strbuf_printf(out, "      %" PRIu64 " x %s: %s\n",
	              doc_number(detail, "failedSessionCount"),
	              word_rfc(&words_results, type),
	              word_sentence(&words_results, type));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *text = doc_text(detail, parts[i].member);

		if (text[0] == '\0')
			continue;
		strbuf_printf(out, "%s%s %s", comma, parts[i].words, text);
		comma = ", ";
	}
	if (comma[0] == ',')
		strbuf_putc(out, '\n');
}

static void print_policy(const json_t *policy, struct strbuf *out)
{
	int type = word_find(&words_policies, doc_text(policy, "policyType"));
	const json_t *detail;
	size_t i;

	strbuf_printf(out,
	              "  policy    %s of %s: %" PRIu64 " ok, %" PRIu64
	              " failed\n",
	              word_rfc(&words_policies, type),
	              doc_text(policy, "policyDomain"),
	              doc_number(policy, "totalSuccessfulSessions"),
	              doc_number(policy, "totalFailedSessions"));
	table_print_texts(doc_get(policy, "policyStrings"), "      ", out);
	table_print_texts(doc_get(policy, "mxHosts"),
	                  "      MX allowed: ", out);
	json_array_foreach (doc_get(policy, "failureDetails"), i, detail)
		print_detail(detail, out);
}

/* The same, those that are copies named so. */
static json_t *with_copies_named(const json_t *destinations)
{
	json_t *named = json_deep_copy(destinations), *one;
	size_t i;

	json_array_foreach (named, i, one) {
		auto_(xfree_str) char *uri =
			xasprintf("%s (copy)", doc_text(one, "uri"));

		if (json_is_true(json_object_get(one, "copy")))
			json_set_string(one, "uri", uri);
	}
	return named;
}

static void print_report(const json_t *report, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("to", "uri"),
		TABLE_TEXT("state", "state"),
		TABLE_NUMBER("attempts", "attempts"),
		TABLE_TEXT("last attempt", "lastAttempt"),
		TABLE_TEXT("next attempt", "nextAttempt"),
		TABLE_TEXT("answer", "lastAnswer"),
	};
	auto_(json_free) json_t *destinations =
		with_copies_named(doc_get(report, "destinations"));

	strbuf_printf(out, "  report    %s, %s: made %s, due %s",
	              doc_text(report, "id"), doc_text(report, "status"),
	              doc_text(report, "createdAt"),
	              doc_text(report, "deliverAt"));
	if (doc_text(report, "doneAt")[0] != '\0')
		strbuf_printf(out, ", settled %s", doc_text(report, "doneAt"));
	strbuf_printf(out, "\n      report-id %s\n",
	              doc_text(doc_get(report, "report"), "reportId"));
	if (doc_text(report, "missingHosts")[0] != '\0')
		strbuf_printf(out, "      without %s: the day had not come\n",
		              doc_text(report, "missingHosts"));
	table_print(destinations, columns, 6, "      ", out);
}

static void print_day(const json_t *day, struct strbuf *out)
{
	const json_t *policy;
	size_t i;

	strbuf_printf(out, "\n%s\n", doc_text(day, "day"));
	print_sessions(day, out);
	line(out, "state",
	     word_label(&words_marks,
	                word_find(&words_marks, doc_text(day, "mark"))));
	line(out, "reason", doc_text(day, "reason"));
	line(out, "record", doc_text(day, "record"));
	json_array_foreach (doc_get(day, "policies"), i, policy)
		print_policy(policy, out);
	if (doc_get(day, "report") != NULL)
		print_report(doc_get(day, "report"), out);
}

static void print(const json_t *doc, struct strbuf *out)
{
	const json_t *day;
	size_t i;

	strbuf_printf(out, "%s\n", doc_text(doc, "domain"));
	json_array_foreach (doc_get(doc, "days"), i, day)
		print_day(day, out);
}

/* --- as CSV --- */

/* A line for each destination of a day's report, or one for the day. */
static const char csv_names[] =
	"day,domain,totalSuccessfulSessions,totalFailedSessions"
	",notJudgedSessions,lateSuccessfulSessions,lateFailedSessions"
	",mark,reason,reportObjectId"
	",status,createdAt,deliverAt,doneAt,uri,state,attempts,lastAttempt"
	",nextAttempt,lastAnswer";

static void list_destinations(json_t *doc)
{
	json_t *list = doc_array(doc, "destinations");
	json_t *day, *destination;
	size_t i, j;

	json_array_foreach (doc_get(doc, "days"), i, day) {
		auto_(json_free) json_t *line = json_copy(day);
		json_t *report = json_object_get(day, "report");
		const json_t *all = doc_get(report, "destinations");

		json_object_update(line, report);
		json_array_foreach (all, j, destination) {
			json_t *one = json_copy(line);

			json_object_update(one, destination);
			json_array_append_new(list, one);
		}
		if (json_array_size(all) == 0)
			json_array_append(list, line);
	}
}

/* --- what is asked --- */

int cli_show(struct cli *cli, struct err *err)
{
	auto_(object_order_clear) struct object_order order = {
		.type = &type_domain, .limit = -1};
	auto_(json_free) json_t *doc = json_object(), *days = NULL;
	const char *domain = cli->args.domain;
	int rc;

	doc_set(doc, "domain", domain);
	order.filter = json_pack("{s:s}", "domain", domain);
	if (cli->args.has_day)
		doc_set_day(order.filter, "day", cli_day_asked(cli));
	object_order_sort(&order, "-day", NULL);
	rc = cli_find(cli, &order, &days, err);
	if (rc == 0 && json_array_size(days) == 0)
		return cli_day_unknown(cli, domain, err);
	cli_limit_list(cli, days);
	if (rc == 0)
		rc = cli_day_add_reports(cli, days, err);
	json_object_set(doc, "days", days);
	if (cli->args.csv)
		list_destinations(doc);
	cli_print_list(cli, doc, "destinations", csv_names, print);
	return rc;
}
