#include "store/policy_cache_table.h"

#include "base/auto.h"
#include "store/keys.h"

/* What the purge looks at stands before the view: it reads no more of it. */
static bool value_read(const struct db_row *row, int64_t *checked_at,
                       int64_t *sts_expires_at, struct db_value *view)
{
	struct reader reader = db_row_value(row);

	*checked_at = (int64_t)reader_u64(&reader);
	*sts_expires_at = (int64_t)reader_u64(&reader);
	*view = (struct db_value){reader.at, reader_left(&reader)};
	return !reader.failed;
}

int policy_cache_get(struct db_txn *txn, const char *domain,
                     struct arena *arena, struct domain_view *view)
{
	struct db_key key = key_of_text(TABLE_POLICY, domain);
	int64_t checked_at, sts_expires_at;
	struct db_value blob;
	struct db_row row;

	return db_get(txn, &key, &row) &&
	       value_read(&row, &checked_at, &sts_expires_at, &blob) &&
	       domain_view_decode(blob.data, blob.len, arena, view, NULL) == 0;
}

void policy_cache_put(struct db_txn *txn, const struct domain_view *view)
{
	struct db_key key = key_of_text(TABLE_POLICY, view->domain);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, (uint64_t)view->checked_at);
	strbuf_u64(&value, (uint64_t)view->sts_expires_at);
	domain_view_encode(view, &value);
	db_put(txn, &key, &value);
}

int policy_cache_purge(struct db_txn *txn, int64_t before, uint64_t *rows)
{
	struct db_key all = key_of(TABLE_POLICY);
	auto_(db_rows_end) struct db_rows each = db_rows(txn, &all);
	int64_t checked_at, sts_expires_at;
	struct db_value view;
	uint64_t n = 0;

	while (n < DB_BATCH_ROWS && db_rows_next(&each)) {
		if (value_read(&each.row, &checked_at, &sts_expires_at,
		               &view) &&
		    (checked_at >= before || sts_expires_at >= before))
			continue;
		db_rows_delete(&each);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
