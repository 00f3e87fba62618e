#include "store/line_table.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "store/keys.h"

enum { DAY_LINES = 6 };

static struct key key_of(int32_t day, enum line_fate fate, int64_t uid)
{
	struct key key = key_of_day(day);

	key_u8(&key, DAY_LINES);
	key_u8(&key, (uint8_t)fate);
	key_u64(&key, (uint64_t)(uid + 1));
	return key;
}

static int decode(struct db_txn *txn, const struct key *key,
                  struct db_value value, struct line_count *row)
{
	struct reader reader;
	const void *text;
	size_t len;

	reader_init(&reader, value.data, value.len);
	row->n = reader_u64(&reader);
	len = reader_left(&reader);
	text = reader_bytes(&reader, len);
	if (reader.failed || len >= sizeof(row->first)) {
		db_damaged(txn, TABLE_DAY, key->bytes, key->len);
		return 0;
	}
	if (len > 0)
		memcpy(row->first, text, len);
	row->first[len] = '\0';
	return 1;
}

void line_count_add(struct db_txn *txn, int32_t day,
                    const struct line_count *delta)
{
	struct key key = key_of(day, delta->fate, delta->uid);
	struct line_count row = *delta, had;
	struct strbuf out;
	struct db_value value;

	if (db_get(txn, TABLE_DAY, key.bytes, key.len, &value) &&
	    decode(txn, &key, value, &had)) {
		row.n += had.n;
		if (had.first[0] != '\0')
			memcpy(row.first, had.first, sizeof(row.first));
	}
	strbuf_init(&out, 0);
	strbuf_u64(&out, row.n);
	strbuf_puts(&out, row.first);
	db_put(txn, TABLE_DAY, key.bytes, key.len, out.data, out.len);
	strbuf_clear(&out);
}

int line_count_next(struct db_txn *txn, int32_t day, struct line_count *row)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_DAY);
	struct key prefix = key_of_day(day), from;
	struct db_value key, value;
	struct reader reader;

	key_u8(&prefix, DAY_LINES);
	from = row->fate == 0 ? prefix : key_of(day, row->fate, row->uid + 1);
	if (!db_seek(cursor, from.bytes, from.len))
		return 0;
	db_at(cursor, &key, &value);
	if (!key_has_prefix(&key, &prefix))
		return 0;
	reader_init(&reader, (const char *)key.data + prefix.len,
	            key.len - prefix.len);
	row->fate = reader_u8(&reader);
	row->uid = (int64_t)reader_u64(&reader) - 1;
	if (reader.failed || row->fate >= LINE_FATES) {
		db_damaged(txn, TABLE_DAY, key.data, key.len);
		return 0;
	}
	from = key_of(day, row->fate, row->uid);
	return decode(txn, &from, value, row);
}
