#include "store/due_table.h"

#include <string.h>

#include "store/keys.h"

static struct db_key due_key(int64_t due, uint64_t id, uint16_t index)
{
	struct db_key key = key_of_id(TABLE_DUE, (uint64_t)due);

	key_u64(&key, id);
	key_u16(&key, index);
	return key;
}

static struct db_key receiver_key(int64_t due, const char *receiver)
{
	struct db_key key = due_key(due, 0, 0);

	key_text(&key, receiver);
	return key;
}

void due_put(struct db_txn *txn, int64_t due, uint64_t id, uint16_t index)
{
	struct db_key key = due_key(due, id, index);

	db_put_bytes(txn, &key, "", 0);
}

void due_delete(struct db_txn *txn, int64_t due, uint64_t id, uint16_t index)
{
	struct db_key key = due_key(due, id, index);

	db_delete(txn, &key);
}

int due_next(struct db_txn *txn, int64_t until, struct due_row *row)
{
	struct db_key from = due_key(row->due, row->id, row->index);
	struct reader key;
	struct db_row found;

	/* a byte more: the first key after the one given */
	key_text(&from, row->receiver);
	if (row->due != 0)
		key_u8(&from, 0);
	if (!db_get_from(txn, &from, &found))
		return 0;
	key = db_row_key(&found);
	row->due = (int64_t)reader_u64(&key);
	row->id = reader_u64(&key);
	row->index = reader_u16(&key);
	reader_rest(&key, row->receiver, sizeof(row->receiver));
	return db_row_is(txn, &found,
	                 !key.failed && row->due > 0 &&
	                         (row->id == 0) ==
	                                 (row->receiver[0] != '\0')) &&
	       row->due <= until;
}

int64_t due_first(struct db_txn *txn)
{
	struct due_row row = {0};

	return due_next(txn, INT64_MAX, &row) ? row.due : 0;
}

/* The queue's own row, which says when its turn is, comes before the rest. */
static struct db_key queue_key(const char *receiver)
{
	struct db_key key = key_of_text(TABLE_QUEUE, receiver);

	key_u8(&key, 0);
	return key;
}

static struct db_key waiting_key(const char *receiver,
                                 struct due_waiting waiting)
{
	struct db_key key = queue_key(receiver);

	key_u64(&key, waiting.id);
	key_u16(&key, waiting.index);
	return key;
}

int64_t due_receiver(struct db_txn *txn, const char *receiver)
{
	struct db_key key = queue_key(receiver);

	return (int64_t)db_get_u64(txn, &key);
}

void due_receiver_set(struct db_txn *txn, const char *receiver, int64_t due)
{
	struct db_key key = queue_key(receiver);
	int64_t before = due_receiver(txn, receiver);
	struct db_key at = receiver_key(before, receiver);

	if (due == before)
		return;
	if (before != 0)
		db_delete(txn, &at);
	if (due == 0) {
		db_delete(txn, &key);
		return;
	}
	at = receiver_key(due, receiver);
	db_put_bytes(txn, &at, "", 0);
	db_put_u64(txn, &key, (uint64_t)due);
}

void due_queue_put(struct db_txn *txn, const char *receiver,
                   struct due_waiting waiting)
{
	struct db_key key = waiting_key(receiver, waiting);

	db_put_bytes(txn, &key, "", 0);
}

void due_queue_delete(struct db_txn *txn, const char *receiver,
                      struct due_waiting waiting)
{
	struct db_key key = waiting_key(receiver, waiting);

	db_delete(txn, &key);
}

int due_queue_next(struct db_txn *txn, const char *receiver,
                   struct due_waiting *waiting)
{
	struct db_key from = waiting_key(receiver, *waiting);
	struct db_key prefix = queue_key(receiver);
	struct reader key;
	struct db_row row;

	key_u8(&from, 0);
	if (!db_get_from(txn, &from, &row) || row.key.len <= prefix.len ||
	    memcmp(row.key.data, prefix.bytes, prefix.len) != 0)
		return 0;
	key = db_row_key(&row);
	reader_to_nul(&key);
	waiting->id = reader_u64(&key);
	waiting->index = reader_u16(&key);
	return db_row_is(txn, &row, reader_is_done(&key));
}
