/* tlstally domains: a day's domains, by name or the worst first. */
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "cli/table.h"
#include "show/doc.h"
#include "words/words.h"

static void print(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("domain", "domain"),
		TABLE_NUMBER("ok", "successfulSessions"),
		TABLE_NUMBER("failed", "failedSessions"),
		TABLE_NUMBER("late", "lateSessions"),
		TABLE_NUMBER("policies", "policies"),
		{.title = "outcome", .member = "mark", .words = &words_marks},
		TABLE_NUMBER("not judged", "notJudgedSessions"),
	};
	const json_t *list = doc_get(doc, "domains");
	size_t count = json_array_size(list), i;
	uint64_t unjudged = 0;
	const json_t *row;

	json_array_foreach (list, i, row)
		unjudged += doc_number(row, "notJudgedSessions");

	strbuf_printf(out, "%s: %zu %s\n", doc_text(doc, "day"), count,
	              count == 1 ? "domain" : "domains");
	table_print(list, columns, unjudged > 0 ? 7 : 6, "", out);
}

/* Beside the members of the object those that scripts go by. */
static void add_sums(json_t *domains)
{
	json_t *row;
	size_t i;

	json_array_foreach (domains, i, row) {
		json_set_uint(row, "successfulSessions",
		              doc_number(row, "totalSuccessfulSessions"));
		json_set_uint(row, "failedSessions",
		              doc_number(row, "totalFailedSessions"));
		json_set_uint(row, "lateSessions",
		              doc_number(row, "lateSuccessfulSessions") +
		                      doc_number(row, "lateFailedSessions"));
		json_set_uint(row, "policies", doc_number(row, "policyCount"));
	}
}

/* The day asked for, else the last with counts. */
static int choose_day(struct cli *cli, json_t *doc, struct err *err)
{
	auto_(json_free) json_t *status = NULL;

	if (cli->args.has_day) {
		doc_set_day(doc, "day", cli_day_asked(cli));
		return 0;
	}
	if (cli_view(cli, "tally:Status", "singleton",
	             json_pack("{s:[s]}", "properties", "lastDay"), &status,
	             err) < 0)
		return err->class;
	doc_set(doc, "day", doc_text(status, "lastDay"));
	return doc_text(doc, "day")[0] != '\0'
	               ? 0
	               : err_set(err, ERR_NOTFOUND,
	                         "nothing has been counted yet; see `tlstally "
	                         "status`");
}

int cli_domains(struct cli *cli, struct err *err)
{
	auto_(object_order_clear) struct object_order order = {
		.type = &type_domain,
		.limit = cli_limit(cli),
		.fields = object_order_names(
			"day,domain,totalSuccessfulSessions"
			",totalFailedSessions,notJudgedSessions"
			",lateSuccessfulSessions"
			",lateFailedSessions,policyCount,mark"
			",reason,reportObjectId"),
	};
	auto_(json_free) json_t *doc = json_object();
	json_t *found;
	int rc;

	if (choose_day(cli, doc, err) < 0)
		return err->class;
	order.filter = json_pack("{s:s}", "day", doc_text(doc, "day"));
	if (cli->args.failures)
		order.filter = json_pack(
			"{s:s,s:[o,{s:s,s:[{s:b},{s:b}]}]}", "operator", "AND",
			"conditions", order.filter, "operator", "OR",
			"conditions", "hasFailures", 1, "hasLateFailures", 1);
	object_order_sort(&order,
	                  cli->args.failures ? "-totalFailedSessions,domain"
	                                     : "domain",
	                  NULL);
	rc = cli_find(cli, &order, &found, err);
	if (rc == 0) {
		add_sums(found);
		json_object_set(doc, "domains", found);
		cli_print_list(
			cli, doc, "domains",
			"day,domain,successfulSessions,failedSessions"
			",notJudgedSessions,lateSessions,policies,mark,reason"
			",reportObjectId",
			print);
	}
	json_decref(found);
	return rc;
}
