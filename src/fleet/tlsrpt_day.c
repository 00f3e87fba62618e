#include "config.h"

#include "fleet/tlsrpt_day.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "sealed/fetcher_answer.h"
#include "sealed/sealed_day.h"

bool tlsrpt_day_is_database(const char *data, size_t len)
{
	static const char magic[TLSRPT_DAY_MAGIC] = "SQLite format 3";

	return len >= sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

#ifndef HAVE_SQLITE3

int tlsrpt_day_open(struct tlsrpt_day **day, const char *path, struct err *err)
{
	(void)path;
	*day = NULL;
	return err_set(err, ERR_NOTFOUND,
	               "a database of tlsrpt-collectd: this tlstally was built "
	               "without libsqlite3, which reads it; build it again "
	               "where that is (Debian: libsqlite3-dev), or let "
	               "tlsrpt-fetcher answer ([fleet] fetchers)");
}

void tlsrpt_day_close(struct tlsrpt_day **day)
{
	*day = NULL;
}

/* Nobody has one. */
int tlsrpt_day_read(struct tlsrpt_day *day,
                    const struct tlsrpt_day_options *options,
                    tlsrpt_day_fn *write, void *arg,
                    struct tlsrpt_day_result *result, struct err *err)
{
	(void)day;
	(void)options;
	(void)write;
	(void)arg;
	memset(result, 0, sizeof(*result));
	return err_set(err, ERR_NOTFOUND, "no libsqlite3");
}

#else

#include <sqlite3.h>

enum {
	DB_VERSION = 1,
	ROWS_MAX = 100000,             /* of a domain, */
	TEXT_MAX = FETCHER_ANSWER_MAX, /* and so many bytes of text */
	STEPS = 1000000,   /* of SQLite's machine between two looks, */
	LOOKS_MAX = 20000, /* and so many of these: hours */
};

#define PURPOSE "TLSRPT-Collectd-DB-devel-2024-10-28"

struct tlsrpt_day {
	struct tlsrpt_day_result *result;
	tlsrpt_day_fn *write;
	void *arg;
	sqlite3 *db;
	char day[DAY_TEXT];
	struct sealed_head head;
	struct sealed_writer *writer;
	struct fetcher_reader *reader;
	struct arena mem; /* of the names */
	const char **names;
	size_t count;
	struct strbuf lines;
	int looks;
	size_t bytes; /* of text in the rows of a domain */
};

static int fail(const struct tlsrpt_day *r, struct err *err)
{
	return err_set(err, ERR_PARSE, "the database cannot be read: %s",
	               sqlite3_errmsg(r->db));
}

/* No file of this size keeps us busy for longer. */
static int look(void *arg)
{
	struct tlsrpt_day *r = arg;

	return ++r->looks > LOOKS_MAX;
}

static int open_database(struct tlsrpt_day *r, const char *path,
                         struct err *err)
{
	auto_(strbuf_clear) struct strbuf uri = {0};

	strbuf_puts(&uri, "file:");
	uri_encode(path, strlen(path), "/", &uri);
	strbuf_puts(&uri, "?immutable=1");
	if (sqlite3_open_v2(strbuf_text(&uri), &r->db,
	                    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
	                            SQLITE_OPEN_NOMUTEX,
	                    NULL) != SQLITE_OK)
		return fail(r, err);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
	sqlite3_limit(r->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_progress_handler(r->db, STEPS, look, r);
	if (sqlite3_exec(r->db, "PRAGMA cell_size_check=ON", NULL, NULL,
	                 NULL) != SQLITE_OK)
		return fail(r, err);
	return 0;
}

static void statement_end(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

static int prepare(struct tlsrpt_day *r, const char *sql, sqlite3_stmt **out,
                   struct err *err)
{
	return sqlite3_prepare_v2(r->db, sql, -1, out, NULL) == SQLITE_OK
	               ? 0
	               : fail(r, err);
}

/* The text of a column, lent until the next step; NULL: it is none. */
static const char *text_at(sqlite3_stmt *statement, int column)
{
	const char *text;

	if (sqlite3_column_type(statement, column) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(statement, column);
	return text != NULL && strlen(text) == (size_t)sqlite3_column_bytes(
						       statement, column)
	               ? text
	               : NULL;
}

static int check_version(struct tlsrpt_day *r, struct err *err)
{
	auto_(statement_end) sqlite3_stmt *s = NULL;
	const char *purpose, *made;

	if (prepare(r, "SELECT version, purpose, installdate FROM dbversion",
	            &s, err) < 0)
		return err_set(err, ERR_PARSE,
		               "it is not a database of tlsrpt-collectd: %s",
		               sqlite3_errmsg(r->db));
	if (sqlite3_step(s) != SQLITE_ROW)
		return err_set(err, ERR_PARSE, "its table dbversion is empty");
	purpose = text_at(s, 1);
	made = text_at(s, 2);
	if (purpose == NULL || strcmp(purpose, PURPOSE) != 0)
		return err_set(err, ERR_PARSE,
		               "its purpose is '%.60s', and not '" PURPOSE
		               "', which tlsrpt-collectd 0.6 writes",
		               purpose != NULL ? purpose : "");
	if (sqlite3_column_int64(s, 0) != DB_VERSION)
		return err_set(err, ERR_PARSE,
		               "its version is %lld, and not %d, which "
		               "tlsrpt-collectd 0.6 writes",
		               (long long)sqlite3_column_int64(s, 0),
		               DB_VERSION);
	r->head.store_id = made != NULL ? hash64(0, made, strlen(made)) : 0;
	return 0;
}

static int read_day(struct tlsrpt_day *r, const char *today, struct err *err)
{
	auto_(statement_end) sqlite3_stmt *s = NULL;
	const char *day;

	/* without a complete day: what a collector that was stopped counted
	 * last */
	if (prepare(r,
	            "SELECT coalesce((SELECT daycomplete FROM daystatus), "
	            "(SELECT "
	            "max(day) FROM finalresults WHERE day<?))",
	            &s, err) < 0)
		return err->class;
	sqlite3_bind_text(s, 1, today, -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_ROW)
		return fail(r, err);
	if (sqlite3_column_type(s, 0) == SQLITE_NULL)
		return err_set(err, ERR_BUSY,
		               "its day is not over: tlsrpt-collectd is still "
		               "counting in it; the day before is in the file "
		               "with .yesterday behind its name");
	day = text_at(s, 0);
	if (day == NULL || day_parse(day, &r->head.day, NULL) < 0)
		return err_set(err, ERR_PARSE,
		               "daystatus: '%.40s' is not a day",
		               day != NULL ? day : "");
	day_format(r->head.day, r->day);
	return 0;
}

/* The sum of all sessions, which grows while a day is counted: an older copy of
 * the same database is known by it. */
static int read_sums(struct tlsrpt_day *r, struct err *err)
{
	auto_(statement_end) sqlite3_stmt *s = NULL;
	int64_t sum;

	if (prepare(r,
	            "SELECT total(CASE WHEN day=?1 THEN cntrtotal ELSE 0 END), "
	            "total(day<>?1) FROM finalresults",
	            &s, err) < 0)
		return err->class;
	sqlite3_bind_text(s, 1, r->day, -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_ROW)
		return fail(r, err);
	sum = sqlite3_column_int64(s, 0);
	r->head.generation = sum > 0 ? (uint64_t)sum : 0;
	r->result->other_days = (uint64_t)sqlite3_column_int64(s, 1);
	return 0;
}

static void leave_out(struct tlsrpt_day *r, const char *name, const char *why)
{
	char shown[100];

	utf8_show(shown, sizeof(shown), name, strlen(name));
	if (r->result->unreadable++ == 0)
		snprintf(r->result->first, sizeof(r->result->first), "%s: %s",
		         shown, why);
}

/* Ascending by their bytes, as the lines of a sealed day are. */
static int read_names(struct tlsrpt_day *r, struct err *err)
{
	auto_(statement_end) sqlite3_stmt *s = NULL;
	size_t room = 0;
	int rc;

	if (prepare(r,
	            "SELECT DISTINCT domain FROM finalresults WHERE day=? "
	            "ORDER "
	            "BY domain COLLATE BINARY",
	            &s, err) < 0)
		return err->class;
	sqlite3_bind_text(s, 1, r->day, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const char *name = text_at(s, 0);

		if (name == NULL || !domain_is_canonical(name) ||
		    !domain_is_host(name)) {
			leave_out(r, name != NULL ? name : "(no text)",
			          "no report can be made for this name");
			continue;
		}
		if (r->count == FETCHER_NAMES_MAX)
			return err_set(err, ERR_LIMIT,
			               "the day has more than %d domains",
			               FETCHER_NAMES_MAX);
		if (r->count == room) {
			room = 2 * room + 1000;
			r->names = xrealloc(r->names, room, sizeof(*r->names));
		}
		r->names[r->count++] = arena_strdup(&r->mem, name);
	}
	return rc == SQLITE_DONE ? 0 : fail(r, err);
}

/* object[name], which is made when there is none. */
static json_t *member(json_t *object, const char *name)
{
	json_t *found = json_object_get(object, name);

	if (found == NULL) {
		found = json_object();
		if (json_object_set_new(object, name, found) < 0)
			return NULL; /* not UTF-8 */
	}
	return found;
}

/* A count that is no such number: the reader says so. */
static json_t *count_at(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_INTEGER
	               ? json_integer(sqlite3_column_int64(statement, column))
	               : json_null();
}

/* NULL: its rows cannot be an answer. */
static json_t *policy_of(json_t *policies, sqlite3_stmt *s)
{
	const char *record = text_at(s, 0), *policy = text_at(s, 1);
	json_t *records = record != NULL ? member(policies, record) : NULL;

	return records != NULL && policy != NULL ? member(records, policy)
	                                         : NULL;
}

typedef bool take_row_fn(json_t *policies, sqlite3_stmt *s);

static bool take_result(json_t *policies, sqlite3_stmt *s)
{
	json_t *policy = policy_of(policies, s);

	if (policy == NULL)
		return false;
	json_object_set_new(policy, "cntrtotal", count_at(s, 2));
	json_object_set_new(policy, "cntrfailure", count_at(s, 3));
	return true;
}

static bool take_failure(json_t *policies, sqlite3_stmt *s)
{
	json_t *policy = policy_of(policies, s);
	const char *reason = text_at(s, 2);

	return policy != NULL && reason != NULL &&
	       json_object_set_new(member(policy, "failures"), reason,
	                           count_at(s, 3)) == 0;
}

/* The rows of a domain; 1: some cannot be an answer. */
static int take_rows(struct tlsrpt_day *r, const char *sql, const char *name,
                     take_row_fn *take, json_t *policies, struct err *err)
{
	auto_(statement_end) sqlite3_stmt *s = NULL;
	int rows = 0, rc;

	if (prepare(r, sql, &s, err) < 0)
		return err->class;
	sqlite3_bind_text(s, 1, r->day, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(s); i++)
			if (sqlite3_column_type(s, i) == SQLITE_TEXT)
				r->bytes += (size_t)sqlite3_column_bytes(s, i);
		if (++rows > ROWS_MAX || r->bytes > TEXT_MAX ||
		    !take(policies, s))
			return 1;
	}
	return rc == SQLITE_DONE ? 0 : fail(r, err);
}

/* As tlsrpt-fetcher would answer; 1: it cannot be one. */
static int answer_of(struct tlsrpt_day *r, const char *name, struct strbuf *out,
                     struct err *err)
{
	auto_(json_free) json_t *answer = json_object();
	json_t *policies = json_object();
	int rc;

	r->bytes = 0;
	json_set_string(answer, "d", name);
	json_object_set_new(answer, "policies", policies);
	rc = take_rows(
		r,
		"SELECT tlsrptrecord, policy, cntrtotal, cntrfailure FROM "
		"finalresults WHERE day=? AND domain=?",
		name, take_result, policies, err);
	if (rc == 0)
		rc = take_rows(r,
		               "SELECT tlsrptrecord, policy, reason, cntr FROM "
		               "failures WHERE day=? AND domain=?",
		               name, take_failure, policies, err);
	if (rc == 0)
		json_write(answer, out);
	return rc;
}

static int flush(struct tlsrpt_day *r, struct err *err)
{
	int rc = r->write(r->arg, r->lines.data, r->lines.len, err);

	strbuf_reset(&r->lines);
	return rc;
}

/* One that cannot be read is left out, and said. */
static int read_domain(struct tlsrpt_day *r, const char *name, struct err *err)
{
	auto_(strbuf_clear) struct strbuf answer = {0};
	const struct sealed_domain *counts = NULL;
	struct err why;
	int rc = answer_of(r, name, &answer, err);

	if (rc < 0)
		return rc;
	if (rc > 0) {
		leave_out(r, name,
		          "a column has no text, or there are too "
		          "many rows, or too long ones");
		return 0;
	}
	if (fetcher_read_domain(r->reader, name, answer.data, answer.len,
	                        &counts, &why) < 0) {
		leave_out(r, name, why.text);
		return 0;
	}
	if (counts == NULL)
		return 0;
	rc = sealed_write_domain(r->writer, counts, &r->lines, err);
	return rc < 0 ? rc : flush(r, err);
}

static int read_all(struct tlsrpt_day *r, struct err *err)
{
	char today[DAY_TEXT];

	day_format(day_of(r->head.sealed_at), today);
	if (check_version(r, err) < 0 || read_day(r, today, err) < 0 ||
	    read_sums(r, err) < 0 || read_names(r, err) < 0)
		return err->class;
	sealed_write_head(r->writer, &r->head, &r->lines);
	if (flush(r, err) < 0)
		return err->class;
	for (size_t i = 0; i < r->count; i++)
		if (read_domain(r, r->names[i], err) < 0)
			return err->class;
	sealed_write_end(r->writer, &r->lines);
	return flush(r, err);
}

int tlsrpt_day_open(struct tlsrpt_day **day, const char *path, struct err *err)
{
	struct tlsrpt_day *r = xcalloc(1, sizeof(*r));

	arena_init(&r->mem);
	strbuf_init(&r->lines, 0);
	*day = r;
	if (open_database(r, path, err) < 0)
		tlsrpt_day_close(day);
	return *day != NULL ? 0 : err->class;
}

void tlsrpt_day_close(struct tlsrpt_day **day)
{
	if (*day == NULL)
		return;
	sqlite3_close((*day)->db);
	sealed_writer_free(&(*day)->writer);
	fetcher_reader_free(&(*day)->reader);
	arena_clear(&(*day)->mem);
	strbuf_clear(&(*day)->lines);
	free((*day)->names);
	free(*day);
	*day = NULL;
}

int tlsrpt_day_read(struct tlsrpt_day *day,
                    const struct tlsrpt_day_options *options,
                    tlsrpt_day_fn *write, void *arg,
                    struct tlsrpt_day_result *result, struct err *err)
{
	memset(result, 0, sizeof(*result));
	day->result = result;
	day->write = write;
	day->arg = arg;
	day->head.sealed_at = options->now;
	snprintf(day->head.host, sizeof(day->head.host), "%s", options->host);
	day->writer = sealed_writer_new();
	day->reader = fetcher_reader_new(&options->caps);
	return read_all(day, err);
}

#endif
