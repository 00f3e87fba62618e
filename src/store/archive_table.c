/* The archive of store/outbox_table.h: all rows of a report are one range. */
#include "base/auto.h"
#include "base/moment.h"
#include "store/change_table.h"
#include "store/keys.h"
#include "store/outbox_row.h"
#include "store/token_table.h"

static struct db_key archive_key(uint64_t id, enum archive_kind kind)
{
	struct db_key key = key_of_id(TABLE_ARCHIVE, id);

	key_u8(&key, kind);
	return key;
}

static struct db_key destination_key(uint64_t id, uint16_t index)
{
	struct db_key key = archive_key(id, ARCHIVE_DESTINATION);

	key_u16(&key, index);
	return key;
}

/* Copies a row as it is; what LMDB lends does not outlive a write. */
static void copy_row(struct db_txn *txn, const struct db_key *from,
                     const struct db_key *to)
{
	auto_(strbuf_clear) struct strbuf copy = {0};
	struct db_row row;

	if (!db_get(txn, from, &row))
		return;
	strbuf_add(&copy, row.value.data, row.value.len);
	db_put(txn, to, &copy);
}

void archive_move(struct db_txn *txn, const struct outbox_head *head)
{
	struct db_key from = key_of_id(TABLE_BODY, head->id);
	struct db_key to = archive_key(head->id, ARCHIVE_BODY);

	archive_head_put(txn, head);
	copy_row(txn, &from, &to);
	for (uint16_t i = 0; i < head->destination_count; i++) {
		from = outbox_destination_key(head->id, i);
		to = destination_key(head->id, i);
		copy_row(txn, &from, &to);
	}
	change_note_id(txn, CHANGE_SENT, CHANGE_CREATED, head->id);
	outbox_remove(txn, head->id);
}

static uint64_t delete_report(struct db_txn *txn, uint64_t id)
{
	struct db_key prefix = key_of_id(TABLE_ARCHIVE, id);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	uint64_t n = 0;

	for (; db_rows_next(&rows); n++)
		db_rows_delete(&rows);
	return n;
}

void archive_move_back(struct db_txn *txn, const struct outbox_head *head)
{
	struct db_key from = archive_key(head->id, ARCHIVE_BODY);
	struct db_key to = key_of_id(TABLE_BODY, head->id);
	struct outbox_destination dest;

	change_note_id(txn, CHANGE_REPORT, CHANGE_CREATED, head->id);
	copy_row(txn, &from, &to);
	outbox_head_put(txn, head);
	for (uint16_t i = 0; i < head->destination_count; i++)
		if (archive_destination_get(txn, head->id, i, &dest))
			outbox_destination_put(txn, head->id, &dest);
	delete_report(txn, head->id);
	change_note_id(txn, CHANGE_SENT, CHANGE_DESTROYED, head->id);
}

int archive_head_get(struct db_txn *txn, uint64_t id, struct outbox_head *head)
{
	struct db_key key = archive_key(id, ARCHIVE_HEAD);

	return outbox_head_at(txn, &key, id, head);
}

int archive_head_next(struct db_txn *txn, struct outbox_head *head)
{
	struct db_key from = key_of_id(TABLE_ARCHIVE, head->id + 1);
	struct reader key;
	struct db_row row;

	if (!db_get_from(txn, &from, &row))
		return 0;
	key = db_row_key(&row);
	head->id = reader_u64(&key);
	return db_row_is(txn, &row,
	                 reader_u8(&key) == ARCHIVE_HEAD &&
	                         reader_is_done(&key) &&
	                         outbox_head_read(&row, head));
}

int archive_destination_get(struct db_txn *txn, uint64_t id, uint16_t index,
                            struct outbox_destination *destination)
{
	struct db_key key = destination_key(id, index);

	return outbox_destination_at(txn, &key, destination);
}

void archive_head_put(struct db_txn *txn, const struct outbox_head *head)
{
	struct db_key key = archive_key(head->id, ARCHIVE_HEAD);
	auto_(strbuf_clear) struct strbuf value = {0};

	outbox_head_write(head, &value);
	db_put(txn, &key, &value);
}

void archive_destination_put(struct db_txn *txn, uint64_t id,
                             const struct outbox_destination *destination)
{
	struct db_key key = destination_key(id, destination->index);
	auto_(strbuf_clear) struct strbuf value = {0};

	outbox_destination_write(destination, &value);
	db_put(txn, &key, &value);
	change_note_id(txn, CHANGE_SENT, CHANGE_UPDATED, id);
}

int archive_body_get(struct db_txn *txn, uint64_t id, struct arena *arena,
                     const void **body, size_t *len)
{
	struct db_key key = archive_key(id, ARCHIVE_BODY);

	return outbox_body_at(txn, &key, arena, body, len, NULL, NULL);
}

/* What goes over the archive from its beginning and takes what is old. */
struct purging {
	struct db_txn *txn;
	int64_t before, now;
	bool old_tokens; /* there are such as go with their reports */
};

enum age { AGE_OLD, AGE_YOUNG, AGE_TO_COME };

/* By when it was added: createdAt is what a person may have written there.
 * Since a clock was ahead all ids are of a time to come, until that comes; then
 * it is when the report was done. */
static enum age age_of(const struct purging *p, uint64_t id)
{
	int64_t time = outbox_id_time(id);
	struct outbox_head head;

	if (moment_is_to_come(time, p->now) &&
	    archive_head_get(p->txn, id, &head))
		time = head.done_at;
	return moment_is_to_come(time, p->now) ? AGE_TO_COME
	       : time < p->before              ? AGE_OLD
	                                       : AGE_YOUNG;
}

static void forget_token(struct db_txn *txn, uint64_t id, uint16_t index)
{
	struct outbox_destination dest;

	if (archive_destination_get(txn, id, index, &dest))
		token_delete(txn, dest.token);
}

/* Ids are in the order of creation, so the first young one is the end. */
int archive_purge(struct db_txn *txn, int64_t before, int64_t now,
                  uint64_t *rows)
{
	struct purging p = {txn, before, now, token_has_old(txn)};
	struct db_key all = key_of(TABLE_ARCHIVE);
	auto_(db_rows_end) struct db_rows each = db_rows(txn, &all);
	uint64_t n = 0, last = 0;
	enum age age = AGE_YOUNG;
	bool more;

	while ((more = db_rows_next(&each))) {
		struct reader key = db_row_key(&each.row);
		uint64_t id = reader_u64(&key);
		enum archive_kind kind = reader_u8(&key);

		if (!db_row_is(txn, &each.row, !key.failed))
			break;
		if (id != last) {
			if (n >= DB_PURGE_ROWS)
				break;
			last = id;
			age = age_of(&p, id);
			if (age == AGE_OLD)
				change_note_id(txn, CHANGE_SENT,
				               CHANGE_DESTROYED, id);
		}
		if (age == AGE_YOUNG)
			break;
		if (age == AGE_TO_COME)
			continue;
		if (p.old_tokens && kind == ARCHIVE_DESTINATION)
			forget_token(txn, id, reader_u16(&key));
		db_rows_delete(&each);
		n++;
	}
	*rows += n;
	return more && age != AGE_YOUNG;
}
