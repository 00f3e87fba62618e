#include "store/own_report_table.h"

#include "store/keys.h"

static struct key own_report_key(int32_t day, const char *domain)
{
	struct key key = key_of_day(day);

	key_text(&key, domain);
	return key;
}

static struct key rate_key(int64_t hour, const char *receiver)
{
	struct key key = key_of_id((uint64_t)hour);

	key_text(&key, receiver);
	return key;
}

static uint64_t get(struct db_txn *txn, enum db_table table,
                    const struct key *key)
{
	struct db_value value;
	uint64_t n;

	if (!db_get(txn, table, key->bytes, key->len, &value))
		return 0;
	if (read_u64(value, &n))
		return n;
	db_damaged(txn, table, key->bytes, key->len);
	return 0;
}

static void add(struct db_txn *txn, enum db_table table, const struct key *key,
                uint64_t n)
{
	put_u64(txn, table, key, get(txn, table, key) + n);
}

static int purge(struct db_txn *txn, enum db_table table, const struct key *end,
                 uint64_t *rows)
{
	size_t n = delete_before(txn, table, end, DB_BATCH_ROWS);

	*rows += n;
	return n == DB_BATCH_ROWS;
}

uint64_t own_report_get(struct db_txn *txn, int32_t day, const char *domain)
{
	struct key key = own_report_key(day, domain);

	return get(txn, TABLE_OWN_REPORT, &key);
}

void own_report_add(struct db_txn *txn, int32_t day, const char *domain,
                    uint64_t n)
{
	struct key key = own_report_key(day, domain);

	add(txn, TABLE_OWN_REPORT, &key, n);
}

int own_report_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	struct key end = key_of_day(before);

	return before <= 0 ? 0 : purge(txn, TABLE_OWN_REPORT, &end, rows);
}

uint64_t rate_get(struct db_txn *txn, int64_t hour, const char *receiver)
{
	struct key key = rate_key(hour, receiver);

	return get(txn, TABLE_RATE, &key);
}

void rate_add(struct db_txn *txn, int64_t hour, const char *receiver,
              uint64_t n)
{
	struct key key = rate_key(hour, receiver);

	add(txn, TABLE_RATE, &key, n);
}

int rate_purge(struct db_txn *txn, int64_t before_hour, uint64_t *rows)
{
	struct key end = key_of_id((uint64_t)before_hour);

	return before_hour <= 0 ? 0 : purge(txn, TABLE_RATE, &end, rows);
}

void own_seen_add(struct db_txn *txn, int32_t day, const char *domain,
                  uint64_t n)
{
	struct key key = own_report_key(day, domain);

	add(txn, TABLE_OWN_SEEN, &key, n);
}
