#include "store/outbox_row.h"

enum head_flag { FROZEN = 1, PLANNED = 2, OF_FLEET = 4 };
enum destination_flag { UNCERTAIN = 1, OUR_FAULT = 2, COUNTED = 4, COPY = 8 };

void outbox_head_write(const struct outbox_head *head, struct strbuf *out)
{
	strbuf_u32(out, (uint32_t)head->day);
	strbuf_u8(out, (uint8_t)head->status);
	strbuf_u8(out, (head->frozen ? FROZEN : 0) |
	                       (head->planned ? PLANNED : 0) |
	                       (head->of_fleet ? OF_FLEET : 0));
	strbuf_u64(out, (uint64_t)head->created_at);
	strbuf_u64(out, (uint64_t)head->deliver_at);
	strbuf_u64(out, (uint64_t)head->done_at);
	strbuf_u64(out, (uint64_t)head->start);
	strbuf_u64(out, (uint64_t)head->end);
	strbuf_u64(out, head->success);
	strbuf_u64(out, head->failure);
	strbuf_u32(out, head->policy_count);
	strbuf_u16(out, head->destination_count);
	strbuf_u16(out, head->delivered_count);
	strbuf_u32(out, head->body_len);
	strbuf_str(out, head->domain);
	strbuf_str(out, head->report_id);
	/* rows of most sites, and of earlier versions, end before it */
	if (head->missing[0] != '\0')
		strbuf_str(out, head->missing);
}

bool outbox_head_read(const struct db_row *row, struct outbox_head *head)
{
	struct reader reader = db_row_value(row);
	uint8_t flags;

	head->day = (int32_t)reader_u32(&reader);
	head->status = reader_u8(&reader);
	flags = reader_u8(&reader);
	head->frozen = flags & FROZEN;
	head->planned = flags & PLANNED;
	head->of_fleet = flags & OF_FLEET;
	head->created_at = (int64_t)reader_u64(&reader);
	head->deliver_at = (int64_t)reader_u64(&reader);
	head->done_at = (int64_t)reader_u64(&reader);
	head->start = (int64_t)reader_u64(&reader);
	head->end = (int64_t)reader_u64(&reader);
	head->success = reader_u64(&reader);
	head->failure = reader_u64(&reader);
	head->policy_count = reader_u32(&reader);
	head->destination_count = reader_u16(&reader);
	head->delivered_count = reader_u16(&reader);
	head->body_len = reader_u32(&reader);
	reader_text(&reader, head->domain, sizeof(head->domain));
	reader_text(&reader, head->report_id, sizeof(head->report_id));
	head->missing[0] = '\0';
	if (reader_left(&reader) > 0)
		reader_text(&reader, head->missing, sizeof(head->missing));
	return !reader.failed && head->status < OUTBOX_STATUSES;
}

int outbox_head_at(struct db_txn *txn, const struct db_key *key, uint64_t id,
                   struct outbox_head *head)
{
	struct db_row row;

	if (!db_get(txn, key, &row))
		return 0;
	head->id = id;
	return db_row_is(txn, &row, outbox_head_read(&row, head));
}

void outbox_destination_write(const struct outbox_destination *d,
                              struct strbuf *out)
{
	strbuf_u16(out, d->index);
	strbuf_u8(out, (uint8_t)d->state);
	strbuf_u8(out, (d->uncertain ? UNCERTAIN : 0) |
	                       (d->our_fault ? OUR_FAULT : 0) |
	                       (d->is_counted ? COUNTED : 0) |
	                       (d->is_copy ? COPY : 0));
	strbuf_u32(out, d->attempts);
	strbuf_u64(out, (uint64_t)d->first_attempt);
	strbuf_u64(out, (uint64_t)d->last_attempt);
	strbuf_u64(out, (uint64_t)d->due);
	strbuf_u64(out, d->lease_run);
	strbuf_u64(out, (uint64_t)d->date);
	strbuf_u8(out, (uint8_t)d->stage);
	strbuf_u32(out, (uint32_t)d->code);
	strbuf_u8(out, (uint8_t)d->rua.kind);
	strbuf_u16(out, d->rua.port);
	strbuf_str(out, d->rua.uri);
	strbuf_str(out, d->rua.address);
	strbuf_str(out, d->rua.host);
	strbuf_str(out, d->token);
	strbuf_str(out, d->from);
	strbuf_str(out, d->envelope);
	strbuf_str(out, d->answer);
	strbuf_u8(out, d->try_count);
	for (size_t i = 0; i < d->try_count; i++) {
		strbuf_u64(out, (uint64_t)d->tries[i].at);
		strbuf_str(out, d->tries[i].answer);
	}
}

/* Rows of earlier versions end before them. */
static void read_tries(struct reader *reader, struct outbox_destination *d)
{
	d->try_count = reader_left(reader) > 0 ? reader_u8(reader) : 0;
	if (d->try_count > OUTBOX_TRIES) {
		reader->failed = true;
		return;
	}
	for (size_t i = 0; i < d->try_count; i++) {
		d->tries[i].at = (int64_t)reader_u64(reader);
		reader_text(reader, d->tries[i].answer,
		            sizeof(d->tries[i].answer));
	}
}

int outbox_destination_at(struct db_txn *txn, const struct db_key *key,
                          struct outbox_destination *d)
{
	struct reader reader;
	struct db_row row;
	uint8_t flags;

	if (!db_get(txn, key, &row))
		return 0;
	reader = db_row_value(&row);
	d->index = reader_u16(&reader);
	d->state = reader_u8(&reader);
	flags = reader_u8(&reader);
	d->uncertain = flags & UNCERTAIN;
	d->our_fault = flags & OUR_FAULT;
	d->is_counted = flags & COUNTED;
	d->is_copy = flags & COPY;
	d->attempts = reader_u32(&reader);
	d->first_attempt = (int64_t)reader_u64(&reader);
	d->last_attempt = (int64_t)reader_u64(&reader);
	d->due = (int64_t)reader_u64(&reader);
	d->lease_run = reader_u64(&reader);
	d->date = (int64_t)reader_u64(&reader);
	d->stage = reader_u8(&reader);
	d->code = (int)reader_u32(&reader);
	d->rua.kind = reader_u8(&reader);
	d->rua.port = reader_u16(&reader);
	reader_text(&reader, d->rua.uri, sizeof(d->rua.uri));
	reader_text(&reader, d->rua.address, sizeof(d->rua.address));
	reader_text(&reader, d->rua.host, sizeof(d->rua.host));
	reader_text(&reader, d->token, sizeof(d->token));
	reader_text(&reader, d->from, sizeof(d->from));
	reader_text(&reader, d->envelope, sizeof(d->envelope));
	reader_text(&reader, d->answer, sizeof(d->answer));
	read_tries(&reader, d);
	return db_row_is(txn, &row,
	                 !reader.failed && d->state < DELIVERY_STATES &&
	                         d->stage <= STAGE_LOCAL &&
	                         d->rua.kind >= RUA_MAIL &&
	                         d->rua.kind <= RUA_DIRECTORY);
}

int outbox_body_at(struct db_txn *txn, const struct db_key *key,
                   struct arena *arena, const void **body, size_t *len,
                   const uint64_t **policy_ids, size_t *policy_id_count)
{
	struct reader reader;
	struct db_row row;
	uint64_t *ids;
	uint32_t count;

	if (!db_get(txn, key, &row))
		return 0;
	reader = db_row_value(&row);
	count = reader_u32(&reader);
	if (!db_row_is(txn, &row,
	               !reader.failed && count <= reader_left(&reader) / 8))
		return 0;
	if (policy_ids != NULL) {
		ids = arena_array(arena, count, sizeof(*ids));
		for (uint32_t i = 0; i < count; i++)
			ids[i] = reader_u64(&reader);
		*policy_ids = ids;
		*policy_id_count = count;
	} else {
		reader_bytes(&reader, (size_t)count * 8);
	}
	*len = reader_left(&reader);
	*body = arena_strndup(arena, (const char *)reader.at, *len);
	return 1;
}
