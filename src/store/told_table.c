#include "store/told_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"
#include "store/meta_table.h"
#include "store/policy_cache_table.h"

/* The newest first: the first row from a moment's key on was told then. */
static struct db_key key_at(const char *domain, int64_t since)
{
	struct db_key key = key_of_text(TABLE_TOLD, domain);

	key_u8(&key, 0);
	key_u64(&key, ~(uint64_t)(since < 0 ? 0 : since));
	return key;
}

/* Its domain and moment; false when the row is damaged. */
static bool key_read(struct db_txn *txn, const struct db_row *row,
                     const char **domain, int64_t *since)
{
	struct reader reader = db_row_key(row);

	*domain = reader_to_nul(&reader);
	*since = (int64_t)~reader_u64(&reader);
	return db_row_is(txn, row, *domain != NULL && reader_is_done(&reader));
}

static bool decode(struct db_txn *txn, const struct db_row *row,
                   struct arena *arena, struct told *told)
{
	struct reader reader = db_row_value(row);
	const char *domain;
	uint8_t kind, sts_fetch;

	kind = reader_u8(&reader);
	sts_fetch = reader_u8(&reader);
	told->kind = (enum told_kind)kind;
	told->sts_fetch = (enum view_status)sts_fetch;
	told->problem = reader_str(&reader, arena);
	told->sts_id = reader_str(&reader, arena);
	return key_read(txn, row, &domain, &told->since) &&
	       db_row_is(txn, row,
	                 reader_is_done(&reader) && kind < TOLD_KINDS &&
	                         sts_fetch < VIEW_STATUSES);
}

void told_put(struct db_txn *txn, const char *domain, const struct told *told)
{
	struct db_key all = key_of_text(TABLE_TOLD, domain);
	struct db_key key = key_at(domain, told->since);
	auto_(strbuf_clear) struct strbuf value = {0};
	auto_(db_rows_end) struct db_rows later = {0};
	const char *name;
	int64_t since;

	key_u8(&all, 0);
	later = db_rows(txn, &all);
	while (db_rows_next(&later) &&
	       key_read(txn, &later.row, &name, &since) && since > told->since)
		db_rows_delete(&later);
	strbuf_u8(&value, (uint8_t)told->kind);
	strbuf_u8(&value, (uint8_t)told->sts_fetch);
	strbuf_str(&value, told->problem);
	strbuf_str(&value, told->sts_id);
	db_put(txn, &key, &value);
}

int told_get(struct db_txn *txn, const char *domain, int64_t moment,
             struct arena *arena, struct told *told)
{
	struct db_key from = key_at(domain, moment);
	const size_t len = strlen(domain) + 1;
	struct db_row row;

	return db_get_from(txn, &from, &row) && row.key.len > len &&
	       memcmp(row.key.data, from.bytes, len) == 0 &&
	       decode(txn, &row, arena, told);
}

int64_t told_until(struct db_txn *txn)
{
	return (int64_t)meta_get(txn, META_TOLD_UNTIL);
}

void told_until_put(struct db_txn *txn, int64_t moment)
{
	meta_put(txn, META_TOLD_UNTIL, (uint64_t)moment);
}

static bool is_to_report(struct db_txn *txn, const char *domain, int64_t moment)
{
	auto_(arena_clear) struct arena arena = {0};
	struct told told;

	return told_get(txn, domain, moment, &arena, &told) &&
	       (told.kind == TOLD_STS_TESTING || told.kind == TOLD_STS_FAILED);
}

bool told_to_report(struct db_txn *txn, const char *domain, int64_t moment)
{
	return is_to_report(txn, domain, moment) ||
	       is_to_report(txn, domain, moment - TOLD_APART_SECS);
}

static bool has_view(struct db_txn *txn, const char *domain)
{
	struct db_key key = key_of_text(TABLE_POLICY, domain);
	struct db_row row;

	return db_get(txn, &key, &row) == 1;
}

int told_purge(struct db_txn *txn, int64_t before, uint64_t *rows)
{
	struct db_key all = key_of(TABLE_TOLD);
	auto_(db_rows_end) struct db_rows each = db_rows(txn, &all);
	char last[DB_KEY_MAX + 1] = "";
	bool was_told = false; /* what it was told at that time was seen */
	uint64_t n = 0;
	const char *domain;
	int64_t since;

	while (n < DB_BATCH_ROWS && db_rows_next(&each) &&
	       key_read(txn, &each.row, &domain, &since)) {
		bool newest = strcmp(domain, last) != 0;

		if (newest) {
			strcpy(last, domain);
			was_told = false;
		}
		if (since >= before)
			continue;
		if (!was_told) {
			was_told = true;
			if (!newest || has_view(txn, last))
				continue;
		}
		db_rows_delete(&each);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}
