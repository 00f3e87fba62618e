#include "store/merged_table.h"

#include "base/auto.h"
#include "store/keys.h"

static bool read_row(const struct db_row *from, struct merged_row *row)
{
	struct reader in = db_row_value(from);
	uint8_t mark = reader_u8(&in);

	row->mark = (enum tally_mark)mark;
	row->outbox_id = reader_u64(&in);
	row->success = reader_u64(&in);
	row->failure = reader_u64(&in);
	row->unjudged = reader_u64(&in);
	row->hosts = reader_u32(&in);
	reader_text(&in, row->reason, sizeof(row->reason));
	return reader_is_done(&in) && mark < TALLY_MARKS;
}

static bool read_totals(const struct db_row *from, struct merged_totals *totals)
{
	struct reader in = db_row_value(from);

	totals->domains = reader_u64(&in);
	totals->success = reader_u64(&in);
	totals->failure = reader_u64(&in);
	totals->unjudged = reader_u64(&in);
	return reader_is_done(&in);
}

int merged_get(struct db_txn *txn, int32_t day, const char *domain,
               struct merged_row *row)
{
	struct db_key key = key_of_domain(TABLE_MERGED, day, domain);
	struct db_row at;

	return db_get(txn, &key, &at) &&
	       db_row_is(txn, &at, read_row(&at, row));
}

void merged_totals_get(struct db_txn *txn, int32_t day,
                       struct merged_totals *totals)
{
	struct db_key key = key_of_day(TABLE_MERGED, day);
	struct db_row at;

	*totals = (struct merged_totals){0};
	if (db_get(txn, &key, &at))
		db_row_is(txn, &at, read_totals(&at, totals));
}

/* The day's row by what this one adds to the one before. */
static void change_totals(struct db_txn *txn, int32_t day,
                          const struct merged_row *before,
                          const struct merged_row *row)
{
	struct db_key key = key_of_day(TABLE_MERGED, day);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct merged_totals totals;

	merged_totals_get(txn, day, &totals);
	strbuf_u64(&value, totals.domains + (before == NULL));
	strbuf_u64(&value, totals.success + row->success -
	                           (before ? before->success : 0));
	strbuf_u64(&value, totals.failure + row->failure -
	                           (before ? before->failure : 0));
	strbuf_u64(&value, totals.unjudged + row->unjudged -
	                           (before ? before->unjudged : 0));
	db_put(txn, &key, &value);
}

void merged_put(struct db_txn *txn, int32_t day, const char *domain,
                const struct merged_row *row)
{
	struct db_key key = key_of_domain(TABLE_MERGED, day, domain);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct merged_row before;
	int there = merged_get(txn, day, domain, &before);

	change_totals(txn, day, there ? &before : NULL, row);
	strbuf_u8(&value, (uint8_t)row->mark);
	strbuf_u64(&value, row->outbox_id);
	strbuf_u64(&value, row->success);
	strbuf_u64(&value, row->failure);
	strbuf_u64(&value, row->unjudged);
	strbuf_u32(&value, row->hosts);
	strbuf_str(&value, row->reason);
	db_put(txn, &key, &value);
}

int merged_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_MERGED, before, rows);
}

void merged_check(struct db_txn *txn, const struct db_row *row)
{
	struct reader key = db_row_key(row);
	struct merged_totals totals;
	struct merged_row merged;

	reader_u32(&key); /* the day */
	db_row_is(txn, row,
	          reader_left(&key) > 0 ? read_row(row, &merged)
	                                : read_totals(row, &totals));
}
