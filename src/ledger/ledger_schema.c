/*
 * The tables of the ledger, made and brought up to date: ledger_init() of
 * ledger.h.
 *
 * Times are seconds since 1970 UTC, days are days since then, ids are 16 hex
 * digits.  What is not used is in tests/lint/sql.sh.
 */
#include "ledger/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "ledger/ledger_work.h"
#include "ledger/sql.h"

/* clang-format off */
static const char *const version_1[] = {
	"CREATE SCHEMA tlstally",

	/* one row */
	"CREATE TABLE tlstally.fleet ("
	" one integer PRIMARY KEY CHECK (one = 1),"
	" version integer NOT NULL,"
	" id text NOT NULL,"
	" rehearsal boolean NOT NULL,"
	" leader text NOT NULL DEFAULT '',"
	" leader_store text NOT NULL DEFAULT '',"
	" fence bigint NOT NULL DEFAULT 0,"
	" lease_until bigint NOT NULL DEFAULT 0)",

	"CREATE TABLE tlstally.host ("
	" name text COLLATE \"C\" PRIMARY KEY,"
	" store text NOT NULL,"
	" epoch text NOT NULL,"
	" mark text NOT NULL,"
	" generation bigint NOT NULL,"
	" since integer NOT NULL,"
	" seen_at bigint NOT NULL,"
	" version text NOT NULL,"
	" settings text NOT NULL DEFAULT '',"
	" ahead bigint NOT NULL DEFAULT 0,"
	" leaves boolean NOT NULL DEFAULT false,"
	" retired boolean NOT NULL DEFAULT false)",

	/* lives of a store that a restore has ended */
	"CREATE TABLE tlstally.ended_life ("
	" store text NOT NULL,"
	" epoch text NOT NULL,"
	" ended_at bigint NOT NULL,"
	" PRIMARY KEY (store, epoch))",

	"CREATE TABLE tlstally.host_day ("
	" day integer NOT NULL,"
	" host text COLLATE \"C\" NOT NULL,"
	" store text NOT NULL,"
	" epoch text NOT NULL,"
	" revision bigint NOT NULL,"
	" shipped_at bigint NOT NULL,"
	" sealed_at bigint NOT NULL,"
	" domains bigint NOT NULL,"
	" policies bigint NOT NULL,"
	" details bigint NOT NULL,"
	" success bigint NOT NULL,"
	" failure bigint NOT NULL,"
	" unjudged bigint NOT NULL,"
	" waiting bigint NOT NULL,"
	" head_line text NOT NULL,"
	" end_line text NOT NULL,"
	" PRIMARY KEY (day, host))",

	"CREATE TABLE tlstally.host_domain ("
	" day integer NOT NULL,"
	" host text COLLATE \"C\" NOT NULL,"
	" domain text COLLATE \"C\" NOT NULL,"
	" success bigint NOT NULL,"
	" failure bigint NOT NULL,"
	" unjudged bigint NOT NULL,"
	" hash text NOT NULL,"
	" line text NOT NULL,"
	" PRIMARY KEY (day, host, domain))",

	"CREATE TABLE tlstally.host_failure ("
	" day integer NOT NULL,"
	" host text COLLATE \"C\" NOT NULL,"
	" domain text COLLATE \"C\" NOT NULL,"
	" policy text NOT NULL,"
	" result text NOT NULL,"
	" sessions bigint NOT NULL,"
	" PRIMARY KEY (day, host, domain, policy, result))",

	"CREATE TABLE tlstally.day ("
	" day integer PRIMARY KEY,"
	" first_seal_at bigint NOT NULL DEFAULT 0,"
	" reporter text NOT NULL DEFAULT '',"
	" reporter_store text NOT NULL DEFAULT '',"
	" fence bigint NOT NULL DEFAULT 0,"
	" taken_at bigint NOT NULL DEFAULT 0,"
	" missing text NOT NULL DEFAULT '',"
	" closed_at bigint NOT NULL DEFAULT 0,"
	" done_at bigint NOT NULL DEFAULT 0)",

	/* what a reporter's own counts cannot tell any more: it was claimed, or
	 * a person has changed it.  body: base64 of the gzip */
	"CREATE TABLE tlstally.report ("
	" day integer NOT NULL,"
	" domain text COLLATE \"C\" NOT NULL,"
	" report_id text NOT NULL,"
	" state text NOT NULL,"
	" body text,"
	" deliver_at bigint NOT NULL,"
	" changed_at bigint NOT NULL,"
	" PRIMARY KEY (day, domain))",

	/* place: its index in the report; store, outbox_id: who claimed it last,
	 * and as what; fence: that of this claim */
	"CREATE TABLE tlstally.destination ("
	" day integer NOT NULL,"
	" domain text COLLATE \"C\" NOT NULL,"
	" place integer NOT NULL,"
	" uri text NOT NULL,"
	" copy boolean NOT NULL,"
	" token text NOT NULL,"
	" sender text NOT NULL,"
	" envelope text NOT NULL,"
	" date bigint NOT NULL,"
	" state text NOT NULL,"
	" uncertain boolean NOT NULL,"
	" attempts bigint NOT NULL,"
	" first_attempt bigint NOT NULL,"
	" last_attempt bigint NOT NULL,"
	" due bigint NOT NULL,"
	" answer text NOT NULL,"
	" store text NOT NULL,"
	" outbox_id text NOT NULL,"
	" fence bigint NOT NULL,"
	" PRIMARY KEY (day, domain, place))",
	"CREATE INDEX destination_token ON tlstally.destination (token)",
	"CREATE INDEX destination_inflight ON tlstally.destination (store)"
	" WHERE state = 'inflight'",

	/* that came to hosts which did not send what bounces; to whose store */
	"CREATE TABLE tlstally.bounce ("
	" token text PRIMARY KEY,"
	" store text NOT NULL,"
	" host text NOT NULL,"
	" came_at bigint NOT NULL,"
	" recipient text NOT NULL)",

	/* of a digest of settings that a host has */
	"CREATE TABLE tlstally.setting ("
	" digest text NOT NULL,"
	" name text NOT NULL,"
	" value text NOT NULL,"
	" PRIMARY KEY (digest, name))",

	"CREATE TABLE tlstally.suppression ("
	" address text COLLATE \"C\" PRIMARY KEY,"
	" since bigint NOT NULL,"
	" until bigint NOT NULL,"
	" by_hand boolean NOT NULL,"
	" reason text NOT NULL,"
	" deleted boolean NOT NULL DEFAULT false,"
	" changed_at bigint NOT NULL)",

	"CREATE TABLE tlstally.rate ("
	" hour integer NOT NULL,"
	" receiver text COLLATE \"C\" NOT NULL,"
	" host text COLLATE \"C\" NOT NULL,"
	" attempts bigint NOT NULL,"
	" PRIMARY KEY (hour, receiver, host))",

	"CREATE TABLE tlstally.own_report ("
	" day integer NOT NULL,"
	" domain text COLLATE \"C\" NOT NULL,"
	" host text COLLATE \"C\" NOT NULL,"
	" attempts bigint NOT NULL,"
	" milter_from bigint NOT NULL,"
	" milter_secs bigint NOT NULL,"
	" PRIMARY KEY (day, domain, host))",

	/* for people */
	"CREATE VIEW tlstally.sessions_by_domain AS"
	" SELECT date '1970-01-01' + day AS day, domain,"
	" sum(success) AS success, sum(failure) AS failure,"
	" sum(unjudged) AS unjudged, count(*) AS hosts"
	" FROM tlstally.host_domain GROUP BY host_domain.day, domain",

	"CREATE VIEW tlstally.failures_by_result AS"
	" SELECT date '1970-01-01' + day AS day, domain, policy, result,"
	" sum(sessions) AS sessions"
	" FROM tlstally.host_failure"
	" GROUP BY host_failure.day, domain, policy, result",

	"CREATE VIEW tlstally.reports_by_state AS"
	" SELECT date '1970-01-01' + day AS day, state, count(*) AS destinations"
	" FROM tlstally.destination WHERE NOT copy"
	" GROUP BY destination.day, state",
};
/* clang-format on */

/* Step n makes version n + 1 of version n, and the first one the ledger. */
static const struct ledger_step steps[LEDGER_SCHEMA] = {
	{version_1, sizeof(version_1) / sizeof(version_1[0])},
};

static int step_up(struct sql *sql, const struct ledger_step *step,
                   struct err *err)
{
	for (size_t i = 0; i < step->count; i++)
		if (sql_do(sql, step->statements[i], NULL, NULL, err) < 0)
			return err->class;
	return 0;
}

static int put_row(struct sql *sql, bool rehearsal, struct ledger_made *made,
                   struct err *err)
{
	struct sql_args args = {.count = 0};
	char id[24];

	hash_random_bytes(&made->fleet_id, sizeof(made->fleet_id));
	snprintf(id, sizeof(id), "%016" PRIx64, made->fleet_id);
	sql_args_number(&args, made->version);
	sql_args_text(&args, id);
	sql_args_text(&args, rehearsal ? "t" : "f");
	return sql_do(sql,
	              "INSERT INTO tlstally.fleet (one, version, id, rehearsal)"
	              " VALUES (1, $1, $2, $3)",
	              &args, NULL, err);
}

static int put_version(struct sql *sql, int version, struct err *err)
{
	struct sql_args args = {.count = 0};

	sql_args_number(&args, version);
	return sql_do(sql, "UPDATE tlstally.fleet SET version = $1", &args,
	              NULL, err);
}

/* 1: there is a ledger; 0. */
static int look(struct sql *sql, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};

	if (sql_do(sql,
	           "SELECT 1 FROM information_schema.schemata"
	           " WHERE schema_name = 'tlstally'",
	           NULL, &rows, err) < 0)
		return err->class;
	return rows.count > 0;
}

static int check_version(int64_t version, int known, struct err *err)
{
	if (version > known)
		return err_set(err, ERR_IO,
		               "the ledger has schema %" PRId64
		               ", and this tlstally knows %d: upgrade tlstally "
		               "on this host",
		               version, known);
	return version >= 1 ? 0
	                    : err_set(err, ERR_IO,
	                              "the ledger has schema %" PRId64
	                              ", which no tlstally has made",
	                              version);
}

/* The row stays locked, so that nobody leads or claims meanwhile. */
static int read_row(struct sql *sql, int known, struct ledger_made *made,
                    struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};

	if (sql_do(sql,
	           "SELECT version, id, rehearsal FROM tlstally.fleet"
	           " FOR UPDATE",
	           NULL, &rows, err) < 0)
		return err_prefix(err, "the database has a schema 'tlstally' "
		                       "that this user cannot use as a ledger");
	if (rows.count != 1)
		return err_set(err, ERR_IO,
		               "the database has a schema 'tlstally' that is "
		               "not a ledger");
	if (check_version(sql_number(&rows, 0, 0), known, err) < 0)
		return err->class;
	made->was_there = true;
	made->was_version = (int)sql_number(&rows, 0, 0);
	made->fleet_id = strtoull(sql_text(&rows, 0, 1), NULL, 16);
	made->rehearsal = sql_is_true(&rows, 0, 2);
	return 0;
}

static int tell_user(struct sql *sql, struct ledger_made *made, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};

	if (sql_do(sql, "SELECT current_user", NULL, &rows, err) < 0)
		return err->class;
	snprintf(made->user, sizeof(made->user), "%s", sql_text(&rows, 0, 0));
	return 0;
}

/* Of its kind already. */
static int check_kind(const struct ledger_made *made, bool rehearsal,
                      struct err *err)
{
	if (made->rehearsal == rehearsal)
		return 0;
	return err_set(err, ERR_IO,
	               made->rehearsal ? "the ledger is there already, for "
	                                 "rehearsals"
	                               : "the ledger is there already, and not "
	                                 "for rehearsals");
}

static int bring_up(struct sql *sql, const struct ledger_step *list,
                    int version, bool rehearsal, struct ledger_made *made,
                    struct err *err)
{
	int there = look(sql, err);

	if (there < 0)
		return there;
	if (there && (read_row(sql, version, made, err) < 0 ||
	              check_kind(made, rehearsal, err) < 0))
		return err->class;
	made->version = version;
	made->rehearsal = rehearsal;
	for (int at = made->was_version; at < version; at++)
		if (step_up(sql, &list[at], err) < 0)
			return err->class;
	if (!there)
		return put_row(sql, rehearsal, made, err);
	return made->was_version < version ? put_version(sql, version, err) : 0;
}

int ledger_make(struct sql *sql, const struct ledger_step *list, int version,
                bool rehearsal, struct ledger_made *made, struct err *err)
{
	*made = (struct ledger_made){.fleet_id = 0};
	if (tell_user(sql, made, err) < 0 || sql_begin(sql, err) < 0)
		return err->class;
	if (bring_up(sql, list, version, rehearsal, made, err) < 0) {
		sql_rollback(sql);
		return err->class;
	}
	return sql_commit(sql, err);
}

int ledger_init(const char *url, bool rehearsal, struct ledger_made *made,
                struct err *err)
{
	auto_(sql_close) struct sql *sql = NULL;

	*made = (struct ledger_made){.fleet_id = 0};
	if (sql_open(url, &sql, err) < 0)
		return err->class;
	return ledger_make(sql, steps, LEDGER_SCHEMA, rehearsal, made, err);
}
