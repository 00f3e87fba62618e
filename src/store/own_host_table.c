#include "store/own_host_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"

/* The domain's own row, of when it was noted, has no host. */
static struct db_key host_key(const char *domain, const char *host)
{
	struct db_key key = key_of_text(TABLE_OWN_HOST, domain);

	key_u8(&key, 0);
	key_text(&key, host);
	return key;
}

static int32_t read_day(struct db_txn *txn, const struct db_row *row)
{
	struct reader value = db_row_value(row);
	int32_t day = (int32_t)reader_u32(&value);

	return db_row_is(txn, row, reader_is_done(&value)) ? day : INT32_MIN;
}

static void put(struct db_txn *txn, const char *domain, const char *host,
                int32_t day)
{
	struct db_key key = host_key(domain, host);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u32(&value, (uint32_t)day);
	db_put_changed(txn, &key, &value);
}

void own_host_note(struct db_txn *txn, const struct domain_view *view,
                   int32_t day)
{
	if (view->mx != VIEW_OK && view->mx != VIEW_NONE)
		return;
	put(txn, view->domain, "", day);
	for (size_t i = 0; i < view->mx_count; i++)
		if (strcmp(view->mxs[i].host, view->domain) != 0)
			put(txn, view->domain, view->mxs[i].host, day);
}

int32_t own_host_noted(struct db_txn *txn, const char *domain)
{
	struct db_key key = host_key(domain, "");
	struct db_row row;

	return db_get(txn, &key, &row) ? read_day(txn, &row) : INT32_MIN;
}

int own_host_next(struct db_txn *txn, const char *domain, struct own_host *host)
{
	struct db_key from = host_key(domain, host->host);
	size_t before = strlen(domain) + 1;
	struct db_row row;
	struct reader key;

	key_u8(&from, 0); /* what comes after it */
	if (!db_get_from(txn, &from, &row) || row.key.len < before ||
	    memcmp(row.key.data, from.bytes, before) != 0)
		return 0;
	key = db_row_key(&row);
	reader_bytes(&key, before);
	reader_rest(&key, host->host, sizeof(host->host));
	host->seen = read_day(txn, &row);
	return db_row_is(txn, &row, !key.failed) && !db_failed(txn);
}

int own_host_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	struct db_key all = key_of(TABLE_OWN_HOST);
	auto_(db_rows_end) struct db_rows list = db_rows(txn, &all);
	uint64_t n = 0;

	while (n < DB_PURGE_ROWS && db_rows_next(&list)) {
		if (read_day(txn, &list.row) >= before)
			continue;
		db_rows_delete(&list);
		n++;
	}
	*rows += n;
	return n == DB_PURGE_ROWS;
}

void own_host_check(struct db_txn *txn, const struct db_row *row)
{
	struct reader key = db_row_key(row);

	reader_to_nul(&key);
	if (db_row_is(txn, row, !key.failed))
		read_day(txn, row);
}
