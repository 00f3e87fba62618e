#include "store/store_check.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/derived.h"
#include "store/journal_aside.h"
#include "store/keys.h"
#include "store/page_walk.h"
#include "store/received_compare.h"
#include "store/row_check.h"
#include "store/tally_table.h"

/* The failure without what everybody else is told to do about it. */
static void tell_failure(struct store_check *check, struct db_txn *txn,
                         enum db_table table)
{
	struct err err = {0};
	char *hint;

	db_failure(txn, &err);
	hint = strstr(err.text, ": restore a backup");
	if (hint != NULL)
		*hint = '\0';
	check->faults++;
	if (check->fault != NULL)
		check->fault(check->arg, db_table_name(table), err.text);
}

/* From that row on, in one read transaction, which must not keep others' pages
 * for long, and ends with a row that is damaged.  True: *from is where to go
 * on. */
static bool check_some(struct store_check *check, struct db *db,
                       struct db_key *from)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	auto_(db_rows_end) struct db_rows rows = db_rows_from(txn, from);
	bool more = false;

	for (unsigned n = 0; n < DB_BATCH_ROWS && !db_failed(txn); n++) {
		more = db_rows_next(&rows);
		if (!more)
			break;
		check->rows++;
		row_check(txn, &rows.row);
	}
	if (db_failed(txn))
		tell_failure(check, txn, from->table);
	*from = rows.at;
	key_u8(from, 0); /* the first key after it */
	return more;
}

/* What is kept beside the rows, a day at a time. */
static void check_derived(struct store_check *check, struct db *db)
{
	int32_t day = 0;
	bool more = true;

	while (more) {
		auto_(db_abort) struct db_txn *txn = db_begin_read(db);

		more = tally_day_next(txn, &day) > 0;
		if (more)
			derived_check_day(txn, day++);
		else
			derived_check_outbox(txn);
		if (!db_failed(txn))
			continue;
		tell_failure(check, txn, more ? TABLE_TALLY : TABLE_OUTBOX);
		check->derived_faults++;
	}
}

static void check_received_sums(struct store_check *check, struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	received_compare(txn);
	if (!db_failed(txn))
		return;
	tell_failure(check, txn, TABLE_RECEIVED_SUM);
	check->derived_faults++;
}

static void tell_aside(struct store_check *check, struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct journal_aside aside = {.day = 0};
	char words[JOURNAL_ASIDE_TEXT + 2 * JOURNAL_WORDS];
	char text[JOURNAL_ASIDE_TEXT];

	while (check->note != NULL && journal_aside_next(txn, &aside)) {
		snprintf(words, sizeof(words),
		         "%s could not be read and was set aside: %s",
		         journal_aside_text(&aside, text), aside.words);
		check->note(check->arg, db_table_name(TABLE_JOURNAL), words);
	}
}

int store_check_run(struct store_check *check, const struct db_options *options,
                    struct err *err)
{
	struct page_walk walk = {.fault = check->fault, .arg = check->arg};
	auto_(db_close) struct db *db = NULL;
	int rc = db_walk_pages(options, &walk, err);

	check->faults += walk.faults;
	check->tables = walk.tables;
	check->pages = walk.pages;
	check->free_pages = walk.free_pages;
	if (rc != 0 || check->faults > 0)
		return rc;
	rc = db_open(&db, options, err);
	if (rc != 0)
		return rc;
	for (int i = 0; i < DB_TABLES; i++) {
		struct db_key from = key_of(i);

		while (check_some(check, db, &from))
			;
	}
	check_derived(check, db);
	check_received_sums(check, db);
	tell_aside(check, db);
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
                       const struct db_options *options,
                       const struct db_backup *backup, struct err *err)
{
	struct trial trial = {check, options->map_size};

	return db_try_backup(options->directory, backup, check_trial, &trial,
	                     err);
}
