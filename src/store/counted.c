#include "store/counted.h"

#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/reader.h"
#include "base/strbuf.h"

bool counted_read(struct db_value value, uint64_t *count,
                  struct db_value *bytes)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	*count = reader_u64(&reader);
	bytes->len = reader_left(&reader);
	bytes->data = reader_bytes(&reader, bytes->len);
	return !reader.failed;
}

bool counted_find(struct db_txn *txn, enum db_table table,
                  const struct key *prefix, const void *bytes, size_t len,
                  struct key *key, uint64_t *count)
{
	struct hash128 hash = hash128(db_seed(db_of(txn)), bytes, len);

	for (;; hash = hash_next(hash)) {
		struct db_value value, there;

		*count = 0;
		*key = *prefix;
		key_hash(key, hash);
		if (!db_get(txn, table, key->bytes, key->len, &value))
			return false;
		if (!counted_read(value, count, &there))
			db_damaged(txn, table, key->bytes, key->len);
		else if (there.len == len &&
		         memcmp(there.data, bytes, len) == 0)
			return true;
	}
}

void counted_put(struct db_txn *txn, enum db_table table, const struct key *key,
                 uint64_t count, const void *bytes, size_t len)
{
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, count);
	strbuf_add(&value, bytes, len);
	db_put(txn, table, key->bytes, key->len, value.data, value.len);
}
