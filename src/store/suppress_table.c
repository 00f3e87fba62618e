#include "store/suppress_table.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/strbuf.h"
#include "base/moment.h"
#include "store/change_table.h"
#include "store/keys.h"

enum { SUPPRESS_SECS = 30 * DAY_SECS };

static int decode(struct db_txn *txn, struct db_value key,
                  struct db_value value, struct suppression *row)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	row->since = (int64_t)reader_u64(&reader);
	row->until = (int64_t)reader_u64(&reader);
	row->by_hand = reader_u8(&reader) != 0;
	read_text(&reader, row->reason, sizeof(row->reason));
	if (reader.failed || key.len > RUA_ADDRESS_MAX) {
		db_damaged(txn, TABLE_SUPPRESS, key.data, key.len);
		return 0;
	}
	/* the key may be the row's own address */
	memmove(row->address, key.data, key.len);
	row->address[key.len] = '\0';
	return 1;
}

int suppress_get(struct db_txn *txn, const char *address,
                 struct suppression *row)
{
	struct db_value key = {address, strlen(address)}, value;

	if (!db_get(txn, TABLE_SUPPRESS, key.data, key.len, &value))
		return 0;
	return decode(txn, key, value, row);
}

static void note(struct db_txn *txn, enum change_what what, const char *address)
{
	change_note(txn, CHANGE_SUPPRESSION, what, address, strlen(address));
}

void suppress_put(struct db_txn *txn, const struct suppression *row)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	size_t len = strlen(row->address);
	struct db_value before;
	int found = db_get(txn, TABLE_SUPPRESS, row->address, len, &before);

	strbuf_u64(&value, (uint64_t)row->since);
	strbuf_u64(&value, (uint64_t)row->until);
	strbuf_u8(&value, row->by_hand);
	strbuf_str(&value, row->reason);
	if (found && before.len == value.len &&
	    memcmp(before.data, value.data, value.len) == 0)
		return;
	note(txn, found ? CHANGE_UPDATED : CHANGE_CREATED, row->address);
	db_put(txn, TABLE_SUPPRESS, row->address, len, value.data, value.len);
}

/* Also an end of 30 days that a person has moved is a person's. */
static bool is_by_rule(const struct suppression *row)
{
	return !row->by_hand && row->until == row->since + SUPPRESS_SECS;
}

bool suppress_has_ended(const struct suppression *row, int64_t now)
{
	return row->until != 0 &&
	       moment_has_come(row->until, now,
	                       is_by_rule(row) ? SUPPRESS_SECS : MOMENT_STANDS);
}

void suppress_for_a_while(struct db_txn *txn, const char *address,
                          const char *reason, int64_t now)
{
	struct suppression row = {.since = now, .until = now + SUPPRESS_SECS};

	snprintf(row.address, sizeof(row.address), "%s", address);
	snprintf(row.reason, sizeof(row.reason), "%s", reason);
	suppress_put(txn, &row);
}

int suppress_delete(struct db_txn *txn, const char *address)
{
	size_t len = strlen(address);
	struct db_value value;

	if (!db_get(txn, TABLE_SUPPRESS, address, len, &value))
		return 0;
	db_delete(txn, TABLE_SUPPRESS, address, len);
	note(txn, CHANGE_DESTROYED, address);
	return 1;
}

int suppress_next(struct db_txn *txn, struct suppression *row)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_SUPPRESS);
	struct db_value key, value;
	/* its end, the NUL, makes it the first key after the address */
	size_t len = row->address[0] == '\0' ? 0 : strlen(row->address) + 1;

	if (!db_seek(cursor, row->address, len))
		return 0;
	db_at(cursor, &key, &value);
	return decode(txn, key, value, row);
}

int suppress_purge(struct db_txn *txn, int64_t now, uint64_t *rows)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_SUPPRESS);
	struct db_value key, value;
	struct suppression row;
	uint64_t n = 0;

	for (bool more = db_seek(cursor, "", 0); more && n < DB_BATCH_ROWS;
	     more = db_next(cursor)) {
		db_at(cursor, &key, &value);
		if (!decode(txn, key, value, &row))
			break;
		if (!suppress_has_ended(&row, now))
			continue;
		db_cursor_delete(cursor);
		note(txn, CHANGE_DESTROYED, row.address);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
