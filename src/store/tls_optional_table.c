#include "store/tls_optional_table.h"

#include "store/keys.h"

void tls_optional_add(struct db_txn *txn, int32_t day, const char *queue_id)
{
	struct db_key count = key_of_day(TABLE_TLS_OPTIONAL, day);
	struct db_key key = key_of_day_text(TABLE_TLS_OPTIONAL, day, queue_id);
	struct db_row row;

	if (queue_id[0] == '\0' ||
	    db_get_u64(txn, &count) >= TLS_OPTIONAL_MAX ||
	    db_get(txn, &key, &row))
		return;
	db_put_bytes(txn, &key, NULL, 0);
	db_add_u64(txn, &count, 1);
}

bool tls_optional_has(struct db_txn *txn, int32_t day, const char *queue_id)
{
	struct db_row row;

	for (int32_t i = 0; i < TLS_OPTIONAL_DAYS && queue_id[0] != '\0'; i++) {
		struct db_key key =
			key_of_day_text(TABLE_TLS_OPTIONAL, day - i, queue_id);

		if (db_get(txn, &key, &row))
			return true;
	}
	return false;
}

int tls_optional_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_TLS_OPTIONAL, before, rows);
}
