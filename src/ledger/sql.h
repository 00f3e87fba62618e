/*
 * sql - a database that several hosts share, as ledger/ asks it
 *
 *     sql_open(url, &sql, &err)
 *     sql_args_number(&args, day)
 *     sql_do(sql, "SELECT name FROM tlstally.host WHERE since <= $1", &args,
 *            &rows, &err)
 *     sql_text(&rows, 0, 0)
 *     sql_close(&sql)
 *
 * What knows libpq is ledger/sql_pg.c alone, and it is compiled where libpq is;
 * a test may put another driver in its place.  Nothing here waits for ever:
 * each call has a deadline, after which the connection is given up.
 *
 * ERR_BUSY: the transaction met another one and is undone: begin it again.
 * ERR_UNCERTAIN: the connection was lost while it was committed.  ERR_IO: all
 * else; the words are the server's.
 */
#ifndef TLSTALLY_LEDGER_SQL_H
#define TLSTALLY_LEDGER_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"

enum {
	SQL_ARGS_MAX = 20,
	SQL_NUMBER_TEXT = 24,
	SQL_CONNECT_MS = 10 * 1000,
	/* The server gives a statement up a little earlier, and says so. */
	SQL_STATEMENT_MS = 60 * 1000,
};

/* What stands for $1, $2 ...; texts are lent. */
struct sql_args {
	const char *at[SQL_ARGS_MAX];
	char numbers[SQL_ARGS_MAX][SQL_NUMBER_TEXT];
	size_t count;
};

void sql_args_text(struct sql_args *args, const char *text); /* NULL: null */
void sql_args_number(struct sql_args *args, int64_t number);
void sql_args_null(struct sql_args *args);

/* Appends an element to an array's text: begin with an empty buffer, end with
 * sql_array_end(). */
void sql_array_add(struct strbuf *array, const char *text);
void sql_array_end(struct strbuf *array);

/* Appends a column of a row of COPY; ends the row, which has one at least. */
void sql_copy_text(struct strbuf *rows, const char *text, size_t len);
void sql_copy_number(struct strbuf *rows, int64_t number);
void sql_copy_end_row(struct strbuf *rows);

/* What a statement brought: texts, in an arena of its own.  All zero: none. */
struct sql_rows {
	size_t count, columns;
	const char **values; /* row by row; NULL: null */
	uint64_t changed;    /* rows that the statement wrote */
	struct arena mem;
};

void sql_rows_clear(struct sql_rows *rows);
/* NULL: null */
const char *sql_text(const struct sql_rows *rows, size_t row, size_t column);
/* 0 for null and for what is no number. */
int64_t sql_number(const struct sql_rows *rows, size_t row, size_t column);
bool sql_is_true(const struct sql_rows *rows, size_t row, size_t column);

/* A driver has this as its first member. */
struct sql {
	const struct sql_driver *driver;
	bool in_transaction;
	bool is_lost; /* the connection is gone: nothing more can be asked */
};

struct sql_driver {
	int (*run)(struct sql *sql, const char *statement,
	           const struct sql_args *args, struct sql_rows *rows,
	           struct err *err);
	/* "COPY ... FROM STDIN", and all its rows. */
	int (*copy)(struct sql *sql, const char *statement, const char *rows,
	            size_t len, struct err *err);
	/* Nobody on the way can read it: TLS, or no network is between. */
	bool (*is_private)(struct sql *sql);
	void (*close)(struct sql *sql);
};

/* "postgresql://...", without a password in it.  ERR_PARSE: the URL; ERR_IO:
 * the server cannot be reached or refuses us. */
int sql_open(const char *url, struct sql **sql, struct err *err);
void sql_close(struct sql **sql);

/* args and rows may be NULL; rows must be all zero or cleared. */
int sql_do(struct sql *sql, const char *statement, const struct sql_args *args,
           struct sql_rows *rows, struct err *err);
int sql_copy(struct sql *sql, const char *statement, const struct strbuf *rows,
             struct err *err);

int sql_begin(struct sql *sql, struct err *err);
/* All that is read in it is of one moment; nothing can be written. */
int sql_begin_read(struct sql *sql, struct err *err);
int sql_commit(struct sql *sql, struct err *err);
/* Of a transaction that is under way; else nothing. */
void sql_rollback(struct sql *sql);

bool sql_is_private(struct sql *sql);

#endif
