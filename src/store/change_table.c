#include "store/change_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "store/keys.h"

static struct key state_key(enum change_type type)
{
	struct key key;

	key_init(&key);
	key_u8(&key, (uint8_t)type);
	return key;
}

static struct key row_key(enum change_type type, uint64_t state)
{
	struct key key = state_key(type);

	key_u64(&key, state);
	return key;
}

uint64_t change_state(struct db_txn *txn, enum change_type type)
{
	struct key key = state_key(type);
	struct db_value value;
	uint64_t state = 0;

	if (db_get(txn, TABLE_CHANGE, key.bytes, key.len, &value) &&
	    !read_u64(value, &state))
		db_damaged(txn, TABLE_CHANGE, key.bytes, key.len);
	return state;
}

uint64_t change_epoch(struct db_txn *txn)
{
	uint64_t epoch = 0;

	meta_get(txn, META_EPOCH, &epoch);
	return epoch;
}

void change_epoch_renew(struct db_txn *txn)
{
	uint64_t epoch;

	random_bytes(&epoch, sizeof(epoch));
	meta_put(txn, META_EPOCH, epoch);
}

uint64_t change_touch(struct db_txn *txn, enum change_type type)
{
	struct key key = state_key(type);
	uint64_t state = change_state(txn, type) + 1;

	put_u64(txn, TABLE_CHANGE, &key, state);
	return state;
}

void change_note(struct db_txn *txn, enum change_type type,
                 enum change_what what, const void *id, size_t id_len)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct key key;
	uint64_t state;

	state = change_touch(txn, type);
	key = row_key(type, state);
	strbuf_u8(&value, (uint8_t)what);
	strbuf_add(&value, id, id_len);
	db_put(txn, TABLE_CHANGE, key.bytes, key.len, value.data, value.len);
	if (state > CHANGE_LOG_MAX) {
		key = row_key(type, state - CHANGE_LOG_MAX);
		db_delete(txn, TABLE_CHANGE, key.bytes, key.len);
	}
}

void change_note_id(struct db_txn *txn, enum change_type type,
                    enum change_what what, uint64_t id)
{
	struct key key = key_of_id(id);

	change_note(txn, type, what, key.bytes, key.len);
}

static bool row_read(struct db_value value, struct change *change)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	change->what = reader_u8(&reader);
	change->id_len = reader_left(&reader);
	if (reader.failed || change->what < CHANGE_CREATED ||
	    change->what > CHANGE_DESTROYED || change->id_len > CHANGE_ID_MAX)
		return false;
	memcpy(change->id, reader.at, change->id_len);
	return true;
}

int change_after(struct db_txn *txn, enum change_type type, uint64_t state,
                 struct change *change)
{
	struct key key = row_key(type, state + 1);
	struct db_value value;

	if (!db_get(txn, TABLE_CHANGE, key.bytes, key.len, &value))
		return 0;
	change->state = state + 1;
	if (row_read(value, change))
		return 1;
	db_damaged(txn, TABLE_CHANGE, key.bytes, key.len);
	return 0;
}
