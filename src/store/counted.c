#include "store/counted.h"

#include <string.h>

#include "base/auto.h"

bool counted_read(const struct db_row *row, uint64_t *count,
                  struct db_value *bytes)
{
	struct reader reader = db_row_value(row);

	*count = reader_u64(&reader);
	*bytes = (struct db_value){reader.at, reader_left(&reader)};
	return !reader.failed;
}

bool counted_find(struct db_txn *txn, struct db_key *key, const void *bytes,
                  size_t len, uint64_t *count)
{
	struct hash128 hash = hash128(db_seed(db_of(txn)), bytes, len);
	size_t prefix_len = key->len;

	for (;; hash.low++) {
		struct db_value there;
		struct db_row row;

		*count = 0;
		key->len = prefix_len;
		key_hash(key, hash);
		if (!db_get(txn, key, &row))
			return false;
		if (db_row_is(txn, &row, counted_read(&row, count, &there)) &&
		    there.len == len && memcmp(there.data, bytes, len) == 0)
			return true;
	}
}

void counted_put(struct db_txn *txn, const struct db_key *key, uint64_t count,
                 const void *bytes, size_t len)
{
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, count);
	strbuf_add(&value, bytes, len);
	db_put(txn, key, &value);
}
