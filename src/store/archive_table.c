/* The archive of store/outbox_table.h: all rows of a report are one range. */
#include <string.h>

#include "base/auto.h"
#include "base/moment.h"
#include "store/change_table.h"
#include "store/outbox_row.h"
#include "store/token_table.h"

static struct key archive_key(uint64_t id, enum archive_kind kind)
{
	struct key key = key_of_id(id);

	key_u8(&key, kind);
	return key;
}

static struct key archive_destination_key(uint64_t id, uint16_t index)
{
	struct key key = archive_key(id, ARCHIVE_DESTINATION);

	key_u16(&key, index);
	return key;
}

/* Copies a row as it is; what LMDB lends does not outlive a write. */
static void copy_row(struct db_txn *txn, enum db_table from,
                     const struct key *from_key, const struct key *to_key)
{
	struct db_value value;
	struct strbuf copy;

	if (!db_get(txn, from, from_key->bytes, from_key->len, &value))
		return;
	strbuf_init(&copy, 0);
	strbuf_add(&copy, value.data, value.len);
	db_put(txn, TABLE_ARCHIVE, to_key->bytes, to_key->len, copy.data,
	       copy.len);
	strbuf_clear(&copy);
}

static void put_head(struct db_txn *txn, const struct outbox_head *head)
{
	struct key key = archive_key(head->id, ARCHIVE_HEAD);
	struct strbuf value;

	strbuf_init(&value, 0);
	outbox_head_write(head, &value);
	db_put(txn, TABLE_ARCHIVE, key.bytes, key.len, value.data, value.len);
	strbuf_clear(&value);
}

void archive_move(struct db_txn *txn, const struct outbox_head *head)
{
	struct key from = key_of_id(head->id);
	struct key body = archive_key(head->id, ARCHIVE_BODY);

	put_head(txn, head);
	copy_row(txn, TABLE_BODY, &from, &body);
	for (uint16_t i = 0; i < head->destination_count; i++) {
		struct key row = from;
		struct key to = archive_destination_key(head->id, i);

		key_u16(&row, i);
		copy_row(txn, TABLE_DESTINATION, &row, &to);
	}
	change_note_id(txn, CHANGE_SENT, CHANGE_CREATED, head->id);
	outbox_remove(txn, head->id);
}

int archive_head_get(struct db_txn *txn, uint64_t id, struct outbox_head *head)
{
	struct key key = archive_key(id, ARCHIVE_HEAD);
	struct db_value value;

	if (!db_get(txn, TABLE_ARCHIVE, key.bytes, key.len, &value))
		return 0;
	head->id = id;
	if (outbox_head_read(value, head))
		return 1;
	db_damaged(txn, TABLE_ARCHIVE, key.bytes, key.len);
	return 0;
}

/* The head that a row is; false for any other row. */
static bool head_at(struct db_txn *txn, const struct db_cursor *cursor,
                    struct outbox_head *head)
{
	struct db_value key, value;
	struct reader reader;
	bool is_head;

	db_at(cursor, &key, &value);
	reader_init(&reader, key.data, key.len);
	head->id = reader_u64(&reader);
	is_head = reader_u8(&reader) == ARCHIVE_HEAD && !reader.failed &&
	          reader_left(&reader) == 0 && outbox_head_read(value, head);
	if (!is_head)
		db_damaged(txn, TABLE_ARCHIVE, key.data, key.len);
	return is_head;
}

int archive_head_next(struct db_txn *txn, struct outbox_head *head)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_ARCHIVE);
	struct key from = key_of_id(head->id + 1);

	return db_seek(cursor, from.bytes, from.len) &&
	       head_at(txn, cursor, head);
}

int archive_destination_get(struct db_txn *txn, uint64_t id, uint16_t index,
                            struct outbox_destination *destination)
{
	struct key key = archive_destination_key(id, index);
	struct db_value value;

	if (!db_get(txn, TABLE_ARCHIVE, key.bytes, key.len, &value))
		return 0;
	if (outbox_destination_read(value, destination))
		return 1;
	db_damaged(txn, TABLE_ARCHIVE, key.bytes, key.len);
	return 0;
}

void archive_head_put(struct db_txn *txn, const struct outbox_head *head)
{
	struct key key = archive_key(head->id, ARCHIVE_HEAD);
	struct strbuf value;

	strbuf_init(&value, 0);
	outbox_head_write(head, &value);
	db_put(txn, TABLE_ARCHIVE, key.bytes, key.len, value.data, value.len);
	strbuf_clear(&value);
}

void archive_destination_put(struct db_txn *txn, uint64_t id,
                             const struct outbox_destination *destination)
{
	struct key key = archive_destination_key(id, destination->index);
	struct strbuf value;

	strbuf_init(&value, 0);
	outbox_destination_write(destination, &value);
	db_put(txn, TABLE_ARCHIVE, key.bytes, key.len, value.data, value.len);
	strbuf_clear(&value);
	change_note_id(txn, CHANGE_SENT, CHANGE_UPDATED, id);
}

int archive_body_get(struct db_txn *txn, uint64_t id, struct arena *arena,
                     const void **body, size_t *len)
{
	struct key key = archive_key(id, ARCHIVE_BODY);
	struct db_value value, lent;

	if (!db_get(txn, TABLE_ARCHIVE, key.bytes, key.len, &value))
		return 0;
	if (!outbox_body_read(value, arena, &lent, NULL, NULL)) {
		db_damaged(txn, TABLE_ARCHIVE, key.bytes, key.len);
		return 0;
	}
	*body = arena_strndup(arena, lent.data, lent.len);
	*len = lent.len;
	return 1;
}

static uint64_t delete_report(struct db_txn *txn, uint64_t id)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_ARCHIVE);
	struct key prefix = key_of_id(id);
	struct db_value key;
	uint64_t n = 0;

	for (bool more = db_seek(cursor, prefix.bytes, prefix.len); more;
	     more = db_next(cursor)) {
		db_at(cursor, &key, NULL);
		if (!key_has_prefix(&key, &prefix))
			break;
		db_cursor_delete(cursor);
		n++;
	}
	return n;
}

static void forget_tokens(struct db_txn *txn, const struct outbox_head *head)
{
	struct outbox_destination dest;

	for (uint16_t i = 0; i < head->destination_count; i++)
		if (archive_destination_get(txn, head->id, i, &dest))
			token_delete(txn, dest.token);
}

/* When it was added: createdAt is what a person may have written there.  Since
 * a clock was ahead all ids are of a time to come, until that comes; then it is
 * when the report was done. */
static int64_t added_at(const struct outbox_head *head, int64_t now)
{
	int64_t time = outbox_id_time(head->id);

	return moment_is_to_come(time, now) ? head->done_at : time;
}

/* Ids are in the order of creation, so the first young one is the end. */
int archive_purge(struct db_txn *txn, int64_t before, int64_t now,
                  uint64_t *rows)
{
	struct outbox_head head = {.id = 0};
	uint64_t n = 0;

	while (n < DB_BATCH_ROWS && archive_head_next(txn, &head)) {
		int64_t time = added_at(&head, now);

		if (moment_is_to_come(time, now))
			continue;
		if (time >= before)
			break;
		forget_tokens(txn, &head);
		n += delete_report(txn, head.id);
		change_note_id(txn, CHANGE_SENT, CHANGE_DESTROYED, head.id);
	}
	*rows += n;
	return n >= DB_BATCH_ROWS;
}
