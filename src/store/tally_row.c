#include "store/tally_row.h"

#include <string.h>

#include "base/reader.h"
#include "store/change_table.h"
#include "store/day_sums.h"

static struct key row_key(const struct key *domain, enum tally_kind kind)
{
	struct key key;

	/* not the whole struct: keys are short and rows many */
	key_init(&key);
	key_bytes(&key, domain->bytes, domain->len);
	key_u8(&key, kind);
	return key;
}

struct key tally_head_key(const struct key *domain)
{
	return row_key(domain, TALLY_HEAD);
}

struct key tally_policy_key(const struct key *domain, uint64_t policy_id)
{
	struct key key = row_key(domain, TALLY_POLICY);

	key_u64(&key, policy_id);
	return key;
}

struct key tally_detail_key(const struct key *domain, uint64_t policy_id,
                            struct hash128 hash)
{
	struct key key = row_key(domain, TALLY_DETAIL);

	key_u64(&key, policy_id);
	key_hash(&key, hash);
	return key;
}

bool tally_row_read(const struct db_value *key, struct tally_row *row)
{
	struct reader reader;
	const char *end;

	reader_init(&reader, key->data, key->len);
	row->day = (int32_t)reader_u32(&reader);
	row->domain = (const char *)reader.at;
	end = memchr(row->domain, 0, reader_left(&reader));
	if (end == NULL)
		return false;
	reader_bytes(&reader, (size_t)(end + 1 - row->domain));
	row->kind = reader_u8(&reader);
	row->policy_id = row->kind == TALLY_HEAD ? 0 : reader_u64(&reader);
	if (row->kind == TALLY_DETAIL)
		reader_bytes(&reader, 16);
	return !reader.failed && reader_left(&reader) == 0 &&
	       row->kind >= TALLY_HEAD && row->kind <= TALLY_DETAIL;
}

bool tally_head_read(struct db_value value, struct tally_head *head)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	head->mark = reader_u8(&reader);
	head->valid = reader_u8(&reader) != 0;
	head->success = reader_u64(&reader);
	head->failure = reader_u64(&reader);
	head->late_success = reader_u64(&reader);
	head->late_failure = reader_u64(&reader);
	head->policies = reader_u32(&reader);
	head->details = reader_u32(&reader);
	head->folded = reader_u64(&reader);
	head->outbox_id = reader_u64(&reader);
	head->revision = reader_u32(&reader);
	read_text(&reader, head->record, sizeof(head->record));
	read_text(&reader, head->reason, sizeof(head->reason));
	return !reader.failed && head->mark < TALLY_MARKS;
}

int tally_head_at(struct db_txn *txn, const struct key *domain,
                  struct tally_head *head)
{
	struct key key = tally_head_key(domain);
	struct db_value value;

	if (!db_get(txn, TABLE_TALLY, key.bytes, key.len, &value))
		return 0;
	if (tally_head_read(value, head))
		return 1;
	db_damaged(txn, TABLE_TALLY, key.bytes, key.len);
	return 0;
}

void tally_head_put(struct db_txn *txn, const struct key *domain,
                    const struct tally_head *head, struct strbuf *scratch)
{
	struct key key = tally_head_key(domain);
	struct reader reader;

	strbuf_reset(scratch);
	strbuf_u8(scratch, (uint8_t)head->mark);
	strbuf_u8(scratch, head->valid);
	strbuf_u64(scratch, head->success);
	strbuf_u64(scratch, head->failure);
	strbuf_u64(scratch, head->late_success);
	strbuf_u64(scratch, head->late_failure);
	strbuf_u32(scratch, head->policies);
	strbuf_u32(scratch, head->details);
	strbuf_u64(scratch, head->folded);
	strbuf_u64(scratch, head->outbox_id);
	strbuf_u32(scratch, head->revision);
	strbuf_str(scratch, head->record);
	strbuf_str(scratch, head->reason);
	db_put(txn, TABLE_TALLY, key.bytes, key.len, scratch->data,
	       scratch->len);
	reader_init(&reader, domain->bytes, domain->len);
	day_touch(txn, (int32_t)reader_u32(&reader),
	          change_touch(txn, CHANGE_DOMAIN));
}

bool tally_sums_read(struct db_value value, struct tally_sums *sums)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	sums->success = reader_u64(&reader);
	sums->failure = reader_u64(&reader);
	return !reader.failed && reader_left(&reader) == 0;
}

bool tally_detail_read(struct db_value value, uint64_t *count,
                       struct db_value *blob)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	*count = reader_u64(&reader);
	*blob = (struct db_value){reader.at, reader_left(&reader)};
	return !reader.failed;
}
