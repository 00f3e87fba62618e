/*
 * feed_table - how far each source of events has counted
 *
 * What a row of the journal of counts says of a feed is newer than its own row,
 * which it has from its first commit on.
 *
 * A feed ("events", "log") commits its watermark with its counts: everything
 * before that moment is counted.  The rollup waits for the watermarks of the
 * feeds seen lately before it closes a day.
 */
#ifndef TLSTALLY_STORE_FEED_TABLE_H
#define TLSTALLY_STORE_FEED_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"
#include "words/feed.h"

int feed_table_get(struct db_txn *txn, const char *name, struct feed *feed);
void feed_table_put(struct db_txn *txn, const struct feed *feed);
/* The same unless it has a row of its own, whatever that says. */
void feed_table_begin(struct db_txn *txn, const struct feed *feed);
/* Its daemon is not used any more: no day waits for it, and nobody asks after
 * it.  True when there was one. */
bool feed_table_delete(struct db_txn *txn, const char *name);
/* 1 when another feed than mine has counted sessions within FEED_IN_USE_SECS,
 * and that feed; else 0. */
int feed_table_conflict(struct db_txn *txn, const char *mine, int64_t now,
                        struct feed *other);

/* The next feed by name after feed->name (begin with ""); 0 at the end. */
int feed_table_next(struct db_txn *txn, struct feed *feed);

#endif
