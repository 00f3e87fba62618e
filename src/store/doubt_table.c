#include "store/doubt_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"

static int decode(struct db_txn *txn, const struct db_row *row,
                  struct doubt *doubt)
{
	struct reader reader = db_row_value(row);

	memset(doubt, 0, sizeof(*doubt));
	while (reader_left(&reader) > 0 && doubt->count < DOUBT_DAYS) {
		struct doubt_day *day = &doubt->days[doubt->count++];

		day->day = (int32_t)reader_u32(&reader);
		day->code = reader_u32(&reader);
		day->accepted = reader_u32(&reader);
	}
	return db_row_is(txn, row, reader_is_done(&reader) && doubt->count > 0);
}

int doubt_table_get(struct db_txn *txn, const char *address,
                    struct doubt *doubt)
{
	struct db_key key = key_of_text(TABLE_DOUBT, address);
	struct db_row row;

	memset(doubt, 0, sizeof(*doubt));
	return db_get(txn, &key, &row) && decode(txn, &row, doubt);
}

static void put_doubt(struct db_txn *txn, const char *address,
                      const struct doubt *doubt)
{
	struct db_key key = key_of_text(TABLE_DOUBT, address);
	auto_(strbuf_clear) struct strbuf value = {0};

	for (size_t i = 0; i < doubt->count; i++) {
		strbuf_u32(&value, (uint32_t)doubt->days[i].day);
		strbuf_u32(&value, doubt->days[i].code);
		strbuf_u32(&value, doubt->days[i].accepted);
	}
	db_put(txn, &key, &value);
}

bool doubt_table_note_refused(struct db_txn *txn, const char *address,
                              int32_t day, uint32_t code)
{
	struct db_key key = key_of_text(TABLE_DOUBT, address);
	struct doubt doubt;

	doubt_table_get(txn, address, &doubt);
	if (!doubt_refused(&doubt, day, code)) {
		put_doubt(txn, address, &doubt);
		return false;
	}
	db_delete(txn, &key);
	return true;
}

void doubt_table_note_accepted(struct db_txn *txn, const char *address,
                               int32_t day)
{
	struct doubt doubt;

	if (!doubt_table_get(txn, address, &doubt))
		return;
	doubt_accepted(&doubt, day);
	put_doubt(txn, address, &doubt);
}

void doubt_table_note_came_back(struct db_txn *txn, const char *address,
                                int32_t day)
{
	struct doubt doubt;

	if (!doubt_table_get(txn, address, &doubt))
		return;
	doubt_came_back(&doubt, day);
	put_doubt(txn, address, &doubt);
}

static bool was_refused_since(const struct doubt *doubt, int32_t day)
{
	for (size_t i = 0; i < doubt->count; i++)
		if (doubt->days[i].day >= day && doubt->days[i].code != 0)
			return true;
	return false;
}

int doubt_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	struct db_key all = key_of(TABLE_DOUBT);
	auto_(db_rows_end) struct db_rows each = db_rows(txn, &all);
	struct doubt doubt;
	uint64_t n = 0;

	while (n < DB_BATCH_ROWS && db_rows_next(&each) &&
	       decode(txn, &each.row, &doubt)) {
		if (was_refused_since(&doubt, before))
			continue;
		db_rows_delete(&each);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
