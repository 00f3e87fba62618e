#include "store/tls_optional_table.h"

#include "store/keys.h"

static struct key id_key(int32_t day, const char *queue_id)
{
	struct key key = key_of_day(day);

	key_text(&key, queue_id);
	return key;
}

static bool has(struct db_txn *txn, const struct key *key)
{
	struct db_value value;

	return db_get(txn, TABLE_TLS_OPTIONAL, key->bytes, key->len, &value);
}

/* How many of a day there are. */
static uint64_t count_of(struct db_txn *txn, const struct key *day_key)
{
	struct db_value value;
	uint64_t count = 0;

	if (db_get(txn, TABLE_TLS_OPTIONAL, day_key->bytes, day_key->len,
	           &value) &&
	    !read_u64(value, &count))
		db_damaged(txn, TABLE_TLS_OPTIONAL, day_key->bytes,
		           day_key->len);
	return count;
}

void tls_optional_add(struct db_txn *txn, int32_t day, const char *queue_id)
{
	struct key day_key = key_of_day(day), key = id_key(day, queue_id);
	uint64_t count = count_of(txn, &day_key);

	if (queue_id[0] == '\0' || count >= TLS_OPTIONAL_MAX || has(txn, &key))
		return;
	db_put(txn, TABLE_TLS_OPTIONAL, key.bytes, key.len, NULL, 0);
	put_u64(txn, TABLE_TLS_OPTIONAL, &day_key, count + 1);
}

bool tls_optional_has(struct db_txn *txn, int32_t day, const char *queue_id)
{
	for (int32_t i = 0; i < TLS_OPTIONAL_DAYS && queue_id[0] != '\0'; i++) {
		struct key key = id_key(day - i, queue_id);

		if (has(txn, &key))
			return true;
	}
	return false;
}

int tls_optional_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return purge_days(txn, TABLE_TLS_OPTIONAL, before, rows);
}
