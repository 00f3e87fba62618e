#include "store/own_report_table.h"

#include "base/day.h"
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
	return purge_days(txn, TABLE_OWN_REPORT, before, rows);
}

uint64_t own_seen_get(struct db_txn *txn, int32_t day, const char *domain)
{
	struct key key = own_report_key(day, domain);

	return get(txn, TABLE_OWN_SEEN, &key);
}

void own_seen_add(struct db_txn *txn, int32_t day, const char *domain,
                  uint64_t n)
{
	struct key key = own_report_key(day, domain);

	add(txn, TABLE_OWN_SEEN, &key, n);
}

/* Seconds of the day, from its beginning. */
struct ran {
	uint32_t secs;
	uint32_t until; /* nothing before it counts once more */
};

static struct ran ran_get(struct db_txn *txn, int32_t day)
{
	struct key key = key_of_day(day);
	uint64_t both = get(txn, TABLE_OWN_SEEN, &key);

	return (struct ran){(uint32_t)(both >> 32), (uint32_t)both};
}

static void ran_add(struct db_txn *txn, int32_t day, uint32_t from, uint32_t to)
{
	struct key key = key_of_day(day);
	struct ran ran = ran_get(txn, day);

	/* the clock may have been set back */
	if (from < ran.until)
		from = ran.until;
	if (from < to)
		put_u64(txn, TABLE_OWN_SEEN, &key,
		        (uint64_t)(ran.secs + to - from) << 32 | to);
}

void own_seen_ran(struct db_txn *txn, int64_t from, int64_t to)
{
	while (from < to) {
		int32_t day = day_of(from);
		int64_t start = day_start(day), end = day_start(day + 1);

		if (end > to)
			end = to;
		ran_add(txn, day, (uint32_t)(from - start),
		        (uint32_t)(end - start));
		from = end;
	}
}

void own_seen_committed(struct db_txn *txn, int64_t before, int64_t watermark)
{
	if (watermark - before <= OWN_SEEN_STEP_SECS)
		own_seen_ran(txn, before, watermark);
}

bool own_seen_is_whole(struct db_txn *txn, int32_t day)
{
	return ran_get(txn, day).secs >= DAY_SECS - OWN_SEEN_GAP_SECS;
}

int own_seen_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return purge_days(txn, TABLE_OWN_SEEN, before, rows);
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
	size_t n;

	if (before_hour <= 0)
		return 0;
	n = delete_before(txn, TABLE_RATE, &end, DB_BATCH_ROWS);
	*rows += n;
	return n == DB_BATCH_ROWS;
}

bool own_report_has_after(struct db_txn *txn, int64_t time)
{
	struct key day = key_of_day(day_of(time) + 1);
	struct key hour = rate_key(time / 3600 + 1, "");

	return has_from(txn, TABLE_RATE, &hour) ||
	       has_from(txn, TABLE_OWN_REPORT, &day) ||
	       has_from(txn, TABLE_OWN_SEEN, &day);
}

void own_report_forget_after(struct db_txn *txn, int64_t time)
{
	struct key day = key_of_day(day_of(time) + 1);
	struct key hour = rate_key(time / 3600 + 1, "");

	delete_from(txn, TABLE_RATE, &hour);
	delete_from(txn, TABLE_OWN_REPORT, &day);
	delete_from(txn, TABLE_OWN_SEEN, &day);
}
