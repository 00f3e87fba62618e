/*
 * sql_pg - PostgreSQL, by libpq; no other file knows it
 *
 * libpq's own calls wait for ever.  So all goes by its non-blocking ones, and
 * poll(2) with what is left until the deadline; once that is over, the
 * connection is in the middle of something and good for nothing more.
 */
#include "ledger/sql.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/xalloc.h"

struct pg {
	struct sql sql;
	PGconn *conn;
};

static void result_clear(PGresult **result)
{
	PQclear(*result);
	*result = NULL;
}

static struct pg *pg_of(struct sql *sql)
{
	return (struct pg *)sql;
}

/* libpq's words have several lines. */
static int fail(struct pg *pg, const char *words, struct err *err)
{
	char line[400];
	size_t len = 0;

	for (; *words != '\0' && len + 1 < sizeof(line); words++) {
		bool space = *words == '\n' || *words == '\t';

		if (space && (words[1] == '\0' || words[1] == *words))
			continue;
		line[len++] = space ? ' ' : *words;
	}
	line[len] = '\0';
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		pg->sql.is_lost = true;
	return err_set(err, ERR_IO, "%s",
	               len > 0 ? line : "the connection was lost");
}

static int give_up(struct pg *pg, struct err *err)
{
	pg->sql.is_lost = true;
	return err_set(err, ERR_IO, "the database does not answer");
}

/* For the socket to be ready; false: the deadline is over. */
static bool wait_socket(struct pg *pg, short events, int64_t until_ms)
{
	struct pollfd fd = {.fd = PQsocket(pg->conn), .events = events};
	int64_t left;
	int n;

	do {
		left = until_ms - clock_host_ms();
		if (left < 0)
			return false;
		n = poll(&fd, 1, (int)left + 1);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* --- statements --- */

/* 40001 and 40P01: undone because of another transaction.  55P03, 57014: a lock
 * or a statement took too long, 57P01-3: the server shuts down; these are the
 * server's own words.  25006: it is a standby. */
static int fail_statement(struct pg *pg, const PGresult *result,
                          struct err *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (state == NULL || words == NULL)
		return fail(pg, PQerrorMessage(pg->conn), err);
	fail(pg, words, err);
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
		err->class = ERR_BUSY;
	return err->class;
}

/* What was sent is on its way, the server's answer not all here yet. */
static int flush(struct pg *pg, int64_t until_ms, struct err *err)
{
	int left;

	while ((left = PQflush(pg->conn)) > 0) {
		if (!wait_socket(pg, POLLIN | POLLOUT, until_ms))
			return give_up(pg, err);
		/* the server may have something to say before it reads on */
		if (PQconsumeInput(pg->conn) == 0)
			break;
	}
	return left < 0 || PQstatus(pg->conn) == CONNECTION_BAD
	               ? fail(pg, PQerrorMessage(pg->conn), err)
	               : 0;
}

/* The next result, NULL after the last. */
static int next_result(struct pg *pg, int64_t until_ms, PGresult **result,
                       struct err *err)
{
	*result = NULL;
	while (PQisBusy(pg->conn)) {
		if (!wait_socket(pg, POLLIN, until_ms))
			return give_up(pg, err);
		if (PQconsumeInput(pg->conn) == 0)
			return fail(pg, PQerrorMessage(pg->conn), err);
	}
	*result = PQgetResult(pg->conn);
	return 0;
}

static void take_rows(const PGresult *result, struct sql_rows *rows)
{
	size_t n;

	rows->count = (size_t)PQntuples(result);
	rows->columns = (size_t)PQnfields(result);
	rows->changed =
		strtoull(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
	n = rows->count * rows->columns;
	rows->values = arena_array(&rows->mem, n, sizeof(*rows->values));
	for (size_t i = 0; i < n; i++) {
		int row = (int)(i / rows->columns);
		int column = (int)(i % rows->columns);

		if (!PQgetisnull(result, row, column))
			rows->values[i] = arena_strndup(
				&rows->mem, PQgetvalue(result, row, column),
				(size_t)PQgetlength(result, row, column));
	}
}

/* Reads to the end of what the statement brought: the first failure counts. */
static int finish(struct pg *pg, int64_t until_ms, struct sql_rows *rows,
                  struct err *err)
{
	int rc = 0;

	for (;;) {
		auto_(result_clear) PGresult *result = NULL;

		if (next_result(pg, until_ms, &result, err) < 0)
			return err->class;
		if (result == NULL)
			return rc;
		switch (PQresultStatus(result)) {
		case PGRES_COMMAND_OK:
		case PGRES_TUPLES_OK:
			if (rc == 0 && rows != NULL)
				take_rows(result, rows);
			break;
		default:
			if (rc == 0)
				rc = fail_statement(pg, result, err);
		}
		if (pg->sql.is_lost)
			return rc;
	}
}

static int pg_run(struct sql *sql, const char *statement,
                  const struct sql_args *args, struct sql_rows *rows,
                  struct err *err)
{
	struct pg *pg = pg_of(sql);
	int64_t until_ms = clock_host_ms() + SQL_STATEMENT_MS;
	struct err none;

	if (err == NULL)
		err = &none;
	if (!PQsendQueryParams(pg->conn, statement, args ? (int)args->count : 0,
	                       NULL, args ? args->at : NULL, NULL, NULL, 0))
		return fail(pg, PQerrorMessage(pg->conn), err);
	if (flush(pg, until_ms, err) < 0)
		return err->class;
	return finish(pg, until_ms, rows, err);
}

/* The answer that says: now the rows. */
static int begin_copy(struct pg *pg, int64_t until_ms, struct err *err)
{
	auto_(result_clear) PGresult *result = NULL;
	ExecStatusType status;

	if (flush(pg, until_ms, err) < 0 ||
	    next_result(pg, until_ms, &result, err) < 0)
		return err->class;
	status = PQresultStatus(result);
	if (status == PGRES_COPY_IN)
		return 0;
	fail_statement(pg, result, err);
	if (!pg->sql.is_lost)
		finish(pg, until_ms, NULL, &(struct err){.class = 0});
	return err->class;
}

static int pg_copy(struct sql *sql, const char *statement, const char *rows,
                   size_t len, struct err *err)
{
	enum { PIECE = 64 * 1024 };
	struct pg *pg = pg_of(sql);
	int64_t until_ms = clock_host_ms() + SQL_STATEMENT_MS;

	if (!PQsendQuery(pg->conn, statement))
		return fail(pg, PQerrorMessage(pg->conn), err);
	if (begin_copy(pg, until_ms, err) < 0)
		return err->class;
	while (len > 0) {
		int n = (int)(len < PIECE ? len : PIECE);

		/* 0: there was no memory for it, and it is not on its way */
		if (PQputCopyData(pg->conn, rows, n) != 1)
			return fail(pg, PQerrorMessage(pg->conn), err);
		if (flush(pg, until_ms, err) < 0)
			return err->class;
		rows += n;
		len -= (size_t)n;
	}
	if (PQputCopyEnd(pg->conn, NULL) != 1)
		return fail(pg, PQerrorMessage(pg->conn), err);
	if (flush(pg, until_ms, err) < 0)
		return err->class;
	return finish(pg, until_ms, NULL, err);
}

/* --- the connection --- */

/* A unix socket, a loopback address, or TLS. */
static bool pg_is_private(struct sql *sql)
{
	PGconn *conn = pg_of(sql)->conn;
	const char *address = PQhostaddr(conn);

	return PQsslInUse(conn) || address == NULL || address[0] == '\0' ||
	       address[0] == '/' || strncmp(address, "127.", 4) == 0 ||
	       strcmp(address, "::1") == 0;
}

static void pg_close(struct sql *sql)
{
	struct pg *pg = pg_of(sql);

	PQfinish(pg->conn);
	free(pg);
}

static const struct sql_driver driver = {
	.run = pg_run,
	.copy = pg_copy,
	.is_private = pg_is_private,
	.close = pg_close,
};

static void options_free(PQconninfoOption **options)
{
	if (*options != NULL)
		PQconninfoFree(*options);
	*options = NULL;
}

/* The file of settings is not secret, and -o stands in the list of processes.
 */
static int check_url(const char *url, struct err *err)
{
	char *why = NULL;
	auto_(options_free) PQconninfoOption *options =
		PQconninfoParse(url, &why);

	if (options == NULL) {
		err_set(err, ERR_PARSE, "[fleet] ledger: %.*s",
		        why ? (int)strcspn(why, "\n") : 0, why ? why : "");
		PQfreemem(why);
		return ERR_PARSE;
	}
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
		if (o->val != NULL && o->dispchar[0] == '*')
			return err_set(err, ERR_PARSE,
			               "[fleet] ledger must not have a %.20s, "
			               "which others can read there: put it "
			               "into a password file (passfile=/PATH "
			               "in the URL) or a service file",
			               o->keyword);
	return 0;
}

static int connect_by(struct pg *pg, int64_t until_ms, struct err *err)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return fail(pg, PQerrorMessage(pg->conn), err);
	while (status != PGRES_POLLING_OK) {
		if (!wait_socket(pg,
		                 status == PGRES_POLLING_READING ? POLLIN
		                                                 : POLLOUT,
		                 until_ms))
			return give_up(pg, err);
		status = PQconnectPoll(pg->conn);
		if (status == PGRES_POLLING_FAILED)
			return fail(pg, PQerrorMessage(pg->conn), err);
	}
	return 0;
}

static void drop_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

/* What a server somewhere said need not have characters in every other one. */
static int check_encoding(struct pg *pg, struct err *err)
{
	const char *encoding = PQparameterStatus(pg->conn, "server_encoding");

	if (encoding == NULL || strcmp(encoding, "UTF8") == 0 ||
	    strcmp(encoding, "SQL_ASCII") == 0)
		return 0;
	return err_set(err, ERR_IO,
	               "the database has the encoding %.40s: create one with "
	               "UTF8",
	               encoding);
}

static int begin_session(struct pg *pg, struct err *err)
{
	enum { STATEMENT_MS = SQL_STATEMENT_MS - 5000, IDLE_MS = 120 * 1000 };
	char text[64];

	PQsetnonblocking(pg->conn, 1);
	PQsetNoticeReceiver(pg->conn, drop_notice, NULL);
	if (check_encoding(pg, err) < 0)
		return err->class;
	snprintf(text, sizeof(text), "SET statement_timeout = %d",
	         STATEMENT_MS);
	if (sql_do(&pg->sql, text, NULL, NULL, err) < 0)
		return err->class;
	snprintf(text, sizeof(text),
	         "SET idle_in_transaction_session_timeout = %d", IDLE_MS);
	return sql_do(&pg->sql, text, NULL, NULL, err);
}

int sql_open(const char *url, struct sql **sql, struct err *err)
{
	/* the URL goes over what stands before it */
	const char *const names[] = {"application_name", "client_encoding",
	                             "dbname", NULL};
	const char *const values[] = {"tlstally", "UTF8", url, NULL};
	int64_t until_ms = clock_host_ms() + SQL_CONNECT_MS;
	struct pg *pg;

	*sql = NULL;
	if (check_url(url, err) < 0)
		return err->class;
	pg = xcalloc(1, sizeof(*pg));
	pg->sql.driver = &driver;
	pg->conn = PQconnectStartParams(names, values, 1);
	if (pg->conn == NULL) {
		free(pg);
		return err_set(err, ERR_IO, "no memory");
	}
	*sql = &pg->sql;
	if (connect_by(pg, until_ms, err) == 0 && begin_session(pg, err) == 0)
		return 0;
	sql_close(sql);
	return err->class;
}
