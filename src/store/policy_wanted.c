/* The wanted list of store/policy_cache_table.h. */
#include "store/policy_cache_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "store/keys.h"

static int decode(struct db_txn *txn, struct db_value key,
                  struct db_value value, int64_t *due, uint32_t *failures)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	*due = (int64_t)reader_u64(&reader);
	*failures = reader_u32(&reader);
	if (!reader.failed && key.len < WANTED_DOMAIN_TEXT)
		return 1;
	db_damaged(txn, TABLE_WANTED, key.data, key.len);
	return 0;
}

void policy_wanted_put(struct db_txn *txn, const char *domain, int64_t due,
                       uint32_t failures)
{
	auto_(strbuf_clear) struct strbuf value = {0};

	if (strlen(domain) >= WANTED_DOMAIN_TEXT) {
		db_fail(txn, ERR_LIMIT, "'%.80s...' is no domain to look up",
		        domain);
		return;
	}
	strbuf_u64(&value, (uint64_t)due);
	strbuf_u32(&value, failures);
	db_put(txn, TABLE_WANTED, domain, strlen(domain), value.data,
	       value.len);
}

int policy_wanted_get(struct db_txn *txn, const char *domain, int64_t *due,
                      uint32_t *failures)
{
	struct db_value key = {domain, strlen(domain)}, value;

	return db_get(txn, TABLE_WANTED, key.data, key.len, &value) &&
	       decode(txn, key, value, due, failures);
}

void policy_wanted_delete(struct db_txn *txn, const char *domain)
{
	db_delete(txn, TABLE_WANTED, domain, strlen(domain));
}

int policy_wanted_next(struct db_txn *txn, char domain[WANTED_DOMAIN_TEXT],
                       int64_t *due, uint32_t *failures)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_WANTED);
	struct db_value key, value;
	/* its end, the NUL, makes it the first key after the domain */
	size_t len = domain[0] == '\0' ? 0 : strlen(domain) + 1;

	if (!db_seek(cursor, domain, len))
		return 0;
	db_at(cursor, &key, &value);
	if (!decode(txn, key, value, due, failures))
		return 0;
	memcpy(domain, key.data, key.len);
	domain[key.len] = '\0';
	return 1;
}

int policy_wanted_purge(struct db_txn *txn, int64_t before, uint64_t *rows)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_WANTED);
	uint64_t n = 0;

	for (bool more = db_seek(cursor, "", 0); more && n < DB_BATCH_ROWS;
	     more = db_next(cursor)) {
		struct db_value key, value;
		uint32_t failures;
		int64_t due;

		db_at(cursor, &key, &value);
		if (!decode(txn, key, value, &due, &failures))
			break;
		if (due >= before)
			continue;
		db_cursor_delete(cursor);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
