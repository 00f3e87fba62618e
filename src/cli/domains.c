/* tlstally domains: a day's domains, or those of some days, by name or the
 * worst first. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "cli/listing.h"
#include "show/doc.h"
#include "words/words.h"

/* Beside the members of the object those that scripts go by. */
static void add_sums(json_t *row)
{
	json_set_uint(row, "successfulSessions",
	              doc_number(row, "totalSuccessfulSessions"));
	json_set_uint(row, "failedSessions",
	              doc_number(row, "totalFailedSessions"));
	json_set_uint(row, "lateSessions",
	              doc_number(row, "lateSuccessfulSessions") +
	                      doc_number(row, "lateFailedSessions"));
	json_set_uint(row, "policies", doc_number(row, "policyCount"));
}

static void print_count(uint64_t count, struct strbuf *out)
{
	strbuf_printf(out, ": %" PRIu64 " %s\n", count,
	              count == 1 ? "domain" : "domains");
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

/* --- of some days --- */

static void add_period_words(json_t *row)
{
	auto_(strbuf_clear) struct strbuf policies = {0};
	json_t *type;
	size_t i;

	json_array_foreach (json_object_get(row, "policyTypes"), i, type)
		strbuf_printf(&policies, "%s%s", i > 0 ? ", " : "",
		              word_label(&words_policies,
		                         word_find(&words_policies,
		                                   json_string_value(type))));
	json_set_string(row, "policies", strbuf_text(&policies));
	/* nothing where nothing failed */
	if (doc_number(row, "failingDays") > 0)
		doc_set(row, "cause", doc_text(row, "fault"));
}

static void print_period(const json_t *doc, uint64_t count, struct strbuf *out)
{
	strbuf_printf(out, "%s to %s", doc_text(doc, "firstDay"),
	              doc_text(doc, "lastDay"));
	print_count(count, out);
}

static int show_period(struct cli *cli, struct err *err)
{
	static const char names[] =
		"domain,totalSuccessfulSessions,totalFailedSessions"
		",notJudgedSessions,clearSessions,countedDays,failingDays"
		",failingSince,lastFailedDay,mainResult,policyTypes,fault"
		",failingWith,failingAt,record";
	static const struct table_column columns[] = {
		TABLE_TEXT("domain", "domain"),
		TABLE_NUMBER("ok", "totalSuccessfulSessions"),
		TABLE_NUMBER("failed", "totalFailedSessions"),
		TABLE_NUMBER("on days", "failingDays"),
		TABLE_TEXT("since", "failingSince"),
		{.title = "result",
	         .member = "mainResult",
	         .words = &words_results},
		TABLE_TEXT("policies", "policies"),
		{.title = "cause", .member = "cause", .words = &words_faults},
	};
	auto_(object_order_clear) struct object_order order = {
		.type = &type_domain_period,
		.limit = cli_limit(cli),
		.fields = object_order_names(names),
		.filter = json_object(),
	};
	auto_(json_free) json_t *doc = json_object();
	struct listing list = {.cli = cli,
	                       .doc = doc,
	                       .member = "domains",
	                       .names = names,
	                       .columns = columns,
	                       .column_count = 8,
	                       .print_title = print_period,
	                       .add_words = add_period_words};
	int32_t last = day_of(clock_secs(&cli->clock));
	int32_t first = last - cli->args.days + 1;

	doc_set_day(doc, "firstDay", first);
	doc_set_day(doc, "lastDay", last);
	doc_set_day(order.filter, "dayAfter", first);
	doc_set_day(order.filter, "dayBefore", last + 1);
	if (cli->args.failures)
		json_set_bool(order.filter, "hasFailures", true);
	object_order_sort(&order,
	                  cli->args.failures ? "-totalFailedSessions,domain"
	                                     : "domain",
	                  NULL);
	return listing_print(&list, &order, err);
}

/* --- of one --- */

static void print_day(const json_t *doc, uint64_t count, struct strbuf *out)
{
	strbuf_puts(out, doc_text(doc, "day"));
	print_count(count, out);
}

/* Has the day any that wait for a verdict?  Then there is a column. */
static int has_unjudged(struct cli *cli, const json_t *filter, bool *has,
                        struct err *err)
{
	auto_(object_order_clear) struct object_order order = {
		.type = &type_domain,
		.limit = 1,
		.fields = object_order_names("id"),
		.filter = json_deep_copy(filter),
	};
	auto_(json_free) json_t *found = NULL;
	int rc;

	json_set_bool(order.filter, "hasNotJudged", true);
	rc = cli_find(cli, &order, &found, err);
	*has = json_array_size(found) > 0;
	return rc;
}

static const struct table_column day_columns[] = {
	TABLE_TEXT("domain", "domain"),
	TABLE_NUMBER("ok", "successfulSessions"),
	TABLE_NUMBER("failed", "failedSessions"),
	TABLE_NUMBER("late", "lateSessions"),
	TABLE_NUMBER("policies", "policies"),
	{.title = "outcome", .member = "mark", .words = &words_marks},
	TABLE_NUMBER("not judged", "notJudgedSessions"),
};

static int show_day(struct cli *cli, struct err *err)
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
	struct listing list = {
		.cli = cli,
		.doc = doc,
		.member = "domains",
		.names = "day,domain,successfulSessions,failedSessions"
			 ",notJudgedSessions,lateSessions,policies,mark,reason"
			 ",reportObjectId",
		.columns = day_columns,
		.column_count = 7,
		.print_title = print_day,
		.add_members = add_sums,
	};
	bool unjudged = true;

	if (choose_day(cli, doc, err) < 0)
		return err->class;
	order.filter = json_pack("{s:s}", "day", doc_text(doc, "day"));
	if (!cli->args.json && !cli->args.csv &&
	    has_unjudged(cli, order.filter, &unjudged, err) < 0)
		return err->class;
	list.column_count -= !unjudged;
	if (cli->args.failures)
		order.filter = json_pack(
			"{s:s,s:[o,{s:s,s:[{s:b},{s:b}]}]}", "operator", "AND",
			"conditions", order.filter, "operator", "OR",
			"conditions", "hasFailures", 1, "hasLateFailures", 1);
	object_order_sort(&order,
	                  cli->args.failures ? "-totalFailedSessions,domain"
	                                     : "domain",
	                  NULL);
	return listing_print(&list, &order, err);
}

int cli_domains(struct cli *cli, struct err *err)
{
	return cli->args.days > 0 ? show_period(cli, err) : show_day(cli, err);
}
