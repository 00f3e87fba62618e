#include "ledger/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "ledger/ledger_work.h"

void ledger_args_now(const struct ledger *ledger, struct sql_args *args)
{
	if (ledger->told_now != 0)
		sql_args_number(args, ledger->told_now);
	else
		sql_args_null(args);
}

void ledger_args_id(struct sql_args *args, char text[LEDGER_ID_TEXT],
                    uint64_t id)
{
	snprintf(text, LEDGER_ID_TEXT, "%016" PRIx64, id);
	sql_args_text(args, text);
}

uint64_t ledger_id(const struct sql_rows *rows, size_t row, size_t column)
{
	const char *text = sql_text(rows, row, column);

	return text == NULL ? 0 : strtoull(text, NULL, 16);
}

int ledger_fail(struct ledger *ledger, struct err *err)
{
	sql_rollback(ledger->sql);
	return err->class;
}

/* --- the connection --- */

static int check_version(int64_t version, struct err *err)
{
	if (version == LEDGER_SCHEMA)
		return 0;
	return version > LEDGER_SCHEMA
	               ? err_set(err, ERR_IO,
	                         "the ledger has schema %" PRId64
	                         ", and this tlstally knows %d: upgrade "
	                         "tlstally on this host",
	                         version, LEDGER_SCHEMA)
	               : err_set(err, ERR_IO,
	                         "the ledger has schema %" PRId64
	                         ", and this tlstally needs %d: run "
	                         "`tlstally fleet init`",
	                         version, LEDGER_SCHEMA);
}

/* Days that somebody rehearses must not close those of others. */
static int check_clock(const struct ledger *ledger, bool rehearsal,
                       struct err *err)
{
	if (rehearsal == (ledger->told_now != 0))
		return 0;
	return rehearsal
	               ? err_set(err, ERR_IO,
	                         "the ledger is one for rehearsals: its clock "
	                         "is --now's")
	               : err_set(err, ERR_IO,
	                         "--now is for ledgers that were made with "
	                         "`tlstally fleet init --rehearsal`");
}

static int check_ledger(struct ledger *ledger, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};

	if (sql_do(ledger->sql,
	           "SELECT version, id, rehearsal FROM tlstally.fleet", NULL,
	           &rows, err) < 0)
		return err_prefix(err,
		                  "the database has no ledger that we can "
		                  "read (`tlstally fleet init` makes one)");
	if (rows.count != 1)
		return err_set(err, ERR_IO,
		               "the database has a schema 'tlstally' that is "
		               "not a ledger");
	ledger->fleet_id = ledger_id(&rows, 0, 1);
	if (check_version(sql_number(&rows, 0, 0), err) < 0)
		return err->class;
	return check_clock(ledger, sql_is_true(&rows, 0, 2), err);
}

int ledger_open(struct ledger **ledger, const struct ledger_options *options,
                struct err *err)
{
	*ledger = xcalloc(1, sizeof(**ledger));
	(*ledger)->told_now = options->told_now;
	if (sql_open(options->url, &(*ledger)->sql, err) == 0 &&
	    check_ledger(*ledger, err) == 0)
		return 0;
	ledger_close(ledger);
	return err->class;
}

void ledger_close(struct ledger **ledger)
{
	if (*ledger == NULL)
		return;
	sql_close(&(*ledger)->sql);
	free(*ledger);
	*ledger = NULL;
}

bool ledger_is_private(struct ledger *ledger)
{
	return sql_is_private(ledger->sql);
}

/* --- what there is --- */

void ledger_view_clear(struct ledger_view *view)
{
	arena_clear(&view->mem);
	memset(view, 0, sizeof(*view));
}

static void take_text(char *to, size_t room, const struct sql_rows *rows,
                      size_t row, size_t column)
{
	const char *text = sql_text(rows, row, column);

	snprintf(to, room, "%s", text ? text : "");
}

static int look_at_fleet(struct ledger *ledger, struct ledger_view *view,
                         struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	if (sql_do(ledger->sql,
	           "SELECT " LEDGER_NOW ", id, rehearsal, leader,"
	           " leader_store, fence, lease_until FROM tlstally.fleet",
	           &args, &rows, err) < 0)
		return err->class;
	if (rows.count != 1)
		return err_set(err, ERR_IO, "the ledger has lost its row");
	view->now = sql_number(&rows, 0, 0);
	view->fleet_id = ledger_id(&rows, 0, 1);
	view->rehearsal = sql_is_true(&rows, 0, 2);
	take_text(view->leader, sizeof(view->leader), &rows, 0, 3);
	view->leader_store = ledger_id(&rows, 0, 4);
	view->fence = (uint64_t)sql_number(&rows, 0, 5);
	view->lease_until = sql_number(&rows, 0, 6);
	return 0;
}

static int look_at_hosts(struct ledger *ledger, struct ledger_view *view,
                         struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};

	if (sql_do(ledger->sql,
	           "SELECT name, store, epoch, mark, generation, since,"
	           " seen_at, retired, version, settings, ahead, leaves"
	           " FROM tlstally.host"
	           " ORDER BY name",
	           NULL, &rows, err) < 0)
		return err->class;
	view->hosts = arena_array(&view->mem, rows.count, sizeof(*view->hosts));
	view->host_count = rows.count;
	for (size_t i = 0; i < rows.count; i++) {
		struct ledger_host *host = &view->hosts[i];

		take_text(host->name, sizeof(host->name), &rows, i, 0);
		host->life.store_id = ledger_id(&rows, i, 1);
		host->life.epoch = ledger_id(&rows, i, 2);
		host->mark = ledger_id(&rows, i, 3);
		host->generation = (uint64_t)sql_number(&rows, i, 4);
		host->since = (int32_t)sql_number(&rows, i, 5);
		host->seen_at = sql_number(&rows, i, 6);
		host->retired = sql_is_true(&rows, i, 7);
		take_text(host->version, sizeof(host->version), &rows, i, 8);
		take_text(host->settings, sizeof(host->settings), &rows, i, 9);
		host->ahead = sql_number(&rows, i, 10);
		host->leaves = sql_is_true(&rows, i, 11);
	}
	return 0;
}

static int look_at_host_days(struct ledger *ledger, int32_t from_day,
                             struct ledger_view *view, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	sql_args_number(&args, from_day);
	if (sql_do(ledger->sql,
	           "SELECT day, host, store, epoch, revision, shipped_at,"
	           " sealed_at, domains, policies, details, success, failure,"
	           " unjudged, waiting FROM tlstally.host_day WHERE day >= $1"
	           " ORDER BY day, host",
	           &args, &rows, err) < 0)
		return err->class;
	view->host_days =
		arena_array(&view->mem, rows.count, sizeof(*view->host_days));
	view->host_day_count = rows.count;
	for (size_t i = 0; i < rows.count; i++) {
		struct ledger_host_day *at = &view->host_days[i];

		at->day = (int32_t)sql_number(&rows, i, 0);
		take_text(at->host, sizeof(at->host), &rows, i, 1);
		at->life.store_id = ledger_id(&rows, i, 2);
		at->life.epoch = ledger_id(&rows, i, 3);
		at->revision = (uint64_t)sql_number(&rows, i, 4);
		at->shipped_at = sql_number(&rows, i, 5);
		at->sealed_at = sql_number(&rows, i, 6);
		at->totals = (struct sealed_totals){
			.domains = (uint64_t)sql_number(&rows, i, 7),
			.policies = (uint64_t)sql_number(&rows, i, 8),
			.details = (uint64_t)sql_number(&rows, i, 9),
			.success = (uint64_t)sql_number(&rows, i, 10),
			.failure = (uint64_t)sql_number(&rows, i, 11),
			.unjudged = (uint64_t)sql_number(&rows, i, 12),
			.waiting = (uint64_t)sql_number(&rows, i, 13),
		};
	}
	return 0;
}

static int look_at_days(struct ledger *ledger, int32_t from_day,
                        struct ledger_view *view, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	sql_args_number(&args, from_day);
	if (sql_do(ledger->sql,
	           "SELECT day, first_seal_at, reporter, reporter_store,"
	           " missing, closed_at, done_at FROM tlstally.day"
	           " WHERE day >= $1"
	           " ORDER BY day",
	           &args, &rows, err) < 0)
		return err->class;
	view->days = arena_array(&view->mem, rows.count, sizeof(*view->days));
	view->day_count = rows.count;
	for (size_t i = 0; i < rows.count; i++) {
		struct ledger_day *day = &view->days[i];

		day->day = (int32_t)sql_number(&rows, i, 0);
		day->first_seal_at = sql_number(&rows, i, 1);
		take_text(day->reporter, sizeof(day->reporter), &rows, i, 2);
		day->reporter_store = ledger_id(&rows, i, 3);
		take_text(day->missing, sizeof(day->missing), &rows, i, 4);
		day->closed_at = sql_number(&rows, i, 5);
		day->done_at = sql_number(&rows, i, 6);
	}
	return 0;
}

int ledger_look(struct ledger *ledger, int32_t from_day,
                struct ledger_view *view, struct err *err)
{
	ledger_view_clear(view);
	if (sql_begin_read(ledger->sql, err) < 0 ||
	    look_at_fleet(ledger, view, err) < 0 ||
	    look_at_hosts(ledger, view, err) < 0 ||
	    look_at_host_days(ledger, from_day, view, err) < 0 ||
	    look_at_days(ledger, from_day, view, err) < 0 ||
	    sql_commit(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	return 0;
}
