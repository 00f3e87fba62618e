/* What the host that reports asks of the ledger, and the operator. */
#include "ledger/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "ledger/ledger_work.h"
#include "session/session.h"

enum { PULL_LINES = 1000, PURGE_REPORTS = 2000 };

/* --- pulling --- */

static int pull_ends(struct ledger *ledger, int32_t day, const char *host,
                     struct sql_rows *rows, struct err *err)
{
	struct sql_args args = {.count = 0};

	sql_args_number(&args, day);
	sql_args_text(&args, host);
	if (sql_do(ledger->sql,
	           "SELECT head_line, end_line FROM tlstally.host_day"
	           " WHERE day = $1 AND host = $2",
	           &args, rows, err) < 0)
		return err->class;
	return rows->count == 1
	               ? 0
	               : err_set(err, ERR_NOTFOUND,
	                         "%s has shipped nothing of that day", host);
}

static int give(ledger_lines_fn *take, void *arg, const char *line,
                struct err *err)
{
	if (take(arg, line, strlen(line), err) < 0)
		return err->class;
	return take(arg, "\n", 1, err);
}

/* Pages, so that a day of a million domains needs no more memory than another;
 * all are of one moment. */
static int pull_lines(struct ledger *ledger, int32_t day, const char *host,
                      ledger_lines_fn *take, void *arg, struct err *err)
{
	char after[SESSION_STRING_MAX + 1] = "";

	for (;;) {
		auto_(sql_rows_clear) struct sql_rows rows = {0};
		struct sql_args args = {.count = 0};

		sql_args_number(&args, day);
		sql_args_text(&args, host);
		sql_args_text(&args, after);
		sql_args_number(&args, PULL_LINES);
		if (sql_do(ledger->sql,
		           "SELECT domain, line FROM tlstally.host_domain"
		           " WHERE day = $1 AND host = $2 AND domain > $3"
		           " ORDER BY domain LIMIT $4",
		           &args, &rows, err) < 0)
			return err->class;
		if (rows.count == 0)
			return 0;
		for (size_t i = 0; i < rows.count; i++)
			if (give(take, arg, sql_text(&rows, i, 1), err) < 0)
				return err->class;
		snprintf(after, sizeof(after), "%s",
		         sql_text(&rows, rows.count - 1, 0));
	}
}

int ledger_pull(struct ledger *ledger, int32_t day, const char *host,
                ledger_lines_fn *take, void *arg, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows ends = {0};

	if (sql_begin_read(ledger->sql, err) < 0 ||
	    pull_ends(ledger, day, host, &ends, err) < 0 ||
	    give(take, arg, sql_text(&ends, 0, 0), err) < 0 ||
	    pull_lines(ledger, day, host, take, arg, err) < 0 ||
	    give(take, arg, sql_text(&ends, 0, 1), err) < 0 ||
	    sql_commit(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	return 0;
}

/* --- leading --- */

int ledger_lead(struct ledger *ledger, const struct ledger_lease *lease,
                struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_text(&args, lease->name);
	ledger_args_id(&args, store, lease->store_id);
	sql_args_number(&args, lease->secs);
	sql_args_text(&args, lease->now ? "t" : "f");
	/* or it was upgraded meanwhile, by a newer tlstally */
	sql_args_number(&args, LEDGER_SCHEMA);
	if (sql_do(ledger->sql,
	           "UPDATE tlstally.fleet SET"
	           " fence = CASE WHEN leader = $2 AND leader_store = $3"
	           " AND lease_until > " LEDGER_NOW
	           " THEN fence ELSE fence + 1 END,"
	           " leader = $2, leader_store = $3,"
	           " lease_until = " LEDGER_NOW " + $4::bigint"
	           " WHERE version = $6 AND ((leader = $2"
	           " AND leader_store = $3)"
	           " OR lease_until <= " LEDGER_NOW " OR $5::boolean)",
	           &args, &rows, err) < 0)
		return err->class;
	return rows.changed == 1;
}

int ledger_let_go(struct ledger *ledger, const struct ledger_lease *lease,
                  struct err *err)
{
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_text(&args, lease->name);
	ledger_args_id(&args, store, lease->store_id);
	return sql_do(ledger->sql,
	              "UPDATE tlstally.fleet SET lease_until = " LEDGER_NOW
	              " WHERE leader = $2 AND leader_store = $3"
	              " AND lease_until > " LEDGER_NOW,
	              &args, NULL, err);
}

int ledger_still_leads(struct ledger *ledger, const struct ledger_lease *lease,
                       uint64_t fence, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_text(&args, lease->name);
	ledger_args_id(&args, store, lease->store_id);
	sql_args_number(&args, (int64_t)fence);
	sql_args_number(&args, lease->secs);
	sql_args_number(&args, LEDGER_SCHEMA);
	if (sql_do(ledger->sql,
	           "UPDATE tlstally.fleet SET"
	           " lease_until = " LEDGER_NOW " + $5::bigint"
	           " WHERE leader = $2 AND leader_store = $3 AND fence = $4"
	           " AND version = $6 AND lease_until > " LEDGER_NOW,
	           &args, &rows, err) < 0)
		return err->class;
	return rows.changed == 1;
}

static int take_row(struct ledger *ledger, const struct ledger_lease *lease,
                    uint64_t fence, int32_t day, const char *missing,
                    struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_number(&args, day);
	sql_args_text(&args, lease->name);
	ledger_args_id(&args, store, lease->store_id);
	sql_args_text(&args, missing);
	sql_args_number(&args, (int64_t)fence);
	if (sql_do(ledger->sql,
	           "UPDATE tlstally.day SET reporter = $3,"
	           " reporter_store = $4, taken_at = " LEDGER_NOW ","
	           " missing = $5, fence = $6, closed_at = 0"
	           " WHERE day = $2 AND done_at = 0",
	           &args, &rows, err) < 0)
		return err->class;
	return rows.changed == 1;
}

int ledger_take_day(struct ledger *ledger, const struct ledger_lease *lease,
                    uint64_t fence, int32_t day, const char *missing,
                    struct err *err)
{
	int rc;

	if (sql_begin(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	rc = ledger_still_leads(ledger, lease, fence, err);
	if (rc == 1)
		rc = take_row(ledger, lease, fence, day, missing, err);
	if (rc == 1 && sql_commit(ledger->sql, err) < 0)
		rc = err->class;
	sql_rollback(ledger->sql);
	return rc;
}

int ledger_close_day(struct ledger *ledger, uint64_t store_id, int32_t day,
                     struct err *err)
{
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_number(&args, day);
	ledger_args_id(&args, store, store_id);
	return sql_do(ledger->sql,
	              "UPDATE tlstally.day SET closed_at = " LEDGER_NOW
	              " WHERE day = $2 AND reporter_store = $3"
	              " AND closed_at = 0",
	              &args, NULL, err);
}

int ledger_end_day(struct ledger *ledger, uint64_t store_id, int32_t day,
                   struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_number(&args, day);
	ledger_args_id(&args, store, store_id);
	if (sql_begin(ledger->sql, err) < 0 ||
	    sql_do(ledger->sql,
	           "UPDATE tlstally.day SET done_at = " LEDGER_NOW
	           " WHERE day = $2 AND reporter_store = $3"
	           " AND closed_at <> 0 AND done_at = 0",
	           &args, &rows, err) < 0)
		return ledger_fail(ledger, err);
	/* what ended without an attempt, or by a person, was not told */
	args.count = 2;
	if (rows.changed > 0 &&
	    sql_do(ledger->sql,
	           "UPDATE tlstally.report SET body = NULL, state = CASE state"
	           " WHEN 'deleted' THEN state ELSE 'done' END,"
	           " changed_at = " LEDGER_NOW
	           " WHERE day = $2 AND body IS NOT NULL",
	           &args, NULL, err) < 0)
		return ledger_fail(ledger, err);
	return sql_commit(ledger->sql, err) < 0 ? ledger_fail(ledger, err) : 0;
}

/* --- the operator's --- */

int ledger_retire(struct ledger *ledger, const char *host, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	sql_args_text(&args, host);
	if (sql_do(ledger->sql,
	           "UPDATE tlstally.host SET retired = true WHERE name = $1",
	           &args, &rows, err) < 0)
		return err->class;
	return rows.changed == 1;
}

/* --- purging --- */

static int purge_host_day(struct ledger *ledger, const struct sql_rows *oldest,
                          struct err *err)
{
	static const char *const statements[] = {
		"DELETE FROM tlstally.host_domain WHERE day = $1 AND host = $2",
		("DELETE FROM tlstally.host_failure WHERE day = $1"
	         " AND host = $2"),
		"DELETE FROM tlstally.host_day WHERE day = $1 AND host = $2",
	};
	struct sql_args args = {.count = 0};

	sql_args_text(&args, sql_text(oldest, 0, 0));
	sql_args_text(&args, sql_text(oldest, 0, 1));
	if (sql_begin(ledger->sql, err) < 0)
		return err->class;
	for (size_t i = 0; i < 3; i++)
		if (sql_do(ledger->sql, statements[i], &args, NULL, err) < 0)
			return ledger_fail(ledger, err);
	return sql_commit(ledger->sql, err);
}

/* The reports of the oldest day that has some, so many at once; 1: there were
 * some. */
static int purge_reports(struct ledger *ledger, int32_t before, struct err *err)
{
	static const char *const statements[] = {
		("DELETE FROM tlstally.destination WHERE (day, domain) IN"
	         " (SELECT day, domain FROM tlstally.report WHERE day < $1"
	         " ORDER BY day, domain LIMIT $2)"),
		("DELETE FROM tlstally.report WHERE (day, domain) IN"
	         " (SELECT day, domain FROM tlstally.report WHERE day < $1"
	         " ORDER BY day, domain LIMIT $2)"),
	};
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	sql_args_number(&args, before);
	sql_args_number(&args, PURGE_REPORTS);
	if (sql_begin(ledger->sql, err) < 0 ||
	    sql_do(ledger->sql, statements[0], &args, NULL, err) < 0 ||
	    sql_do(ledger->sql, statements[1], &args, &rows, err) < 0 ||
	    sql_commit(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	return rows.changed > 0;
}

/* Those that no host has any more. */
static int purge_settings(struct ledger *ledger, struct err *err)
{
	return sql_do(
		ledger->sql,
		"DELETE FROM tlstally.setting WHERE NOT EXISTS (SELECT 1"
		" FROM tlstally.host WHERE host.settings = setting.digest)",
		NULL, NULL, err);
}

int ledger_purge(struct ledger *ledger, int32_t before, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows oldest = {0};
	struct sql_args args = {.count = 0};
	int rc;

	sql_args_number(&args, before);
	if (sql_do(ledger->sql,
	           "SELECT day, host FROM tlstally.host_day WHERE day < $1"
	           " ORDER BY day, host LIMIT 1",
	           &args, &oldest, err) < 0)
		return err->class;
	if (oldest.count == 1)
		return purge_host_day(ledger, &oldest, err) < 0 ? err->class
		                                                : 1;
	rc = purge_reports(ledger, before, err);
	if (rc != 0)
		return rc;
	if (sql_do(ledger->sql, "DELETE FROM tlstally.day WHERE day < $1",
	           &args, NULL, err) < 0 ||
	    /* of reports whose store is gone */
	    sql_do(ledger->sql,
	           "DELETE FROM tlstally.bounce"
	           " WHERE came_at < $1::bigint * 86400",
	           &args, NULL, err) < 0)
		return err->class;
	return purge_settings(ledger, err);
}
