#include "ledger/sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/failpoint.h"
#include "base/utf8.h"

/* --- what goes there --- */

void sql_args_text(struct sql_args *args, const char *text)
{
	args->at[args->count++] = text;
}

void sql_args_number(struct sql_args *args, int64_t number)
{
	char *text = args->numbers[args->count];

	snprintf(text, SQL_NUMBER_TEXT, "%" PRId64, number);
	sql_args_text(args, text);
}

void sql_args_null(struct sql_args *args)
{
	sql_args_text(args, NULL);
}

void sql_array_add(struct strbuf *array, const char *text)
{
	strbuf_puts(array, array->len == 0 ? "{\"" : ",\"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_putc(array, '\\');
		strbuf_putc(array, *text);
	}
	strbuf_putc(array, '"');
}

void sql_array_end(struct strbuf *array)
{
	strbuf_puts(array, array->len == 0 ? "{}" : "}");
}

void sql_copy_text(struct strbuf *rows, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '\\':
			strbuf_puts(rows, "\\\\");
			break;
		case '\t':
			strbuf_puts(rows, "\\t");
			break;
		case '\n':
			strbuf_puts(rows, "\\n");
			break;
		case '\r':
			strbuf_puts(rows, "\\r");
			break;
		default:
			strbuf_putc(rows, text[i]);
		}
	}
	strbuf_putc(rows, '\t');
}

void sql_copy_number(struct strbuf *rows, int64_t number)
{
	strbuf_printf(rows, "%" PRId64 "\t", number);
}

void sql_copy_end_row(struct strbuf *rows)
{
	rows->data[rows->len - 1] = '\n';
}

/* --- what comes back --- */

void sql_rows_clear(struct sql_rows *rows)
{
	arena_clear(&rows->mem);
	memset(rows, 0, sizeof(*rows));
}

const char *sql_text(const struct sql_rows *rows, size_t row, size_t column)
{
	return rows->values[row * rows->columns + column];
}

int64_t sql_number(const struct sql_rows *rows, size_t row, size_t column)
{
	const char *text = sql_text(rows, row, column);

	return text == NULL ? 0 : strtoll(text, NULL, 10);
}

bool sql_is_true(const struct sql_rows *rows, size_t row, size_t column)
{
	const char *text = sql_text(rows, row, column);

	return text != NULL && text[0] == 't';
}

/* --- asking --- */

void sql_close(struct sql **sql)
{
	if (*sql == NULL)
		return;
	(*sql)->driver->close(*sql);
	*sql = NULL;
}

/* A database takes nothing but UTF-8, and what it refuses it would refuse for
 * ever: a text of others, cut to fit, may end within a character. */
static void repair(struct sql_args *args, struct arena *mem)
{
	size_t len;

	for (size_t i = 0; i < args->count; i++) {
		const char *text = args->at[i];

		if (text != NULL && !utf8_valid(text, strlen(text)))
			args->at[i] =
				utf8_repair(mem, text, strlen(text), &len);
	}
}

int sql_do(struct sql *sql, const char *statement, const struct sql_args *args,
           struct sql_rows *rows, struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	struct sql_args good;

	if (sql->is_lost)
		return err_set(err, ERR_IO, "the connection was lost");
	if (args != NULL) {
		good = *args;
		repair(&good, &mem);
		args = &good;
	}
	return sql->driver->run(sql, statement, args, rows, err);
}

int sql_copy(struct sql *sql, const char *statement, const struct strbuf *rows,
             struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	const char *data = rows->data;
	size_t len = rows->len;

	if (len == 0)
		return 0;
	if (sql->is_lost)
		return err_set(err, ERR_IO, "the connection was lost");
	if (!utf8_valid(data, len))
		data = utf8_repair(&mem, data, len, &len);
	return sql->driver->copy(sql, statement, data, len, err);
}

/* READ COMMITTED is enough for what locks the row that it is about, and a
 * database that knows SERIALIZABLE only may say ERR_BUSY at any statement. */
int sql_begin(struct sql *sql, struct err *err)
{
	int rc = sql_do(sql, "BEGIN", NULL, NULL, err);

	sql->in_transaction = rc == 0;
	return rc;
}

int sql_begin_read(struct sql *sql, struct err *err)
{
	int rc = sql_do(sql, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
	                NULL, NULL, err);

	sql->in_transaction = rc == 0;
	return rc;
}

int sql_commit(struct sql *sql, struct err *err)
{
	int rc;

	failpoint_hit("ledger-commit");
	rc = sql_do(sql, "COMMIT", NULL, NULL, err);
	failpoint_hit("ledger-committed");
	sql->in_transaction = false;
	if (rc == ERR_IO && sql->is_lost)
		rc = err->class = ERR_UNCERTAIN;
	return rc;
}

void sql_rollback(struct sql *sql)
{
	if (sql->in_transaction && !sql->is_lost)
		sql_do(sql, "ROLLBACK", NULL, NULL, NULL);
	sql->in_transaction = false;
}

bool sql_is_private(struct sql *sql)
{
	return sql->driver->is_private(sql);
}
