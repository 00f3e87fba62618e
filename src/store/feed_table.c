#include "store/feed_table.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/moment.h"
#include "store/journal_scan.h"
#include "store/keys.h"

static int decode(struct db_txn *txn, const struct db_row *row,
                  struct feed *feed)
{
	struct reader key = db_row_key(row), value = db_row_value(row);
	size_t left;

	feed->watermark = (int64_t)reader_u64(&value);
	feed->seen_at = (int64_t)reader_u64(&value);
	feed->last_event = (int64_t)reader_u64(&value);
	feed->events = reader_u64(&value);
	left = reader_left(&value);
	/* rows without it are older than the words */
	snprintf(feed->trouble, sizeof(feed->trouble), "%.*s", (int)left,
	         left > 0 ? (const char *)reader_bytes(&value, left) : "");
	reader_rest(&key, feed->name, sizeof(feed->name));
	return db_row_is(txn, row, !value.failed && !key.failed);
}

/* A row of the journal is newer than the feed's own, unless a day with a newer
 * one was applied before its day: events are only ever added. */
static int look_further(struct db_txn *txn, struct feed *feed)
{
	struct feed newer;

	if (journal_scan_feed(txn, feed->name, &newer) &&
	    newer.events >= feed->events)
		*feed = newer;
	return !db_failed(txn);
}

int feed_table_get(struct db_txn *txn, const char *name, struct feed *feed)
{
	struct db_key key = key_of_text(TABLE_FEED, name);
	struct db_row row;

	return db_get(txn, &key, &row) && decode(txn, &row, feed) &&
	       look_further(txn, feed);
}

void feed_table_put(struct db_txn *txn, const struct feed *feed)
{
	struct db_key key = key_of_text(TABLE_FEED, feed->name);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, (uint64_t)feed->watermark);
	strbuf_u64(&value, (uint64_t)feed->seen_at);
	strbuf_u64(&value, (uint64_t)feed->last_event);
	strbuf_u64(&value, feed->events);
	strbuf_puts(&value, feed->trouble);
	db_put(txn, &key, &value);
}

void feed_table_begin(struct db_txn *txn, const struct feed *feed)
{
	struct db_key key = key_of_text(TABLE_FEED, feed->name);
	struct db_row row;

	if (!db_get(txn, &key, &row))
		feed_table_put(txn, feed);
}

bool feed_table_delete(struct db_txn *txn, const char *name)
{
	struct db_key key = key_of_text(TABLE_FEED, name);

	return db_delete(txn, &key);
}

int feed_table_next(struct db_txn *txn, struct feed *feed)
{
	struct db_key from = key_after_text(TABLE_FEED, feed->name);
	struct db_row row;

	return db_get_from(txn, &from, &row) && decode(txn, &row, feed) &&
	       look_further(txn, feed);
}

int feed_table_conflict(struct db_txn *txn, const char *mine, int64_t now,
                        struct feed *other)
{
	*other = (struct feed){0};
	while (feed_table_next(txn, other))
		if (strcmp(other->name, mine) != 0 &&
		    feed_kind(mine)->counts_sessions &&
		    feed_kind(other->name)->counts_sessions &&
		    moment_age(other->last_event, now) <= FEED_IN_USE_SECS)
			return 1;
	return 0;
}
