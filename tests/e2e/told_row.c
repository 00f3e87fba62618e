/*
 * told_row - what Postfix was told of a domain, by the table
 *
 *     told_row DIRECTORY DOMAIN KIND SECONDS
 *
 * writes down that it was told so many seconds ago, as tlstally-policyd would;
 *
 *     told_row DIRECTORY DOMAIN
 *
 * prints the kind of what was told last, "-" if nothing was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store/db.h"
#include "store/told_table.h"

static int put(struct db *db, const char *domain, int kind, long secs,
               struct err *err)
{
	struct told told = {.kind = (enum told_kind)kind,
	                    .since = time(NULL) - secs};
	struct db_txn *txn = db_begin_write(db);

	told_put(txn, domain, &told);
	return db_commit(&txn, err);
}

static int print(struct db *db, const char *domain, struct err *err)
{
	struct db_txn *txn = db_begin_read(db);
	struct arena arena = {0};
	struct told told;
	int found = told_get(txn, domain, INT64_MAX, &arena, &told);

	if (db_failure(txn, err) == 0)
		puts(found ? word_api(&words_told, told.kind) : "-");
	arena_clear(&arena);
	db_abort(&txn);
	return err->class;
}

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = 1u << 30};
	struct err err = {0};
	struct db *db;
	int kind = argc == 5 ? word_find(&words_told, argv[3]) : -1;

	if (kind < 0 && argc != 3) {
		fprintf(stderr,
		        "usage: told_row DIRECTORY DOMAIN [KIND SECONDS]\n");
		return 2;
	}
	options.directory = argv[1];
	options.create = argc == 5;
	if (db_open(&db, &options, &err) == 0) {
		if (argc == 5)
			put(db, argv[2], kind, atol(argv[4]), &err);
		else
			print(db, argv[2], &err);
		db_close(&db);
	}
	if (err.class < 0)
		fprintf(stderr, "told_row: %s\n", err.text);
	return err.class < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
