#include "store/counter_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"

void counter_add(struct db_txn *txn, const char *name, uint64_t n)
{
	struct key key = key_of_text(name);
	struct db_value value;
	uint64_t before = 0;

	if (db_get(txn, TABLE_COUNTER, key.bytes, key.len, &value) &&
	    !read_u64(value, &before))
		db_damaged(txn, TABLE_COUNTER, key.bytes, key.len);
	put_u64(txn, TABLE_COUNTER, &key, before + n);
}

int counter_next(struct db_txn *txn, struct counter *counter)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_COUNTER);
	struct db_value key, value;
	/* its end, the NUL, makes it the first key after the name */
	size_t len = counter->name[0] == '\0' ? 0 : strlen(counter->name) + 1;

	if (!db_seek(cursor, counter->name, len))
		return 0;
	db_at(cursor, &key, &value);
	if (key.len >= COUNTER_NAME_TEXT || !read_u64(value, &counter->n)) {
		db_damaged(txn, TABLE_COUNTER, key.data, key.len);
		return 0;
	}
	memmove(counter->name, key.data, key.len);
	counter->name[key.len] = '\0';
	return 1;
}
