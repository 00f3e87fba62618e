#include "store/tally_row.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/be.h"
#include "store/change_table.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "store/domain_history.h"
#include "store/domain_index.h"
#include "store/keys.h"
#include "store/numbers.h"

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

static_assert((int)POLICY_TYPES * RESULT_TYPES <= 64,
              "a head has a bit for each");

/* A head begins with its mark and this: one without is of a store that is yet
 * to be upgraded, and has no kinds. */
enum { HEAD_FORM = 0x80 };

static void write_kinds(const struct tally_kinds *kinds, struct strbuf *out)
{
	numbers_pack(kinds->policy_success, POLICY_TYPES, out);
	numbers_pack(kinds->policy_failure, POLICY_TYPES, out);
	numbers_pack(kinds->results[0], POLICY_TYPES * RESULT_TYPES, out);
}

static bool read_kinds(struct reader *reader, struct tally_kinds *kinds)
{
	numbers_unpack(reader, kinds->policy_success, POLICY_TYPES);
	numbers_unpack(reader, kinds->policy_failure, POLICY_TYPES);
	numbers_unpack(reader, kinds->results[0], POLICY_TYPES * RESULT_TYPES);
	return reader_is_done(reader);
}

static void read_to_nul(struct reader *reader, char *out, size_t room)
{
	const char *text = reader_to_nul(reader);

	if (text == NULL || strlen(text) >= room) {
		reader->failed = true;
		text = "";
	}
	strcpy(out, text);
}

/* Of schema version 3 and before. */
static bool read_old(struct reader *reader, struct tally_head *head)
{
	head->valid = reader_u8(reader) != 0;
	head->success = reader_u64(reader);
	head->failure = reader_u64(reader);
	head->late_success = reader_u64(reader);
	head->late_failure = reader_u64(reader);
	head->policies = reader_u32(reader);
	head->details = reader_u32(reader);
	head->folded = reader_u64(reader);
	head->outbox_id = reader_u64(reader);
	head->revision = reader_u32(reader);
	reader_text(reader, head->record, sizeof(head->record));
	reader_text(reader, head->reason, sizeof(head->reason));
	head->unjudged = reader_left(reader) > 0 ? reader_u64(reader) : 0;
	memset(&head->kinds, 0, sizeof(head->kinds));
	head->record_at = 0;
	return !reader->failed;
}

bool tally_head_is_old(const struct db_row *row)
{
	const uint8_t *first = row->value.data;

	return row->value.len > 0 && (*first & HEAD_FORM) == 0;
}

bool tally_head_read(const struct db_row *row, struct tally_head *head)
{
	struct reader reader = db_row_value(row);
	uint8_t first = reader_u8(&reader);

	head->mark = first & (HEAD_FORM - 1);
	if (head->mark >= TALLY_MARKS)
		return false;
	if ((first & HEAD_FORM) == 0)
		return read_old(&reader, head);
	head->valid = reader_u8(&reader) != 0;
	head->success = reader_varint(&reader);
	head->failure = reader_varint(&reader);
	head->unjudged = reader_varint(&reader);
	head->late_success = reader_varint(&reader);
	head->late_failure = reader_varint(&reader);
	head->policies = (uint32_t)reader_varint(&reader);
	head->details = (uint32_t)reader_varint(&reader);
	head->folded = reader_varint(&reader);
	head->outbox_id = reader_varint(&reader);
	head->revision = (uint32_t)reader_varint(&reader);
	head->record_at = (int64_t)reader_varint(&reader);
	read_to_nul(&reader, head->record, sizeof(head->record));
	read_to_nul(&reader, head->reason, sizeof(head->reason));
	return read_kinds(&reader, &head->kinds);
}

bool tally_head_is_open(const struct tally_head *head)
{
	return head->mark == TALLY_OPEN || head->mark == TALLY_UNSENT;
}

void tally_head_take_record(struct tally_head *head, const char *record,
                            int64_t at, bool changed)
{
	if (record == NULL || (!changed && strncmp(head->record, record,
	                                           SESSION_RECORD_MAX) == 0))
		return;
	snprintf(head->record, sizeof(head->record), "%s", record);
	head->record_at = at;
}

void tally_head_add_journal(struct tally_head *head,
                            const struct journal_sums *sums)
{
	head->unjudged += sums->unjudged;
	head->revision += sums->commits;
	if (!tally_head_is_open(head)) {
		head->late_success += sums->success;
		head->late_failure += sums->failure;
		return;
	}
	head->success += sums->success;
	head->failure += sums->failure;
	for (int i = 0; i < POLICY_TYPES; i++) {
		head->kinds.policy_success[i] += sums->kinds.policy_success[i];
		head->kinds.policy_failure[i] += sums->kinds.policy_failure[i];
		for (int j = 0; j < RESULT_TYPES; j++)
			head->kinds.results[i][j] += sums->kinds.results[i][j];
	}
	head->valid = sums->valid;
	tally_head_take_record(head, sums->record, sums->record_at,
	                       sums->record_changed);
}

int tally_head_at(struct db_txn *txn, const struct db_key *domain,
                  struct tally_head *head)
{
	struct db_key key = key_of_kind(domain, TALLY_HEAD);
	struct db_row row;

	return db_get(txn, &key, &row) &&
	       db_row_is(txn, &row, tally_head_read(&row, head));
}

void tally_head_begin(struct db_txn *txn, int32_t day, struct tally_head *head)
{
	/* not the whole struct: texts are long and heads many */
	memset(head, 0, offsetof(struct tally_head, record));
	head->record[0] = head->reason[0] = '\0';
	if (day_table_is_closed(txn, day))
		head->mark = day_table_is_unsent(txn, day) ? TALLY_UNSENT
		                                           : TALLY_LATE;
}

static void write_head(const struct tally_head *head, struct strbuf *out)
{
	strbuf_reset(out);
	strbuf_u8(out, (uint8_t)(HEAD_FORM | head->mark));
	strbuf_u8(out, head->valid);
	strbuf_varint(out, head->success);
	strbuf_varint(out, head->failure);
	strbuf_varint(out, head->unjudged);
	strbuf_varint(out, head->late_success);
	strbuf_varint(out, head->late_failure);
	strbuf_varint(out, head->policies);
	strbuf_varint(out, head->details);
	strbuf_varint(out, head->folded);
	strbuf_varint(out, head->outbox_id);
	strbuf_varint(out, head->revision);
	strbuf_varint(out, (uint64_t)head->record_at);
	strbuf_add(out, head->record, strlen(head->record) + 1);
	strbuf_add(out, head->reason, strlen(head->reason) + 1);
	write_kinds(&head->kinds, out);
}

void tally_head_put(struct db_txn *txn, const struct db_key *domain,
                    const struct tally_head *before,
                    const struct tally_head *head, struct strbuf *scratch)
{
	struct db_key key = key_of_kind(domain, TALLY_HEAD);
	int32_t day = (int32_t)be_get(domain->bytes, sizeof(day));
	const char *text = (const char *)domain->bytes + sizeof(day);

	write_head(head, scratch);
	db_put(txn, &key, scratch);
	day_sums_change(txn, day, before, head);
	domain_index_change(txn, day, text, before, head);
	domain_history_change(txn, day, text, before, head);
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
