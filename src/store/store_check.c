#include "store/store_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "store/keys.h"
#include "store/page_walk.h"
#include "store/row_check.h"

/* One table, in read transactions that do not keep others' pages for long. */
struct rows {
	struct store_check *check;
	struct db *db;
	enum db_table table;
	struct db_txn *txn;
	struct db_cursor *cursor;
	struct key at; /* the last row that was read */
};

static void tell(struct store_check *check, const char *table,
                 const char *words)
{
	check->faults++;
	if (check->fault != NULL)
		check->fault(check->arg, table, words);
}

/* The failure without what everybody else is told to do about it. */
static void tell_failure(struct rows *rows)
{
	struct err err = {0};
	char *hint;

	db_failure(rows->txn, &err);
	hint = strstr(err.text, ": restore a backup");
	if (hint != NULL)
		*hint = '\0';
	tell(rows->check, db_table_name(rows->table), err.text);
}

static void rows_end(struct rows *rows)
{
	db_cursor_close(&rows->cursor);
	db_abort(&rows->txn);
}

/* Stands on the first row behind rows->at. */
static bool rows_begin(struct rows *rows)
{
	rows->txn = db_begin_read(rows->db);
	rows->cursor = db_cursor_open(rows->txn, rows->table);
	return db_seek_after(rows->cursor, rows->at.bytes, rows->at.len);
}

/* 1: the row was read, 0: it is damaged, and a new transaction is needed. */
static bool read_row(struct rows *rows)
{
	struct db_value key, value;

	db_at(rows->cursor, &key, &value);
	rows->at.len = key.len;
	memcpy(rows->at.bytes, key.data, key.len);
	key = (struct db_value){rows->at.bytes, rows->at.len};
	rows->check->rows++;
	row_check(rows->txn, rows->table, key, value);
	if (!db_failed(rows->txn))
		return true;
	tell_failure(rows);
	return false;
}

static void check_rows(struct store_check *check, struct db *db,
                       enum db_table table)
{
	struct rows rows = {.check = check, .db = db, .table = table};
	bool more = rows_begin(&rows);

	for (unsigned n = 1; more; n++) {
		bool goes_on = read_row(&rows) && n % DB_BATCH_ROWS != 0;

		if (goes_on) {
			more = db_next(rows.cursor);
		} else {
			rows_end(&rows);
			more = rows_begin(&rows);
		}
	}
	if (db_failed(rows.txn))
		tell_failure(&rows); /* a step, so no way to go on */
	rows_end(&rows);
}

static int check_pages(struct store_check *check,
                       const struct db_options *options, struct err *err)
{
	struct page_walk walk = {.fault = check->fault, .arg = check->arg};
	int rc = db_walk_pages(options, &walk, err);

	check->faults += walk.faults;
	check->tables = walk.tables;
	check->pages = walk.pages;
	check->free_pages = walk.free_pages;
	return rc;
}

int store_check_run(struct store_check *check, const struct db_options *options,
                    struct err *err)
{
	auto_(db_close) struct db *db = NULL;
	int rc = check_pages(check, options, err);

	if (rc != 0 || check->faults > 0)
		return rc;
	rc = db_open(&db, options, err);
	if (rc != 0)
		return rc;
	for (int i = 0; i < DB_TABLES; i++)
		check_rows(check, db, i);
	return 0;
}

struct trial {
	struct store_check *check;
	uint64_t map_size;
};

static int check_trial(void *arg, const char *directory, struct err *err)
{
	struct trial *trial = arg;
	struct db_options options = {.directory = directory,
	                             .map_size = trial->map_size,
	                             .exclusive = true};

	return store_check_run(trial->check, &options, err);
}

int store_check_backup(struct store_check *check,
                       const struct db_options *options, const char *path,
                       struct err *err)
{
	struct trial trial = {check, options->map_size};

	return db_try_backup(options->directory, path, check_trial, &trial,
	                     err);
}
