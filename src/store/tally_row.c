#include "store/tally_row.h"

#include "base/be.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/keys.h"

struct db_key tally_domain_key(int32_t day, const char *domain)
{
	return key_of_domain(TABLE_TALLY, day, domain);
}

static struct db_key key_of_kind(const struct db_key *domain,
                                 enum tally_kind kind)
{
	struct db_key key = key_of(TABLE_TALLY);

	/* not the whole struct: keys are short and rows many */
	key_bytes(&key, domain->bytes, domain->len);
	key_u8(&key, kind);
	return key;
}

struct db_key tally_policy_key(const struct db_key *domain, uint64_t policy_id)
{
	struct db_key key = key_of_kind(domain, TALLY_POLICY);

	key_u64(&key, policy_id);
	return key;
}

struct db_key tally_details_key(const struct db_key *domain, uint64_t policy_id)
{
	struct db_key key = key_of_kind(domain, TALLY_DETAIL);

	key_u64(&key, policy_id);
	return key;
}

bool tally_row_read(struct db_txn *txn, const struct db_row *from,
                    struct tally_row *row)
{
	struct reader reader = db_row_key(from);

	row->day = (int32_t)reader_u32(&reader);
	row->domain = reader_to_nul(&reader);
	row->kind = reader_u8(&reader);
	row->policy_id = row->kind == TALLY_HEAD ? 0 : reader_u64(&reader);
	if (row->kind == TALLY_DETAIL)
		reader_bytes(&reader, sizeof(struct hash128));
	return db_row_is(txn, from,
	                 reader_is_done(&reader) && row->kind >= TALLY_HEAD &&
	                         row->kind <= TALLY_DETAIL);
}

bool tally_head_read(const struct db_row *row, struct tally_head *head)
{
	struct reader reader = db_row_value(row);

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
	reader_text(&reader, head->record, sizeof(head->record));
	reader_text(&reader, head->reason, sizeof(head->reason));
	head->unjudged = reader_left(&reader) > 0 ? reader_u64(&reader) : 0;
	return !reader.failed && head->mark < TALLY_MARKS;
}

int tally_head_at(struct db_txn *txn, const struct db_key *domain,
                  struct tally_head *head)
{
	struct db_key key = key_of_kind(domain, TALLY_HEAD);
	struct db_row row;

	return db_get(txn, &key, &row) &&
	       db_row_is(txn, &row, tally_head_read(&row, head));
}

void tally_head_put(struct db_txn *txn, const struct db_key *domain,
                    const struct tally_head *head, struct strbuf *scratch)
{
	struct db_key key = key_of_kind(domain, TALLY_HEAD);
	int32_t day = (int32_t)be_get(domain->bytes, sizeof(day));

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
	if (head->unjudged > 0)
		strbuf_u64(scratch, head->unjudged);
	db_put(txn, &key, scratch);
	day_table_touch(txn, day, change_touch(txn, CHANGE_DOMAIN));
}

bool tally_sums_read(const struct db_row *row, struct tally_sums *sums)
{
	struct reader reader = db_row_value(row);

	sums->success = reader_u64(&reader);
	sums->failure = reader_u64(&reader);
	/* rows without it are older than the number */
	sums->unjudged = reader_left(&reader) > 0 ? reader_u64(&reader) : 0;
	return reader_is_done(&reader);
}

void tally_sums_put(struct db_txn *txn, const struct db_key *policy,
                    const struct tally_sums *sums, struct strbuf *scratch)
{
	strbuf_reset(scratch);
	strbuf_u64(scratch, sums->success);
	strbuf_u64(scratch, sums->failure);
	if (sums->unjudged > 0)
		strbuf_u64(scratch, sums->unjudged);
	db_put(txn, policy, scratch);
}
