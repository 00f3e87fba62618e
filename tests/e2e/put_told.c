/*
 * put_told - writes down that Postfix was told something of a domain, so many
 * seconds ago, as tlstally-policyd would
 *
 *     put_told DIRECTORY DOMAIN KIND SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store/db.h"
#include "store/told_table.h"

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = 1u << 30, .create = true};
	struct told told = {.problem = NULL};
	struct err err = {0};
	struct db_txn *txn;
	struct db *db;
	int kind = argc == 5 ? word_find(&words_told, argv[3]) : -1;

	if (kind < 0) {
		fprintf(stderr,
		        "usage: put_told DIRECTORY DOMAIN KIND SECONDS\n");
		return 2;
	}
	options.directory = argv[1];
	if (db_open(&db, &options, &err) < 0) {
		fprintf(stderr, "put_told: %s\n", err.text);
		return EXIT_FAILURE;
	}
	told.kind = (enum told_kind)kind;
	told.since = time(NULL) - atol(argv[4]);
	txn = db_begin_write(db);
	told_put(txn, argv[2], &told);
	if (db_commit(&txn, &err) < 0)
		fprintf(stderr, "put_told: %s\n", err.text);
	db_close(&db);
	return err.class < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
