#include "store/finding_table.h"

#include "base/auto.h"
#include "store/keys.h"

int finding_get(struct db_txn *txn, const char *name, struct finding_seen *seen)
{
	struct db_key key = key_of_text(TABLE_FINDING, name);
	struct reader reader;
	struct db_row row;

	*seen = (struct finding_seen){.since = 0};
	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	seen->since = (int64_t)reader_u64(&reader);
	seen->grade = reader_u8(&reader);
	return db_row_is(txn, &row, reader_is_done(&reader));
}

void finding_put(struct db_txn *txn, const char *name,
                 const struct finding_seen *seen)
{
	struct db_key key = key_of_text(TABLE_FINDING, name);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, (uint64_t)seen->since);
	strbuf_u8(&value, (uint8_t)seen->grade);
	db_put(txn, &key, &value);
}

void finding_delete(struct db_txn *txn, const char *name)
{
	struct db_key key = key_of_text(TABLE_FINDING, name);

	db_delete(txn, &key);
}

int finding_next(struct db_txn *txn, char name[DB_KEY_MAX + 1])
{
	struct db_key from = key_after_text(TABLE_FINDING, name);
	struct reader key;
	struct db_row row;

	if (!db_get_from(txn, &from, &row))
		return 0;
	key = db_row_key(&row);
	reader_rest(&key, name, DB_KEY_MAX + 1);
	return 1;
}
