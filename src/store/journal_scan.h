/*
 * journal_scan - what the journal's rows of a day say of it as a whole
 *
 * How much waits, and since when; the sums of the day; what rows say of feeds.
 * It takes a look at the head of each row, some 5 ms for 12 MiB.  A process
 * keeps it and reads on where the journal grew, so that a daemon that is asked
 * for its metrics every 15 seconds looks at what came in 15 seconds.
 */
#ifndef TLSTALLY_STORE_JOURNAL_SCAN_H
#define TLSTALLY_STORE_JOURNAL_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"
#include "store/journal_row.h"
#include "store/journal_table.h"

/* What waits of a day. */
struct journal_size {
	size_t bytes;
	uint64_t last;    /* number; 0: nothing waits */
	int64_t since;    /* secs */
	uint64_t damaged; /* rows that cannot be read */
};

struct journal_scan {
	uint64_t first; /* number */
	struct journal_size size;
	struct day_stats stats;
	struct day_domains domains;
	/* the last that rows say of each; the number of that row, 0: none */
	struct {
		struct feed feed;
		uint64_t number;
	} feeds[FEED_KINDS];
};

/* False: nothing waits. */
bool journal_scan_get(struct db_txn *txn, int32_t day,
                      struct journal_scan *scan);
/* The same of the rows up to that number. */
void journal_scan_until(struct db_txn *txn, int32_t day, uint64_t until,
                        struct journal_scan *scan);

/* The last that a row of any day says of the feed of that name. */
bool journal_scan_feed(struct db_txn *txn, const char *name, struct feed *feed);

/* The transaction appends rows: what it sees is nobody else's yet. */
void journal_scan_alone(struct db_txn *txn);

#endif
