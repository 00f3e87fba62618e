#include "store/outbox_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "store/change_table.h"
#include "store/outbox_row.h"

static struct key destination_key(uint64_t id, uint16_t index)
{
	struct key key = key_of_id(id);

	key_u16(&key, index);
	return key;
}

static struct key due_key(int64_t due, uint64_t id, uint16_t index)
{
	struct key key = key_of_id((uint64_t)due);

	key_u64(&key, id);
	key_u16(&key, index);
	return key;
}

/* False when the row stood there as it is already. */
static bool put(struct db_txn *txn, enum db_table table, const struct key *key,
                const struct strbuf *value)
{
	struct db_value before;

	if (db_get(txn, table, key->bytes, key->len, &before) &&
	    before.len == value->len &&
	    memcmp(before.data, value->data, value->len) == 0)
		return false;
	db_put(txn, table, key->bytes, key->len, value->data, value->len);
	return true;
}

static void note(struct db_txn *txn, enum change_what what, uint64_t id)
{
	change_note_id(txn, CHANGE_REPORT, what, id);
}

int outbox_head_get(struct db_txn *txn, uint64_t id, struct outbox_head *head)
{
	struct key key = key_of_id(id);
	struct db_value value;

	if (!db_get(txn, TABLE_OUTBOX, key.bytes, key.len, &value))
		return 0;
	head->id = id;
	if (outbox_head_read(value, head))
		return 1;
	db_damaged(txn, TABLE_OUTBOX, key.bytes, key.len);
	return 0;
}

static bool put_head(struct db_txn *txn, const struct outbox_head *head)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct key key = key_of_id(head->id);

	outbox_head_write(head, &value);
	return put(txn, TABLE_OUTBOX, &key, &value);
}

void outbox_head_put(struct db_txn *txn, const struct outbox_head *head)
{
	if (put_head(txn, head))
		note(txn, CHANGE_UPDATED, head->id);
}

int outbox_head_next(struct db_txn *txn, struct outbox_head *head)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_OUTBOX);
	struct key from = key_of_id(head->id + 1);
	struct db_value key, value;

	if (!db_seek(cursor, from.bytes, from.len))
		return 0;
	db_at(cursor, &key, &value);
	if (read_u64(key, &head->id) && outbox_head_read(value, head))
		return 1;
	db_damaged(txn, TABLE_OUTBOX, key.data, key.len);
	return 0;
}

void outbox_head_each(struct db_txn *txn, uint64_t from,
                      bool (*each)(void *arg, const struct outbox_head *head),
                      void *arg)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_OUTBOX);
	struct key start = key_of_id(from);
	struct db_value key, value;
	struct outbox_head head;

	for (bool more = db_seek(cursor, start.bytes, start.len); more;
	     more = db_next(cursor)) {
		db_at(cursor, &key, &value);
		if (!read_u64(key, &head.id) ||
		    !outbox_head_read(value, &head)) {
			db_damaged(txn, TABLE_OUTBOX, key.data, key.len);
			return;
		}
		if (!each(arg, &head))
			return;
	}
}

int outbox_destination_get(struct db_txn *txn, uint64_t id, uint16_t index,
                           struct outbox_destination *destination)
{
	struct key key = destination_key(id, index);
	struct db_value value;

	if (!db_get(txn, TABLE_DESTINATION, key.bytes, key.len, &value))
		return 0;
	if (outbox_destination_read(value, destination) &&
	    destination->index == index)
		return 1;
	db_damaged(txn, TABLE_DESTINATION, key.bytes, key.len);
	return 0;
}

static void due_delete(struct db_txn *txn, uint64_t id,
                       const struct outbox_destination *destination)
{
	struct key key = due_key(destination->due, id, destination->index);

	if (destination->due > 0)
		db_delete(txn, TABLE_DUE, key.bytes, key.len);
}

static void due_put(struct db_txn *txn, uint64_t id,
                    const struct outbox_destination *destination)
{
	struct key key = due_key(destination->due, id, destination->index);

	if (destination->due > 0)
		db_put(txn, TABLE_DUE, key.bytes, key.len, "", 0);
}

static bool put_destination(struct db_txn *txn, uint64_t id,
                            const struct outbox_destination *destination)
{
	struct key key = destination_key(id, destination->index);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct outbox_destination before;
	bool changed;

	if (outbox_destination_get(txn, id, destination->index, &before))
		due_delete(txn, id, &before);
	outbox_destination_write(destination, &value);
	changed = put(txn, TABLE_DESTINATION, &key, &value);
	due_put(txn, id, destination);
	return changed;
}

void outbox_try_begin(struct outbox_destination *d, int64_t now)
{
	if (d->try_count == OUTBOX_TRIES)
		memmove(&d->tries[0], &d->tries[1],
		        --d->try_count * sizeof(d->tries[0]));
	d->tries[d->try_count++] = (struct outbox_try){.at = now};
}

void outbox_try_end(struct outbox_destination *d, const char *answer)
{
	if (d->try_count == 0)
		return;
	snprintf(d->tries[d->try_count - 1].answer, sizeof(d->tries[0].answer),
	         "%s", answer);
}

void outbox_destination_put(struct db_txn *txn, uint64_t id,
                            const struct outbox_destination *destination)
{
	if (put_destination(txn, id, destination))
		note(txn, CHANGE_UPDATED, id);
}

void outbox_destination_remove(struct db_txn *txn, uint64_t id, uint16_t index)
{
	struct key key = destination_key(id, index);
	struct outbox_destination before;

	if (!outbox_destination_get(txn, id, index, &before))
		return;
	due_delete(txn, id, &before);
	db_delete(txn, TABLE_DESTINATION, key.bytes, key.len);
	note(txn, CHANGE_UPDATED, id);
}

int outbox_body_get(struct db_txn *txn, uint64_t id, struct arena *arena,
                    const void **body, size_t *len, const uint64_t **policy_ids,
                    size_t *policy_id_count)
{
	struct key key = key_of_id(id);
	struct db_value value, lent;

	if (!db_get(txn, TABLE_BODY, key.bytes, key.len, &value))
		return 0;
	if (!outbox_body_read(value, arena, &lent, policy_ids,
	                      policy_id_count)) {
		db_damaged(txn, TABLE_BODY, key.bytes, key.len);
		return 0;
	}
	*body = arena_strndup(arena, lent.data, lent.len);
	*len = lent.len;
	return 1;
}

static bool put_body(struct db_txn *txn, uint64_t id, const void *body,
                     size_t len, const uint64_t *policy_ids,
                     size_t policy_id_count)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct key key = key_of_id(id);

	strbuf_u32(&value, (uint32_t)policy_id_count);
	for (size_t i = 0; i < policy_id_count; i++)
		strbuf_u64(&value, policy_ids[i]);
	strbuf_add(&value, body, len);
	return put(txn, TABLE_BODY, &key, &value);
}

void outbox_body_put(struct db_txn *txn, uint64_t id, const void *body,
                     size_t len, const uint64_t *policy_ids,
                     size_t policy_id_count)
{
	if (put_body(txn, id, body, len, policy_ids, policy_id_count))
		note(txn, CHANGE_UPDATED, id);
}

static void digest_more(const struct db *db, struct db_value value,
                        struct hash128 *digest)
{
	struct hash128 more =
		hash128(db_seed(db) ^ digest->low, value.data, value.len);

	*digest = (struct hash128){digest->high ^ more.high, more.low};
}

struct hash128 outbox_digest(struct db_txn *txn, uint64_t id)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_DESTINATION);
	struct key key = key_of_id(id);
	struct hash128 digest = {0, 0};
	struct db_value at, value;

	if (!db_get(txn, TABLE_OUTBOX, key.bytes, key.len, &value))
		return digest;
	digest_more(db_of(txn), value, &digest);
	if (db_get(txn, TABLE_BODY, key.bytes, key.len, &value))
		digest_more(db_of(txn), value, &digest);
	for (bool more = db_seek(cursor, key.bytes, key.len); more;
	     more = db_next(cursor)) {
		db_at(cursor, &at, &value);
		if (at.len < key.len ||
		    memcmp(at.data, key.bytes, key.len) != 0)
			break;
		digest_more(db_of(txn), value, &digest);
	}
	return digest;
}

enum { ID_TIME_SHIFT = 20 };

/* Ids grow with time and never come twice, whatever the clock does. */
static uint64_t next_id(struct db_txn *txn, int64_t now_ms)
{
	const uint64_t time_bits = (UINT64_C(1) << 43) - 1;
	uint64_t last = 0, id = ((uint64_t)now_ms & time_bits) << ID_TIME_SHIFT;

	meta_get(txn, META_LAST_OUTBOX_ID, &last);
	if (id <= last)
		id = last + 1;
	meta_put(txn, META_LAST_OUTBOX_ID, id);
	return id;
}

int64_t outbox_id_time(uint64_t id)
{
	return (int64_t)(id >> ID_TIME_SHIFT) / 1000;
}

static void add_destination(struct db_txn *txn, const struct outbox_head *head,
                            const struct rua *rua, uint16_t index)
{
	struct outbox_destination destination = {
		.index = index,
		.rua = *rua,
		.state = DELIVERY_PENDING,
		.due = head->status == OUTBOX_HELD ? 0 : head->deliver_at,
	};

	put_destination(txn, head->id, &destination);
}

uint64_t outbox_add(struct db_txn *txn, const struct outbox_new *report,
                    int64_t now_ms)
{
	struct outbox_head head = report->head;

	if (report->rua_count > UINT16_MAX) {
		db_fail(txn, ERR_LIMIT, "%zu destinations of one report",
		        report->rua_count);
		return 0;
	}
	head.id = next_id(txn, now_ms);
	head.destination_count = (uint16_t)report->rua_count;
	head.body_len = (uint32_t)report->body_len;
	if (report->rua_count == 0 && head.status != OUTBOX_HELD)
		head.status = OUTBOX_IDLE;
	for (size_t i = 0; i < report->rua_count; i++)
		add_destination(txn, &head, &report->ruas[i], (uint16_t)i);
	put_body(txn, head.id, report->body, report->body_len,
	         report->policy_ids, report->policy_id_count);
	put_head(txn, &head);
	note(txn, CHANGE_CREATED, head.id);
	return head.id;
}

static void remove_destinations(struct db_txn *txn, uint64_t id)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_DESTINATION);
	struct key prefix = key_of_id(id);
	struct outbox_destination destination;
	struct db_value key, value;

	for (bool more = db_seek(cursor, prefix.bytes, prefix.len); more;
	     more = db_next(cursor)) {
		db_at(cursor, &key, &value);
		if (!key_has_prefix(&key, &prefix))
			break;
		if (!outbox_destination_read(value, &destination))
			db_damaged(txn, TABLE_DESTINATION, key.data, key.len);
		due_delete(txn, id, &destination);
		db_cursor_delete(cursor);
	}
}

void outbox_remove(struct db_txn *txn, uint64_t id)
{
	struct key key = key_of_id(id);
	struct db_value head;

	if (db_get(txn, TABLE_OUTBOX, key.bytes, key.len, &head))
		note(txn, CHANGE_DESTROYED, id);
	remove_destinations(txn, id);
	db_delete(txn, TABLE_BODY, key.bytes, key.len);
	db_delete(txn, TABLE_OUTBOX, key.bytes, key.len);
}

static bool due_read(const struct db_value *key, int64_t *due, uint64_t *id,
                     uint16_t *index)
{
	struct reader reader;

	reader_init(&reader, key->data, key->len);
	*due = (int64_t)reader_u64(&reader);
	*id = reader_u64(&reader);
	*index = reader_u16(&reader);
	return !reader.failed && reader_left(&reader) == 0;
}

int outbox_due_next(struct db_txn *txn, int64_t now, int64_t *due, uint64_t *id,
                    uint16_t *index)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_DUE);
	struct key from = due_key(*due, *id, *index);
	struct db_value key;

	/* a byte more: the first key after the one given */
	if (*due != 0)
		key_u8(&from, 0);
	if (!db_seek(cursor, from.bytes, from.len))
		return 0;
	db_at(cursor, &key, NULL);
	if (!due_read(&key, due, id, index)) {
		db_damaged(txn, TABLE_DUE, key.data, key.len);
		return 0;
	}
	return *due <= now;
}

int outbox_due_first(struct db_txn *txn, int64_t *due)
{
	uint64_t id = 0;
	uint16_t index = 0;

	*due = 0;
	return outbox_due_next(txn, INT64_MAX, due, &id, &index);
}

void outbox_release(struct db_txn *txn, uint64_t id, int64_t due)
{
	struct outbox_destination destination;
	struct outbox_head head;

	if (!outbox_head_get(txn, id, &head)) {
		db_fail(txn, ERR_NOTFOUND, "no outbox entry %" PRIu64, id);
		return;
	}
	for (uint16_t i = 0; i < head.destination_count; i++) {
		if (!outbox_destination_get(txn, id, i, &destination) ||
		    delivery_state_is_final(destination.state) ||
		    destination.state == DELIVERY_INFLIGHT)
			continue;
		destination.due = due;
		outbox_destination_put(txn, id, &destination);
	}
	if (due == 0)
		head.status = OUTBOX_HELD;
	else if (head.destination_count == 0)
		head.status = OUTBOX_IDLE;
	else
		head.status = OUTBOX_PENDING;
	if (due != 0)
		head.deliver_at = due;
	outbox_head_put(txn, &head);
}
