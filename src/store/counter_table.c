#include "store/counter_table.h"

#include "store/keys.h"

void counter_add(struct db_txn *txn, const char *name, uint64_t n)
{
	struct db_key key = key_of_text(TABLE_COUNTER, name);

	db_add_u64(txn, &key, n);
}

uint64_t counter_get(struct db_txn *txn, const char *name)
{
	struct db_key key = key_of_text(TABLE_COUNTER, name);
	struct reader value;
	struct db_row row;
	uint64_t n;

	if (!db_get(txn, &key, &row))
		return 0;
	value = db_row_value(&row);
	n = reader_u64(&value);
	return db_row_is(txn, &row, !value.failed) ? n : 0;
}

int counter_next(struct db_txn *txn, struct counter *counter)
{
	struct db_key from = key_after_text(TABLE_COUNTER, counter->name);
	struct reader key, value;
	struct db_row row;

	if (!db_get_from(txn, &from, &row))
		return 0;
	key = db_row_key(&row);
	value = db_row_value(&row);
	reader_rest(&key, counter->name, sizeof(counter->name));
	counter->n = reader_u64(&value);
	return db_row_is(txn, &row, !key.failed && !value.failed);
}
