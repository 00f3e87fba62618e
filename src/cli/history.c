/* tlstally history: a line for each day, of all domains or of one. */
#include <stdio.h>
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

enum {
	DAYS_SHOWN = 7,
	DAYS_AT_ONCE = 400, /* of one tally:Overview */
};

struct range {
	int32_t first, last;
};

/* --- of all domains --- */

static int ask_overview(struct cli *cli, struct range range, json_t **overview,
                        struct err *err)
{
	char first[DAY_TEXT], last[DAY_TEXT], id[2 * DAY_TEXT + 2];

	snprintf(id, sizeof(id), "d%s_%s", day_format(range.first, first),
	         day_format(range.last, last));
	return cli_view(cli, "tally:Overview", id, NULL, overview, err);
}

/* Days that need summing up first may take longer than one request: then each
 * of them gets one of its own. */
static int add_some_days(struct cli *cli, struct range range, json_t *days,
                         struct err *err)
{
	auto_(json_free) json_t *overview = NULL;

	if (ask_overview(cli, range, &overview, err) < 0)
		return err->class;
	if (json_is_true(doc_get(overview, "isComplete")) ||
	    range.first == range.last) {
		json_array_extend(days, json_object_get(overview, "days"));
		return 0;
	}
	for (int32_t day = range.first; day <= range.last; day++)
		if (add_some_days(cli, (struct range){day, day}, days, err) < 0)
			return err->class;
	return 0;
}

/* Members that scripts go by without knowing the rest; days on which nothing
 * happened are left out. */
static void keep_days(json_t *all, json_t *days)
{
	const char *queued = word_api(&words_marks, TALLY_QUEUED);

	for (size_t i = json_array_size(all); i > 0; i--) {
		json_t *day = json_array_get(all, i - 1);
		const json_t *reports = doc_get(day, "reports");
		uint64_t made = doc_number(doc_get(day, "marks"), queued);

		if (doc_number(day, "domains") + doc_number(day, "events") +
		            doc_number(reports, "settled") +
		            doc_number(reports, "bounced") ==
		    0)
			continue;
		json_set_uint(day, "reportsMade", made);
		for (int state = 0; state < DELIVERY_STATES; state++) {
			const char *word = word_api(&words_states, state);

			if (json_is_integer(doc_get(reports, word)))
				json_set_uint(day, word,
				              doc_number(reports, word));
		}
		json_array_append(days, day);
	}
}

static int fill_all(struct cli *cli, struct range range, json_t *days,
                    struct err *err)
{
	auto_(json_free) json_t *all = json_array();

	while (range.first <= range.last) {
		struct range part = range;

		if (part.last - part.first >= DAYS_AT_ONCE)
			part.last = part.first + DAYS_AT_ONCE - 1;
		if (add_some_days(cli, part, all, err) < 0)
			return err->class;
		range.first = part.last + 1;
	}
	keep_days(all, days);
	return 0;
}

static void print_all(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("day (UTC)", "day"),
		TABLE_NUMBER("ok", "successfulSessions"),
		TABLE_NUMBER("failed", "failedSessions"),
		TABLE_NUMBER("domains", "domains"),
		TABLE_NUMBER("reports made", "reportsMade"),
		TABLE_NUMBER("delivered", "delivered"),
		TABLE_NUMBER("refused", "failedDeliveries"),
		TABLE_NUMBER("expired", "expired"),
	};
	const json_t *days = doc_get(doc, "days");
	json_t *day;
	size_t i;

	json_array_foreach (days, i, day)
		json_set_uint(day, "failedDeliveries",
		              doc_number(day, "failed"));
	table_print(days, columns, 8, "", out);
}

/* --- of one --- */

static int fill_one(struct cli *cli, struct range range, const char *domain,
                    json_t *doc, struct err *err)
{
	auto_(object_order_clear) struct object_order order = {
		.type = &type_domain,
		.limit = -1,
		.fields = object_order_names(
			"day,domain,totalSuccessfulSessions"
			",totalFailedSessions,mark,reason,reportObjectId"),
		.filter = json_object(),
	};
	auto_(json_free) json_t *days = NULL;
	json_t *day, *destination;
	size_t i, j;

	doc_set(order.filter, "domain", domain);
	doc_set_day(order.filter, "dayAfter", range.first);
	doc_set_day(order.filter, "dayBefore", range.last + 1);
	object_order_sort(&order, "-day", NULL);
	if (cli_find(cli, &order, &days, err) < 0 ||
	    cli_day_add_reports(cli, days, err) < 0)
		return err->class;
	json_array_foreach (days, i, day) {
		uint64_t counts[DELIVERY_STATES] = {0};
		const json_t *report = doc_get(day, "report");

		json_array_foreach (doc_get(report, "destinations"), j,
		                    destination) {
			int state = word_find(&words_states,
			                      doc_text(destination, "state"));

			if (state >= 0)
				counts[state]++;
		}
		doc_counts(day, "destinations", &words_states, 0, counts);
		if (json_is_object(report))
			doc_set(day, "reportStatus",
			        doc_text(report, "status"));
		json_object_del(day, "report");
	}
	json_object_set(doc, "days", days);
	return json_array_size(days) > 0 ? 0
	                                 : cli_day_unknown(cli, domain, err);
}

static void print_one(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("day (UTC)", "day"),
		TABLE_NUMBER("ok", "totalSuccessfulSessions"),
		TABLE_NUMBER("failed", "totalFailedSessions"),
		{.title = "outcome", .member = "mark", .words = &words_marks},
		TABLE_TEXT("report", "reportStatus"),
		TABLE_TEXT("destinations", "states"),
	};
	const json_t *days = doc_get(doc, "days");
	json_t *day, *n;
	const char *state;
	size_t i;

	json_array_foreach (days, i, day) {
		auto_(strbuf_clear) struct strbuf states = {0};

		json_object_foreach (json_object_get(day, "destinations"),
		                     state, n)
			strbuf_printf(&states, "%s%lld %s",
			              states.len > 0 ? ", " : "",
			              (long long)json_integer_value(n), state);
		json_set_string(day, "states", strbuf_text(&states));
	}
	table_print(days, columns, 6, "", out);
}

int cli_history(struct cli *cli, struct err *err)
{
	const char *domain = cli->args.domain;
	int32_t today = day_of(clock_secs(&cli->clock));
	int32_t days = cli->args.days ? cli->args.days : DAYS_SHOWN;
	struct range range = {today - days + 1, today};
	auto_(json_free) json_t *doc = json_object();
	int rc;

	doc_set_day(doc, "firstDay", range.first);
	doc_set_day(doc, "lastDay", range.last);
	doc_set(doc, "domain", domain);
	rc = domain[0] != '\0'
	             ? fill_one(cli, range, domain, doc, err)
	             : fill_all(cli, range, doc_array(doc, "days"), err);
	if (rc < 0)
		return rc;
	cli_limit_list(cli, json_object_get(doc, "days"));
	if (domain[0] != '\0')
		cli_print_list(cli, doc, "days",
		               "day,domain,totalSuccessfulSessions"
		               ",totalFailedSessions,mark,reason"
		               ",reportObjectId,reportStatus,destinations",
		               print_one);
	else
		cli_print_list(cli, doc, "days",
		               "day,successfulSessions,failedSessions,domains"
		               ",reportsMade,delivered,failed,suppressed"
		               ",expired,bounced",
		               print_all);
	return 0;
}
