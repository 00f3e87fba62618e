#include "store/counter_table.h"

#include "store/keys.h"

void counter_add(struct db_txn *txn, const char *name, uint64_t n)
{
	struct db_key key = key_of_text(TABLE_COUNTER, name);

	db_add_u64(txn, &key, n);
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
