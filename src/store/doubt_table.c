#include "store/doubt_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "store/keys.h"

static int decode(struct db_txn *txn, struct db_value key,
                  struct db_value value, struct doubt *doubt)
{
	struct reader reader;

	memset(doubt, 0, sizeof(*doubt));
	reader_init(&reader, value.data, value.len);
	while (reader_left(&reader) > 0 && !reader.failed &&
	       doubt->count < DOUBT_DAYS) {
		struct doubt_day *day = &doubt->days[doubt->count++];

		day->day = (int32_t)reader_u32(&reader);
		day->code = reader_u32(&reader);
		day->accepted = reader_u32(&reader);
	}
	if (!reader.failed && reader_left(&reader) == 0 && doubt->count > 0)
		return 1;
	db_damaged(txn, TABLE_DOUBT, key.data, key.len);
	return 0;
}

int doubt_get(struct db_txn *txn, const char *address, struct doubt *doubt)
{
	struct db_value key = {address, strlen(address)}, value;

	memset(doubt, 0, sizeof(*doubt));
	return db_get(txn, TABLE_DOUBT, key.data, key.len, &value) &&
	       decode(txn, key, value, doubt);
}

void doubt_put(struct db_txn *txn, const char *address,
               const struct doubt *doubt)
{
	auto_(strbuf_clear) struct strbuf value = {0};

	for (size_t i = 0; i < doubt->count; i++) {
		strbuf_u32(&value, (uint32_t)doubt->days[i].day);
		strbuf_u32(&value, doubt->days[i].code);
		strbuf_u32(&value, doubt->days[i].accepted);
	}
	db_put(txn, TABLE_DOUBT, address, strlen(address), value.data,
	       value.len);
}

bool doubt_note_refused(struct db_txn *txn, const char *address, int32_t day,
                        uint32_t code)
{
	struct doubt doubt;
	int found = doubt_get(txn, address, &doubt);

	if (!doubt_refused(&doubt, day, code)) {
		doubt_put(txn, address, &doubt);
		return false;
	}
	if (found)
		db_delete(txn, TABLE_DOUBT, address, strlen(address));
	return true;
}

void doubt_note_accepted(struct db_txn *txn, const char *address, int32_t day)
{
	struct doubt doubt;

	if (!doubt_get(txn, address, &doubt))
		return;
	doubt_accepted(&doubt, day);
	doubt_put(txn, address, &doubt);
}

void doubt_note_came_back(struct db_txn *txn, const char *address, int32_t day)
{
	struct doubt doubt;

	if (!doubt_get(txn, address, &doubt))
		return;
	doubt_came_back(&doubt, day);
	doubt_put(txn, address, &doubt);
}

static bool was_refused_since(const struct doubt *doubt, int32_t day)
{
	for (size_t i = 0; i < doubt->count; i++)
		if (doubt->days[i].day >= day && doubt->days[i].code != 0)
			return true;
	return false;
}

int doubt_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_DOUBT);
	struct db_value key, value;
	struct doubt doubt;
	uint64_t n = 0;

	for (bool more = db_seek(cursor, "", 0); more && n < DB_BATCH_ROWS;
	     more = db_next(cursor)) {
		db_at(cursor, &key, &value);
		if (!decode(txn, key, value, &doubt))
			break;
		if (was_refused_since(&doubt, before))
			continue;
		db_cursor_delete(cursor);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
