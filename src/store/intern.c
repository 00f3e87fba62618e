#include "store/intern.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "store/keys.h"
#include "store/meta_table.h"

static const uint64_t ID_MAX = (UINT64_C(1) << 53) - 1;

static struct db_key id_key(int32_t day, uint64_t id)
{
	struct db_key key = key_of_day(TABLE_INTERN, day);

	key_u8(&key, INTERN_ID);
	key_u64(&key, id);
	return key;
}

int intern_get(struct db_txn *txn, int32_t day, uint64_t id,
               struct db_value *blob)
{
	struct db_key key = id_key(day, id);
	struct db_row row;

	if (!db_get(txn, &key, &row))
		return 0;
	*blob = row.value;
	return 1;
}

/* So many first bytes of a policy are its type and where its domain begins. */
enum { NEAR_BYTES = 16 };

static struct db_key near_key(int32_t day, const void *blob, size_t len,
                              uint64_t hash)
{
	struct db_key key = key_of_day(TABLE_INTERN, day);

	key_u8(&key, INTERN_NEAR);
	key_bytes(&key, blob, len < NEAR_BYTES ? len : NEAR_BYTES);
	key_u64(&key, hash);
	return key;
}

static struct db_key hash_key(int32_t day, struct hash128 hash)
{
	struct db_key key = key_of_day(TABLE_INTERN, day);

	key_u8(&key, INTERN_HASH);
	key_hash(&key, hash);
	return key;
}

/* Is the key's row the place of these bytes: theirs (*id is theirs) or nobody's
 * (*id is 0)? */
static bool is_place(struct db_txn *txn, const struct db_key *key, int32_t day,
                     const void *blob, size_t len, uint64_t *id)
{
	struct db_value there;
	struct reader reader;
	struct db_row row;

	*id = 0;
	if (!db_get(txn, key, &row))
		return true;
	reader = db_row_value(&row);
	*id = reader_u64(&reader);
	return !db_row_is(txn, &row,
	                  reader_is_done(&reader) && *id != 0 &&
	                          intern_get(txn, day, *id, &there)) ||
	       (there.len == len && memcmp(there.data, blob, len) == 0);
}

/* Where the bytes are, or should be: from their hash on. */
static struct db_key find_blob(struct db_txn *txn, int32_t day,
                               const void *blob, size_t len, uint64_t *id)
{
	uint64_t hash = hash64(db_seed(db_of(txn)), blob, len);
	struct db_key key = near_key(day, blob, len, hash);

	while (!is_place(txn, &key, day, blob, len, id))
		key = near_key(day, blob, len, ++hash);
	return key;
}

/* Where a store of schema version 3 has them. */
static void find_old(struct db_txn *txn, int32_t day, const void *blob,
                     size_t len, uint64_t *id)
{
	struct hash128 hash = hash128(db_seed(db_of(txn)), blob, len);
	struct db_key key = hash_key(day, hash);

	while (!is_place(txn, &key, day, blob, len, id)) {
		hash.low++;
		key = hash_key(day, hash);
	}
}

int intern_find(struct db_txn *txn, int32_t day, const void *blob, size_t len,
                uint64_t *id)
{
	find_blob(txn, day, blob, len, id);
	if (*id == 0)
		find_old(txn, day, blob, len, id);
	return *id != 0 && !db_failed(txn);
}

uint64_t intern_reserve(struct db_txn *txn, uint64_t count)
{
	uint64_t last = meta_get(txn, META_LAST_POLICY_ID);

	if (last > ID_MAX - count) {
		db_fail(txn, ERR_LIMIT, "the store has no more policy ids");
		return 0;
	}
	meta_put(txn, META_LAST_POLICY_ID, last + count);
	return last + 1;
}

uint64_t intern_add(struct db_txn *txn, int32_t day, const void *blob,
                    size_t len, uint64_t id)
{
	uint64_t found;
	struct db_key by_bytes = find_blob(txn, day, blob, len, &found), by_id;

	if (found != 0)
		return found;
	if (id == 0)
		id = intern_reserve(txn, 1);
	if (id == 0)
		return 0;
	db_put_u64(txn, &by_bytes, id);
	by_id = id_key(day, id);
	db_put_bytes(txn, &by_id, blob, len);
	return id;
}

int intern_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_INTERN, before, rows);
}
