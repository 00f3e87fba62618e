#include "store/suppress_table.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "store/change_table.h"
#include "store/keys.h"
#include "store/paged.h"

enum { SUPPRESS_SECS = 30 * DAY_SECS };

static int decode(struct db_txn *txn, const struct db_row *row,
                  struct suppression *suppression)
{
	struct reader key = db_row_key(row), value = db_row_value(row);

	suppression->since = (int64_t)reader_u64(&value);
	suppression->until = (int64_t)reader_u64(&value);
	suppression->by_hand = reader_u8(&value) != 0;
	reader_text(&value, suppression->reason, sizeof(suppression->reason));
	reader_rest(&key, suppression->address, sizeof(suppression->address));
	return db_row_is(txn, row, !value.failed && !key.failed);
}

int suppress_get(struct db_txn *txn, const char *address,
                 struct suppression *suppression)
{
	struct db_key key = key_of_text(TABLE_SUPPRESS, address);
	struct db_row row;

	return db_get(txn, &key, &row) && decode(txn, &row, suppression);
}

static void note(struct db_txn *txn, enum change_what what, const char *address)
{
	change_note(txn, CHANGE_SUPPRESSION, what, address, strlen(address));
}

void suppress_put(struct db_txn *txn, const struct suppression *row)
{
	struct db_key key = key_of_text(TABLE_SUPPRESS, row->address);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct db_row before;
	int found = db_get(txn, &key, &before);

	strbuf_u64(&value, (uint64_t)row->since);
	strbuf_u64(&value, (uint64_t)row->until);
	strbuf_u8(&value, row->by_hand);
	strbuf_str(&value, row->reason);
	if (db_put_changed(txn, &key, &value))
		note(txn, found ? CHANGE_UPDATED : CHANGE_CREATED,
		     row->address);
}

bool suppress_has_ended(const struct suppression *row, int64_t now)
{
	/* also an end of 30 days that a person has moved is a person's */
	bool by_rule =
		!row->by_hand && row->until == row->since + SUPPRESS_SECS;

	return row->until != 0 &&
	       moment_has_come(row->until, now,
	                       by_rule ? SUPPRESS_SECS : MOMENT_STANDS);
}

void suppress_for_a_while(struct db_txn *txn, const char *address,
                          const char *reason, int64_t now)
{
	struct suppression row = {.since = now, .until = now + SUPPRESS_SECS};

	snprintf(row.address, sizeof(row.address), "%s", address);
	snprintf(row.reason, sizeof(row.reason), "%s", reason);
	suppress_put(txn, &row);
}

int suppress_delete(struct db_txn *txn, const char *address)
{
	struct db_key key = key_of_text(TABLE_SUPPRESS, address);

	if (!db_delete(txn, &key))
		return 0;
	note(txn, CHANGE_DESTROYED, address);
	return 1;
}

int suppress_next(struct db_txn *txn, struct suppression *suppression)
{
	struct db_key from =
		key_after_text(TABLE_SUPPRESS, suppression->address);
	struct db_row row;

	return db_get_from(txn, &from, &row) && decode(txn, &row, suppression);
}

int suppress_count(struct db *db, int64_t now, uint64_t *n, struct err *err)
{
	struct paged paged = {.db = db};
	struct suppression row = {0};

	*n = 0;
	while (suppress_next(paged_txn(&paged), &row))
		*n += !suppress_has_ended(&row, now);
	return paged_end(&paged, err);
}

int suppress_purge(struct db_txn *txn, int64_t now, uint64_t *rows)
{
	struct db_key all = key_of(TABLE_SUPPRESS);
	auto_(db_rows_end) struct db_rows each = db_rows(txn, &all);
	struct suppression suppression;
	uint64_t n = 0;

	while (n < DB_BATCH_ROWS && db_rows_next(&each) &&
	       decode(txn, &each.row, &suppression)) {
		if (!suppress_has_ended(&suppression, now))
			continue;
		db_rows_delete(&each);
		note(txn, CHANGE_DESTROYED, suppression.address);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
