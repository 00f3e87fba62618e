/* What waits for `tlstally run`, and whether it comes. */
#include "show/status.h"

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/moment.h"
#include "rollup/closing.h"
#include "show/doc.h"
#include "store/due_table.h"
#include "store/meta_table.h"
#include "store/tally_table.h"

/* The first day that could have been closed half an hour ago, and was not. */
static bool has_late_day(const struct status_of *of, struct db_txn *txn,
                         int32_t *day)
{
	int64_t then = of->now - STATUS_RUN_LATE_SECS;
	int32_t first, last;
	char words[CLOSING_WORDS];

	if (!tally_day_range(txn, &first, &last))
		return false;
	for (*day = first; *day <= last && *day < day_of(then); ++*day)
		if (!day_table_is_closed(txn, *day) &&
		    closing_of(txn, of->conf, *day, then, words) !=
		            CLOSING_NOT_YET)
			return true;
	return false;
}

void status_runs_get(const struct status_of *of, struct db_txn *txn,
                     struct status_runs *runs)
{
	int64_t late = of->now - STATUS_RUN_LATE_SECS, due = due_first(txn);
	int mode = of->conf->report.mode;
	int32_t first, last;

	*runs = (struct status_runs){
		.at = (int64_t)meta_get(txn, META_LAST_RUN),
	};
	runs->is_late = runs->at != 0 ? moment_age(runs->at, of->now) >
	                                        STATUS_RUN_LATE_SECS
	                              : tally_day_range(txn, &first, &last) &&
	                                        first < day_of(late);
	runs->is_day_late = has_late_day(of, txn, &runs->late_day);
	if ((mode == MODE_ALL || mode == MODE_FAILURES_ONLY) && due != 0 &&
	    due < late)
		runs->overdue_since = due;
}

int status_runs(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	json_t *run = doc_object(doc, "lastRun");
	struct status_runs runs;

	status_runs_get(of, txn, &runs);
	json_set_time(run, "at", runs.at);
	json_set_bool(run, "isLate", runs.is_late);
	if (runs.is_day_late)
		doc_set_day(run, "lateDay", runs.late_day);
	if (runs.overdue_since != 0)
		json_set_time(run, "overdueSince", runs.overdue_since);
	return db_failure(txn, err);
}
