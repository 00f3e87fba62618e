#include "store/outbox_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "store/change_table.h"
#include "store/due_table.h"
#include "store/keys.h"
#include "store/meta_table.h"
#include "store/outbox_row.h"
#include "store/outbox_sums.h"

struct db_key outbox_destination_key(uint64_t id, uint16_t index)
{
	struct db_key key = key_of_id(TABLE_DESTINATION, id);

	key_u16(&key, index);
	return key;
}

static void note(struct db_txn *txn, enum change_what what, uint64_t id)
{
	change_note_id(txn, CHANGE_REPORT, what, id);
}

int outbox_head_get(struct db_txn *txn, uint64_t id, struct outbox_head *head)
{
	struct db_key key = key_of_id(TABLE_OUTBOX, id);

	return outbox_head_at(txn, &key, id, head);
}

static bool put_head(struct db_txn *txn, const struct outbox_head *head)
{
	struct db_key key = key_of_id(TABLE_OUTBOX, head->id);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct outbox_head before;
	bool was_there = outbox_head_get(txn, head->id, &before);

	outbox_head_write(head, &value);
	outbox_sums_head(txn, was_there ? &before : NULL, head);
	return db_put_changed(txn, &key, &value);
}

void outbox_head_put(struct db_txn *txn, const struct outbox_head *head)
{
	if (put_head(txn, head))
		note(txn, CHANGE_UPDATED, head->id);
}

static int head_read(struct db_txn *txn, const struct db_row *row,
                     struct outbox_head *head)
{
	struct reader key = db_row_key(row);

	head->id = reader_u64(&key);
	return db_row_is(txn, row,
	                 reader_is_done(&key) && outbox_head_read(row, head));
}

int outbox_head_next(struct db_txn *txn, struct outbox_head *head)
{
	struct db_key from = key_of_id(TABLE_OUTBOX, head->id + 1);
	struct db_row row;

	return db_get_from(txn, &from, &row) && head_read(txn, &row, head);
}

void outbox_head_each(struct db_txn *txn, uint64_t from,
                      bool (*each)(void *arg, const struct outbox_head *head),
                      void *arg)
{
	struct db_key start = key_of_id(TABLE_OUTBOX, from);
	auto_(db_rows_end) struct db_rows rows = db_rows_from(txn, &start);
	struct outbox_head head;

	while (db_rows_next(&rows) && head_read(txn, &rows.row, &head) &&
	       each(arg, &head))
		;
}

int outbox_destination_get(struct db_txn *txn, uint64_t id, uint16_t index,
                           struct outbox_destination *destination)
{
	struct db_key key = outbox_destination_key(id, index);

	return outbox_destination_at(txn, &key, destination);
}

/* In the list of what is due, in its receiver's queue, or in neither. */
static void put_in_line(struct db_txn *txn, uint64_t id,
                        const struct outbox_destination *destination)
{
	struct due_waiting waiting = {id, destination->index};

	if (destination->due == OUTBOX_DUE_IN_TURN)
		due_queue_put(txn, destination->rua.host, waiting);
	else if (destination->due > 0)
		due_put(txn, destination->due, id, destination->index);
}

static void take_out_of_line(struct db_txn *txn, uint64_t id,
                             const struct outbox_destination *destination)
{
	struct due_waiting waiting = {id, destination->index};

	if (destination->due == OUTBOX_DUE_IN_TURN)
		due_queue_delete(txn, destination->rua.host, waiting);
	else if (destination->due > 0)
		due_delete(txn, destination->due, id, destination->index);
}

static bool put_destination(struct db_txn *txn, uint64_t id,
                            const struct outbox_destination *destination)
{
	struct db_key key = outbox_destination_key(id, destination->index);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct outbox_destination before;
	struct outbox_head head;
	bool changed, was_there;

	was_there =
		outbox_destination_get(txn, id, destination->index, &before);
	if (was_there)
		take_out_of_line(txn, id, &before);
	if (destination->attempts == 0 || !outbox_head_get(txn, id, &head))
		head.domain[0] = '\0';
	outbox_sums_destination(txn, id, head.domain,
	                        was_there ? &before : NULL, destination);
	outbox_destination_write(destination, &value);
	changed = db_put_changed(txn, &key, &value);
	put_in_line(txn, id, destination);
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
	struct db_key key = outbox_destination_key(id, index);
	struct outbox_destination before;

	if (!outbox_destination_get(txn, id, index, &before))
		return;
	take_out_of_line(txn, id, &before);
	outbox_sums_destination(txn, id, "", &before, NULL);
	db_delete(txn, &key);
	note(txn, CHANGE_UPDATED, id);
}

int outbox_body_get(struct db_txn *txn, uint64_t id, struct arena *arena,
                    const void **body, size_t *len, const uint64_t **policy_ids,
                    size_t *policy_id_count)
{
	struct db_key key = key_of_id(TABLE_BODY, id);

	return outbox_body_at(txn, &key, arena, body, len, policy_ids,
	                      policy_id_count);
}

static bool put_body(struct db_txn *txn, uint64_t id, const void *body,
                     size_t len, const uint64_t *policy_ids,
                     size_t policy_id_count)
{
	struct db_key key = key_of_id(TABLE_BODY, id);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u32(&value, (uint32_t)policy_id_count);
	for (size_t i = 0; i < policy_id_count; i++)
		strbuf_u64(&value, policy_ids[i]);
	strbuf_add(&value, body, len);
	return db_put_changed(txn, &key, &value);
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
	struct db_key head = key_of_id(TABLE_OUTBOX, id);
	struct db_key body = key_of_id(TABLE_BODY, id);
	struct db_key destinations = key_of_id(TABLE_DESTINATION, id);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &destinations);
	struct hash128 digest = {0, 0};
	struct db_row row;

	if (!db_get(txn, &head, &row))
		return digest;
	digest_more(db_of(txn), row.value, &digest);
	if (db_get(txn, &body, &row))
		digest_more(db_of(txn), row.value, &digest);
	while (db_rows_next(&rows))
		digest_more(db_of(txn), rows.row.value, &digest);
	return digest;
}

enum { ID_TIME_SHIFT = 20 };

/* Ids grow with time and never come twice, whatever the clock does. */
static uint64_t next_id(struct db_txn *txn, int64_t now_ms)
{
	const uint64_t time_bits = (UINT64_C(1) << 43) - 1;
	uint64_t last = meta_get(txn, META_LAST_OUTBOX_ID);
	uint64_t id = ((uint64_t)now_ms & time_bits) << ID_TIME_SHIFT;

	if (id <= last)
		id = last + 1;
	meta_put(txn, META_LAST_OUTBOX_ID, id);
	return id;
}

int64_t outbox_id_time(uint64_t id)
{
	return (int64_t)(id >> ID_TIME_SHIFT) / 1000;
}

uint64_t outbox_id_at(int64_t secs)
{
	return secs > 0 ? ((uint64_t)secs * 1000) << ID_TIME_SHIFT : 0;
}

uint64_t outbox_add(struct db_txn *txn, const struct outbox_new *report,
                    int64_t now_ms)
{
	struct outbox_head head = report->head;

	if (report->rua_count > UINT16_MAX) {
		db_fail(txn, ERR_LIMIT,
		        "a report has too many destinations (%zu)",
		        report->rua_count);
		return 0;
	}
	head.id = next_id(txn, now_ms);
	head.destination_count = (uint16_t)report->rua_count;
	head.body_len = (uint32_t)report->body_len;
	if (report->rua_count == 0 && head.status != OUTBOX_HELD)
		head.status = OUTBOX_IDLE;
	for (size_t i = 0; i < report->rua_count; i++) {
		struct outbox_destination destination = {
			.index = (uint16_t)i,
			.rua = report->ruas[i],
			.is_copy = i >= report->rua_count - report->copies,
			.state = DELIVERY_PENDING,
			.due = head.status == OUTBOX_HELD ? 0 : head.deliver_at,
		};

		put_destination(txn, head.id, &destination);
	}
	put_body(txn, head.id, report->body, report->body_len,
	         report->policy_ids, report->policy_id_count);
	put_head(txn, &head);
	note(txn, CHANGE_CREATED, head.id);
	return head.id;
}

void outbox_remove(struct db_txn *txn, uint64_t id)
{
	struct db_key head = key_of_id(TABLE_OUTBOX, id);
	struct db_key body = key_of_id(TABLE_BODY, id);
	struct db_key prefix = key_of_id(TABLE_DESTINATION, id);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	struct outbox_destination destination;
	struct outbox_head before;

	while (db_rows_next(&rows) &&
	       outbox_destination_at(txn, &rows.at, &destination)) {
		take_out_of_line(txn, id, &destination);
		outbox_sums_destination(txn, id, "", &destination, NULL);
		db_rows_delete(&rows);
	}
	if (outbox_head_get(txn, id, &before))
		outbox_sums_head(txn, &before, NULL);
	db_delete(txn, &body);
	if (db_delete(txn, &head))
		note(txn, CHANGE_DESTROYED, id);
}

int64_t outbox_next_attempt(struct db_txn *txn,
                            const struct outbox_destination *destination)
{
	if (destination->state == DELIVERY_INFLIGHT)
		return 0;
	return destination->due == OUTBOX_DUE_IN_TURN
	               ? due_receiver(txn, destination->rua.host)
	               : destination->due;
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
