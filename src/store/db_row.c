/* The functions of store/db.h on rows that need to know nothing of LMDB. */
#include <string.h>

#include "base/auto.h"
#include "base/be.h"
#include "store/db.h"

struct reader db_row_key(const struct db_row *row)
{
	struct reader reader;

	reader_init(&reader, row->key.data, row->key.len);
	return reader;
}

struct reader db_row_value(const struct db_row *row)
{
	struct reader reader;

	reader_init(&reader, row->value.data, row->value.len);
	return reader;
}

void db_put(struct db_txn *txn, const struct db_key *key,
            const struct strbuf *value)
{
	db_put_bytes(txn, key, value->data, value->len);
}

bool db_put_changed(struct db_txn *txn, const struct db_key *key,
                    const struct strbuf *value)
{
	struct db_row before;

	if (db_get(txn, key, &before) && before.value.len == value->len &&
	    memcmp(before.value.data, value->data, value->len) == 0)
		return false;
	db_put(txn, key, value);
	return true;
}

uint64_t db_get_u64(struct db_txn *txn, const struct db_key *key)
{
	struct db_row row;

	if (!db_get(txn, key, &row) ||
	    !db_row_is(txn, &row, row.value.len == sizeof(uint64_t)))
		return 0;
	return be_get(row.value.data, sizeof(uint64_t));
}

void db_put_u64(struct db_txn *txn, const struct db_key *key, uint64_t v)
{
	uint8_t bytes[sizeof(v)];

	be_put(bytes, v, sizeof(v));
	db_put_bytes(txn, key, bytes, sizeof(bytes));
}

void db_add_u64(struct db_txn *txn, const struct db_key *key, uint64_t n)
{
	db_put_u64(txn, key, db_get_u64(txn, key) + n);
}

static bool is_before(const struct db_value *key, const struct db_key *end)
{
	size_t len = key->len < end->len ? key->len : end->len;
	int order = memcmp(key->data, end->bytes, len);

	return order < 0 || (order == 0 && key->len < end->len);
}

size_t db_delete_before(struct db_txn *txn, const struct db_key *end,
                        size_t max)
{
	struct db_key all = {.table = end->table};
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);
	size_t n = 0;

	for (; n < max && db_rows_next(&rows) && is_before(&rows.row.key, end);
	     n++)
		db_rows_delete(&rows);
	return n;
}

int db_purge_before(struct db_txn *txn, const struct db_key *end,
                    uint64_t *rows)
{
	size_t n = db_delete_before(txn, end, DB_PURGE_ROWS);

	*rows += n;
	return n == DB_PURGE_ROWS;
}

void db_delete_from(struct db_txn *txn, const struct db_key *start)
{
	auto_(db_rows_end) struct db_rows rows = db_rows_from(txn, start);

	while (db_rows_next(&rows))
		db_rows_delete(&rows);
}
