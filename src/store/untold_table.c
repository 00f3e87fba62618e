#include "store/untold_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/counted.h"
#include "store/keys.h"

static struct db_key key_at(int64_t moment)
{
	struct db_key key = key_of(TABLE_UNTOLD);

	key_u64(&key, (uint64_t)(moment < 0 ? 0 : moment));
	return key;
}

void untold_add(struct db_txn *txn, const struct untold *untold)
{
	struct db_key key = key_at(untold->moment);
	auto_(strbuf_clear) struct strbuf bytes = {0};
	uint64_t count;

	key_u32(&key, (uint32_t)untold->day);
	key_text(&key, untold->domain);
	key_u8(&key, 0);
	strbuf_u64(&bytes, (uint64_t)untold->since_boot_ms);
	strbuf_u8(&bytes, untold->unjudged);
	strbuf_add(&bytes, untold->policy, untold->policy_len);
	counted_find(txn, &key, bytes.data, bytes.len, &count);
	counted_put(txn, &key, count + untold->sessions, bytes.data, bytes.len);
}

bool untold_read(struct db_txn *txn, const struct db_row *row,
                 struct untold *untold)
{
	struct reader key = db_row_key(row), value;
	struct db_value bytes;
	const char *domain;
	uint8_t unjudged;

	untold->moment = (int64_t)reader_u64(&key);
	untold->day = (int32_t)reader_u32(&key);
	domain = reader_to_nul(&key);
	if (!db_row_is(txn, row,
	               domain != NULL &&
	                       strlen(domain) < sizeof(untold->domain) &&
	                       counted_read(row, &untold->sessions, &bytes)))
		return false;
	strcpy(untold->domain, domain);
	reader_init(&value, bytes.data, bytes.len);
	untold->since_boot_ms = (int64_t)reader_u64(&value);
	unjudged = reader_u8(&value);
	untold->unjudged = unjudged != 0;
	untold->policy = value.at;
	untold->policy_len = reader_left(&value);
	return db_row_is(txn, row, !value.failed && unjudged <= 1);
}

void untold_take(struct db_txn *txn,
                 bool (*each)(void *arg, const struct untold *untold),
                 void *arg)
{
	struct db_key all = key_of(TABLE_UNTOLD);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);
	struct untold untold;

	for (size_t i = 0; i < DB_BATCH_ROWS && db_rows_next(&rows) &&
	                   untold_read(txn, &rows.row, &untold);
	     i++) {
		auto_(strbuf_clear) struct strbuf policy = {0};

		/* what is lent ends when a row is written */
		strbuf_add(&policy, untold.policy, untold.policy_len);
		untold.policy = policy.data;
		if (each(arg, &untold))
			db_rows_delete(&rows);
	}
}

int untold_purge(struct db_txn *txn, int64_t before, uint64_t *rows)
{
	struct db_key end = key_at(before);

	return db_purge_before(txn, &end, rows);
}
