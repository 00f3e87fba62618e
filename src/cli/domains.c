/* tlstally domains: a day's domains, by name or the worst first. */
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "show/doc.h"
#include "words/words.h"

static void print(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("domain", "domain"),
		TABLE_NUMBER("ok", "totalSuccessfulSessions"),
		TABLE_NUMBER("failed", "totalFailedSessions"),
		TABLE_NUMBER("late", "lateSessions"),
		TABLE_NUMBER("policies", "policyCount"),
		{.title = "what became of it",
	         .member = "mark",
	         .words = &words_marks},
	};
	const json_t *list = doc_get(doc, "domains");
	size_t count = json_array_size(list), i;
	json_t *item;

	json_array_foreach (list, i, item)
		json_set_uint(item, "lateSessions",
		              doc_number(item, "lateSuccessfulSessions") +
		                      doc_number(item, "lateFailedSessions"));
	strbuf_printf(out, "%s: %zu %s\n", doc_text(doc, "day"), count,
	              count == 1 ? "domain" : "domains");
	table_print(list, columns, 6, "", out);
}

/* The day asked for, else the last with counts. */
static int choose_day(struct cli *cli, json_t *doc, struct err *err)
{
	auto_(json_free) json_t *status = NULL;

	if (cli->args.has_day) {
		doc_set_day(doc, "day", cli->args.day);
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
	                         "nothing was counted yet; `tlstally status` "
	                         "says what is missing");
}

int cli_domains(struct cli *cli, struct err *err)
{
	auto_(object_order_clear) struct object_order order = {
		.type = &type_domain,
		.fields = object_names("day,domain,totalSuccessfulSessions"
	                               ",totalFailedSessions"
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
		json_object_set(doc, "domains", found);
		cli_print(cli, doc, print);
	}
	json_decref(found);
	return rc;
}
