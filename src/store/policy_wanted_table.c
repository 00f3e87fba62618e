#include "store/policy_wanted_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"

static int decode(struct db_txn *txn, const struct db_row *row, int64_t *due,
                  uint32_t *failures)
{
	struct reader reader = db_row_value(row);

	*due = (int64_t)reader_u64(&reader);
	*failures = reader_u32(&reader);
	return db_row_is(txn, row,
	                 !reader.failed && row->key.len < WANTED_DOMAIN_TEXT);
}

void policy_wanted_put(struct db_txn *txn, const char *domain, int64_t due,
                       uint32_t failures)
{
	struct db_key key = key_of_text(TABLE_WANTED, domain);
	auto_(strbuf_clear) struct strbuf value = {0};

	if (strlen(domain) >= WANTED_DOMAIN_TEXT) {
		db_fail(txn, ERR_LIMIT, "'%.80s...' is not a domain to look up",
		        domain);
		return;
	}
	strbuf_u64(&value, (uint64_t)due);
	strbuf_u32(&value, failures);
	db_put(txn, &key, &value);
}

int policy_wanted_get(struct db_txn *txn, const char *domain, int64_t *due,
                      uint32_t *failures)
{
	struct db_key key = key_of_text(TABLE_WANTED, domain);
	struct db_row row;

	return db_get(txn, &key, &row) && decode(txn, &row, due, failures);
}

void policy_wanted_delete(struct db_txn *txn, const char *domain)
{
	struct db_key key = key_of_text(TABLE_WANTED, domain);

	db_delete(txn, &key);
}

int policy_wanted_next(struct db_txn *txn, char domain[WANTED_DOMAIN_TEXT],
                       int64_t *due, uint32_t *failures)
{
	struct db_key from = key_after_text(TABLE_WANTED, domain);
	struct reader name;
	struct db_row row;

	if (!db_get_from(txn, &from, &row) || !decode(txn, &row, due, failures))
		return 0;
	name = db_row_key(&row);
	reader_rest(&name, domain, WANTED_DOMAIN_TEXT);
	return 1;
}

int policy_wanted_purge(struct db_txn *txn, int64_t before, uint64_t *rows)
{
	struct db_key all = key_of(TABLE_WANTED);
	auto_(db_rows_end) struct db_rows each = db_rows(txn, &all);
	uint32_t failures;
	uint64_t n = 0;
	int64_t due;

	while (n < DB_BATCH_ROWS && db_rows_next(&each) &&
	       decode(txn, &each.row, &due, &failures)) {
		if (due >= before)
			continue;
		db_rows_delete(&each);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
