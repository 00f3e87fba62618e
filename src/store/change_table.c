#include "store/change_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/be.h"
#include "base/xalloc.h"
#include "store/journal_table.h"
#include "store/keys.h"
#include "store/meta_table.h"

static struct db_key state_key(enum change_type type)
{
	struct db_key key = key_of(TABLE_CHANGE);

	key_u8(&key, (uint8_t)type);
	return key;
}

static struct db_key row_key(enum change_type type, uint64_t state)
{
	struct db_key key = state_key(type);

	key_u64(&key, state);
	return key;
}

uint64_t change_state(struct db_txn *txn, enum change_type type)
{
	struct db_key key = state_key(type);
	uint64_t state = db_get_u64(txn, &key);
	uint64_t last = type == CHANGE_DOMAIN ? journal_table_last(txn) : 0;

	return state > last ? state : last;
}

uint64_t change_epoch(struct db_txn *txn)
{
	return meta_get(txn, META_EPOCH);
}

void change_epoch_renew(struct db_txn *txn)
{
	uint64_t epoch;

	hash_random_bytes(&epoch, sizeof(epoch));
	meta_put(txn, META_EPOCH, epoch);
}

uint64_t change_touch(struct db_txn *txn, enum change_type type)
{
	struct db_key key = state_key(type);
	uint64_t state = change_state(txn, type) + 1;

	db_put_u64(txn, &key, state);
	return state;
}

/* What this transaction has noted last, of each type. */
struct noted {
	struct change last[CHANGE_RECEIVED + 1];
};

static void *noted_new(void)
{
	return xcalloc(1, sizeof(struct noted));
}

/* Nobody else has seen what this transaction noted: one more change of the same
 * object is that change, and a destroyed one need not have been updated. */
static bool is_noted(struct db_txn *txn, const struct change *last,
                     enum change_type type, enum change_what what,
                     const void *id, size_t id_len)
{
	return last->state != 0 && last->id_len == id_len &&
	       id_len <= CHANGE_ID_MAX && memcmp(last->id, id, id_len) == 0 &&
	       (what == CHANGE_UPDATED
	                ? last->what != CHANGE_DESTROYED
	                : what == CHANGE_DESTROYED &&
	                          last->what == CHANGE_UPDATED) &&
	       last->state == change_state(txn, type);
}

static void put_row(struct db_txn *txn, enum change_type type, uint64_t state,
                    enum change_what what, const void *id, size_t id_len)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct db_key key = row_key(type, state);

	strbuf_u8(&value, (uint8_t)what);
	strbuf_add(&value, id, id_len);
	db_put(txn, &key, &value);
}

void change_note(struct db_txn *txn, enum change_type type,
                 enum change_what what, const void *id, size_t id_len)
{
	struct noted *noted =
		db_txn_memory(txn, DB_MEMORY_CHANGES, noted_new, free);
	struct change *last = &noted->last[type];
	struct db_key old;

	if (is_noted(txn, last, type, what, id, id_len)) {
		if (what == CHANGE_UPDATED)
			return;
		put_row(txn, type, last->state, what, id, id_len);
		last->what = what;
		return;
	}
	last->state = change_touch(txn, type);
	last->what = what;
	last->id_len = id_len;
	memcpy(last->id, id, id_len < CHANGE_ID_MAX ? id_len : CHANGE_ID_MAX);
	put_row(txn, type, last->state, what, id, id_len);
	if (last->state > CHANGE_LOG_MAX) {
		old = row_key(type, last->state - CHANGE_LOG_MAX);
		db_delete(txn, &old);
	}
}

void change_note_id(struct db_txn *txn, enum change_type type,
                    enum change_what what, uint64_t id)
{
	uint8_t bytes[sizeof(id)];

	be_put(bytes, id, sizeof(bytes));
	change_note(txn, type, what, bytes, sizeof(bytes));
}

int change_after(struct db_txn *txn, enum change_type type, uint64_t state,
                 struct change *change)
{
	struct db_key key = row_key(type, state + 1);
	struct reader reader;
	struct db_row row;

	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	change->state = state + 1;
	change->what = reader_u8(&reader);
	change->id_len = reader_left(&reader);
	if (!db_row_is(txn, &row,
	               !reader.failed && change->what >= CHANGE_CREATED &&
	                       change->what <= CHANGE_DESTROYED &&
	                       change->id_len <= CHANGE_ID_MAX))
		return 0;
	memcpy(change->id, reader.at, change->id_len);
	return 1;
}
