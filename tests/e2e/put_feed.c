/*
 * put_feed - makes a store believe that a feed has counted something, just now
 * or some seconds ago
 *
 *     put_feed DIRECTORY NAME [SECONDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store/db.h"
#include "store/feed_table.h"

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = 1u << 30, .create = true};
	struct feed feed = {.events = 1};
	struct err err = {0};
	struct db_txn *txn;
	struct db *db;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: put_feed DIRECTORY NAME [SECONDS]\n");
		return 2;
	}
	options.directory = argv[1];
	if (db_open(&db, &options, &err) < 0) {
		fprintf(stderr, "put_feed: %s\n", err.text);
		return EXIT_FAILURE;
	}
	snprintf(feed.name, sizeof(feed.name), "%s", argv[2]);
	feed.watermark = feed.seen_at = feed.last_event =
		time(NULL) - (argc == 4 ? atol(argv[3]) : 0);
	txn = db_begin_write(db);
	feed_table_put(txn, &feed);
	if (db_commit(&txn, &err) < 0)
		fprintf(stderr, "put_feed: %s\n", err.text);
	db_close(&db);
	return err.class < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
