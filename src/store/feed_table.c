#include "store/feed_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "base/moment.h"
#include "store/keys.h"

/* Rows without it are older than the words. */
static void decode_trouble(struct reader *reader, struct feed *feed)
{
	size_t len = reader_left(reader);
	const void *text = reader_bytes(reader, len);

	if (len > FEED_TROUBLE_MAX)
		len = FEED_TROUBLE_MAX;
	if (len > 0)
		memcpy(feed->trouble, text, len);
	feed->trouble[len] = '\0';
}

static int decode(struct db_txn *txn, struct db_value key,
                  struct db_value value, struct feed *feed)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	feed->watermark = (int64_t)reader_u64(&reader);
	feed->seen_at = (int64_t)reader_u64(&reader);
	feed->last_event = (int64_t)reader_u64(&reader);
	feed->events = reader_u64(&reader);
	decode_trouble(&reader, feed);
	if (reader.failed || key.len > FEED_NAME_MAX) {
		db_damaged(txn, TABLE_FEED, key.data, key.len);
		return 0;
	}
	memmove(feed->name, key.data, key.len);
	feed->name[key.len] = '\0';
	return 1;
}

int feed_get(struct db_txn *txn, const char *name, struct feed *feed)
{
	struct db_value key = {name, strlen(name)}, value;

	if (!db_get(txn, TABLE_FEED, key.data, key.len, &value))
		return 0;
	return decode(txn, key, value, feed);
}

void feed_put(struct db_txn *txn, const struct feed *feed)
{
	struct strbuf value;

	strbuf_init(&value, 0);
	strbuf_u64(&value, (uint64_t)feed->watermark);
	strbuf_u64(&value, (uint64_t)feed->seen_at);
	strbuf_u64(&value, (uint64_t)feed->last_event);
	strbuf_u64(&value, feed->events);
	strbuf_puts(&value, feed->trouble);
	db_put(txn, TABLE_FEED, feed->name, strlen(feed->name), value.data,
	       value.len);
	strbuf_clear(&value);
}

int feed_next(struct db_txn *txn, struct feed *feed)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_FEED);
	struct db_value key, value;
	/* its end, the NUL, makes it the first key after the name */
	size_t len = feed->name[0] == '\0' ? 0 : strlen(feed->name) + 1;

	if (!db_seek(cursor, feed->name, len))
		return 0;
	db_at(cursor, &key, &value);
	return decode(txn, key, value, feed);
}

int feed_conflict(struct db_txn *txn, const char *mine, int64_t now,
                  struct feed *other)
{
	*other = (struct feed){0};
	while (feed_next(txn, other))
		if (strcmp(other->name, mine) != 0 &&
		    feed_kind(mine)->counts_sessions &&
		    feed_kind(other->name)->counts_sessions &&
		    moment_age(other->last_event, now) <= FEED_IN_USE_SECS)
			return 1;
	return 0;
}
