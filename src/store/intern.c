#include "store/intern.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "store/keys.h"

static const uint64_t ID_MAX = (UINT64_C(1) << 53) - 1;

static struct key id_key(int32_t day, uint64_t id)
{
	struct key key = key_of_day(day);

	key_u8(&key, INTERN_ID);
	key_u64(&key, id);
	return key;
}

static struct key hash_key(int32_t day, struct hash128 hash)
{
	struct key key = key_of_day(day);

	key_u8(&key, INTERN_HASH);
	key_hash(&key, hash);
	return key;
}

int intern_get(struct db_txn *txn, int32_t day, uint64_t id,
               struct db_value *blob)
{
	struct key key = id_key(day, id);

	return db_get(txn, TABLE_INTERN, key.bytes, key.len, blob);
}

/* The id in the row of a key; 0 when there is no row. */
static uint64_t read_id(struct db_txn *txn, const struct key *key)
{
	struct db_value value;
	uint64_t id;

	if (!db_get(txn, TABLE_INTERN, key->bytes, key->len, &value))
		return 0;
	if (!read_u64(value, &id) || id == 0)
		db_damaged(txn, TABLE_INTERN, key->bytes, key->len);
	return id;
}

/*
 * Where the bytes are, or should be: the first hash from theirs on whose row
 * has these bytes (*id is theirs) or does not exist (*id is 0).
 */
static struct key find(struct db_txn *txn, int32_t day, const void *blob,
                       size_t len, uint64_t *id)
{
	struct hash128 hash = hash128(db_seed(db_of(txn)), blob, len);

	for (;; hash = hash_next(hash)) {
		struct key key = hash_key(day, hash);
		struct db_value there;

		*id = read_id(txn, &key);
		if (*id == 0 || db_failed(txn))
			return key;
		if (!intern_get(txn, day, *id, &there))
			db_damaged(txn, TABLE_INTERN, key.bytes, key.len);
		else if (there.len == len && memcmp(there.data, blob, len) == 0)
			return key;
	}
}

int intern_find(struct db_txn *txn, int32_t day, const void *blob, size_t len,
                uint64_t *id)
{
	find(txn, day, blob, len, id);
	return *id != 0 && !db_failed(txn);
}

uint64_t intern_add(struct db_txn *txn, int32_t day, const void *blob,
                    size_t len)
{
	uint64_t id, last = 0;
	struct key by_hash = find(txn, day, blob, len, &id), by_id;

	if (id != 0)
		return id;
	meta_get(txn, META_LAST_POLICY_ID, &last);
	if (last >= ID_MAX) {
		db_fail(txn, ERR_LIMIT, "the store has no policy ids left");
		return 0;
	}
	id = last + 1;
	meta_put(txn, META_LAST_POLICY_ID, id);
	put_u64(txn, TABLE_INTERN, &by_hash, id);
	by_id = id_key(day, id);
	db_put(txn, TABLE_INTERN, by_id.bytes, by_id.len, blob, len);
	return id;
}
