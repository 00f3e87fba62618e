#include "cli/show.h"

#include <inttypes.h>

#include "show/doc.h"
#include "cli/table.h"
#include "base/auto.h"

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

	strbuf_printf(out, "  sessions  %" PRIu64 " ok, %" PRIu64 " failed",
	              doc_number(day, "successfulSessions"),
	              doc_number(day, "failedSessions"));
	if (late_ok + late_failed > 0)
		strbuf_printf(out,
		              "; counted too late for a report: %" PRIu64
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

	strbuf_printf(out, "      %" PRIu64 " x %s: %s\n",
	              doc_number(detail, "count"),
	              doc_text(detail, "resultType"),
	              doc_text(detail, "words"));
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

static void print_strings(const json_t *policy, const char *name,
                          const char *title, struct strbuf *out)
{
	const json_t *text;
	size_t i;

	json_array_foreach (doc_get(policy, name), i, text)
		strbuf_printf(out, "      %s%s\n", title,
		              json_string_value(text));
}

static void print_policy(const json_t *policy, struct strbuf *out)
{
	const json_t *detail;
	size_t i;

	strbuf_printf(out,
	              "  policy    %s of %s: %" PRIu64 " ok, %" PRIu64
	              " failed\n",
	              doc_text(policy, "policyType"),
	              doc_text(policy, "policyDomain"),
	              doc_number(policy, "successfulSessions"),
	              doc_number(policy, "failedSessions"));
	print_strings(policy, "policyStrings", "", out);
	print_strings(policy, "mxHosts", "MX allowed: ", out);
	json_array_foreach (doc_get(policy, "failureDetails"), i, detail)
		print_detail(detail, out);
}

static void print_destinations(const json_t *report, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"to", TABLE_LEFT},           {"state", TABLE_LEFT},
		{"attempts", TABLE_RIGHT},    {"last attempt", TABLE_LEFT},
		{"next attempt", TABLE_LEFT}, {"answer", TABLE_LEFT},
	};
	auto_(table_free) struct table *table = table_new(columns, 6);
	const json_t *dest;
	size_t i;

	json_array_foreach (doc_get(report, "destinations"), i, dest) {
		table_text(table, doc_text(dest, "uri"));
		table_text(table, doc_text(dest, "state"));
		table_number(table, doc_number(dest, "attempts"));
		table_text(table, doc_text(dest, "lastAttempt"));
		table_text(table, doc_text(dest, "nextAttempt"));
		table_text(table, doc_text(dest, "lastAnswer"));
	}
	table_print(table, "      ", out);
}

static void print_report(const json_t *report, struct strbuf *out)
{
	strbuf_printf(out, "  report    %s, %s: made %s, to go %s",
	              doc_text(report, "id"), doc_text(report, "status"),
	              doc_text(report, "createdAt"),
	              doc_text(report, "deliverAt"));
	if (doc_text(report, "doneAt")[0] != '\0')
		strbuf_printf(out, ", done %s", doc_text(report, "doneAt"));
	strbuf_printf(out, "\n      report-id %s\n",
	              doc_text(report, "reportId"));
	print_destinations(report, out);
}

static void print_day(const json_t *day, struct strbuf *out)
{
	const json_t *policy;
	size_t i;

	strbuf_printf(out, "\n%s\n", doc_text(day, "day"));
	print_sessions(day, out);
	line(out, "state", doc_text(day, "words"));
	line(out, "reason", doc_text(day, "reason"));
	line(out, "record", doc_text(day, "record"));
	json_array_foreach (doc_get(day, "policies"), i, policy)
		print_policy(policy, out);
	if (doc_get(day, "report") != NULL)
		print_report(doc_get(day, "report"), out);
}

void show_print(const json_t *doc, struct strbuf *out)
{
	const json_t *day;
	size_t i;

	strbuf_printf(out, "%s\n", doc_text(doc, "domain"));
	json_array_foreach (doc_get(doc, "days"), i, day)
		print_day(day, out);
}
