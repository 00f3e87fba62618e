#include "cli/day.h"

#include <stdio.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "cli/objects.h"
#include "jmap/jmap_types.h"
#include "show/doc.h"

int32_t cli_day_asked(const struct cli *cli)
{
	struct clock clock = cli->clock;
	int32_t day = cli->args.day;

	return day < 0 ? day_of(clock_secs(&clock)) + day + 1 : day;
}

int cli_day_unknown(const struct cli *cli, const char *domain, struct err *err)
{
	char day[DAY_TEXT];

	if (cli->args.has_day)
		return err_set(err, ERR_NOTFOUND,
		               "no session with %s was counted on %s", domain,
		               day_format(cli_day_asked(cli), day));
	return err_set(err, ERR_NOTFOUND,
	               "no session with %s was counted on the days that are "
	               "kept",
	               domain);
}

int cli_day_find(const struct cli *cli, struct merged *merged,
                 struct db_txn *txn, struct cli_day *at, struct err *err)
{
	int32_t first = cli_day_asked(cli), last = first;
	struct clock clock = cli->clock;

	snprintf(at->domain, sizeof(at->domain), "%s", cli->args.domain);
	if (!cli->args.has_day &&
	    !merged_days_until(txn, day_of(clock_secs(&clock)), &first, &last))
		last = first - 1;
	for (at->day = last; at->day >= first; at->day--) {
		merged_begin(merged, txn, at->day);
		if (merged_head(merged, txn, at->domain, &at->head))
			return 0;
	}
	if (db_failed(txn))
		return db_failure(txn, err);
	return cli_day_unknown(cli, at->domain, err);
}

int cli_day_add_reports(struct cli *cli, const json_t *days, struct err *err)
{
	const struct object_order waiting = {.type = &type_report};
	const struct object_order sent = {.type = &type_sent};
	struct objects_job job = {.cli = cli, .order = &waiting};
	auto_(json_free) json_t *ids = json_array(), *reports = json_array();
	auto_(json_free) json_t *gone = json_array(), *deleted = json_array();
	json_t *day, *report;
	size_t i, j;
	int rc;

	json_array_foreach (days, i, day) {
		if (json_is_string(doc_get(day, "reportObjectId")))
			json_array_append(
				ids, json_object_get(day, "reportObjectId"));
	}
	rc = objects_load(&job, ids, NULL, reports, gone, err);
	job.order = &sent;
	if (rc == 0)
		rc = objects_load(&job, gone, NULL, reports, deleted, err);
	json_array_foreach (days, i, day) {
		json_array_foreach (reports, j, report) {
			if (json_equal(doc_get(day, "reportObjectId"),
			               doc_get(report, "id")))
				json_object_set(day, "report", report);
		}
	}
	return rc;
}
