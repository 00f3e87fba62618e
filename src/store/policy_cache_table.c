#include "store/policy_cache_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "store/keys.h"

/* What the purge looks at stands before the view: it reads no more of it. */
static bool value_read(struct db_value value, int64_t *checked_at,
                       int64_t *sts_expires_at, struct db_value *view)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	*checked_at = (int64_t)reader_u64(&reader);
	*sts_expires_at = (int64_t)reader_u64(&reader);
	view->len = reader_left(&reader);
	view->data = reader_bytes(&reader, view->len);
	return !reader.failed;
}

int policy_cache_get(struct db_txn *txn, const char *domain,
                     struct arena *arena, struct domain_view *view)
{
	struct db_value key = {domain, strlen(domain)}, value, blob;
	int64_t checked_at, sts_expires_at;

	if (!db_get(txn, TABLE_POLICY, key.data, key.len, &value))
		return 0;
	return value_read(value, &checked_at, &sts_expires_at, &blob) &&
	       domain_view_decode(blob.data, blob.len, arena, view, NULL) == 0;
}

void policy_cache_put(struct db_txn *txn, const struct domain_view *view)
{
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, (uint64_t)view->checked_at);
	strbuf_u64(&value, (uint64_t)view->sts_expires_at);
	domain_view_encode(view, &value);
	db_put(txn, TABLE_POLICY, view->domain, strlen(view->domain),
	       value.data, value.len);
}

int policy_cache_purge(struct db_txn *txn, int64_t before, uint64_t *rows)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_POLICY);
	uint64_t n = 0;

	for (bool more = db_seek(cursor, "", 0); more && n < DB_BATCH_ROWS;
	     more = db_next(cursor)) {
		int64_t checked_at, sts_expires_at;
		struct db_value key, value, blob;

		db_at(cursor, &key, &value);
		if (value_read(value, &checked_at, &sts_expires_at, &blob) &&
		    (checked_at >= before || sts_expires_at >= before))
			continue;
		db_cursor_delete(cursor);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
