#include "store/own_report_table.h"

#include <stdio.h>

#include "base/day.h"
#include "base/domain.h"
#include "store/keys.h"

static struct db_key rate_key(int64_t hour, const char *receiver)
{
	struct db_key key = key_of_id(TABLE_RATE, (uint64_t)hour);

	key_text(&key, receiver);
	return key;
}

uint64_t own_report_get(struct db_txn *txn, int32_t day, const char *domain)
{
	struct db_key key = key_of_day_text(TABLE_OWN_REPORT, day, domain);

	return db_get_u64(txn, &key);
}

void own_report_add(struct db_txn *txn, int32_t day, const char *domain,
                    uint64_t n)
{
	struct db_key key = key_of_day_text(TABLE_OWN_REPORT, day, domain);

	db_add_u64(txn, &key, n);
}

int own_report_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_OWN_REPORT, before, rows);
}

uint64_t own_seen_get(struct db_txn *txn, int32_t day, const char *domain)
{
	struct db_key key = key_of_day_text(TABLE_OWN_SEEN, day, domain);

	return db_get_u64(txn, &key);
}

void own_seen_add(struct db_txn *txn, int32_t day, const char *domain,
                  uint64_t n)
{
	struct db_key key = key_of_day_text(TABLE_OWN_SEEN, day, domain);

	db_add_u64(txn, &key, n);
}

/* Seconds of the day, from its beginning. */
struct ran {
	uint32_t secs;
	uint32_t until; /* nothing before it counts once more */
};

static struct ran ran_get(struct db_txn *txn, int32_t day)
{
	struct db_key key = key_of_day(TABLE_OWN_SEEN, day);
	uint64_t both = db_get_u64(txn, &key);

	return (struct ran){(uint32_t)(both >> 32), (uint32_t)both};
}

static void ran_add(struct db_txn *txn, int32_t day, uint32_t from, uint32_t to)
{
	struct db_key key = key_of_day(TABLE_OWN_SEEN, day);
	struct ran ran = ran_get(txn, day);

	/* the clock may have been set back */
	if (from < ran.until)
		from = ran.until;
	if (from < to)
		db_put_u64(txn, &key,
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
	return key_purge_days(txn, TABLE_OWN_SEEN, before, rows);
}

uint64_t own_rate_get(struct db_txn *txn, int64_t hour, const char *receiver)
{
	struct db_key key = rate_key(hour, receiver);

	return db_get_u64(txn, &key);
}

void own_rate_add(struct db_txn *txn, int64_t hour, const char *receiver,
                  uint64_t n)
{
	struct db_key key = rate_key(hour, receiver);

	db_add_u64(txn, &key, n);
}

/* Beside this host's own, under a name that no receiver has. */
static struct db_key others_rate_key(int64_t hour, const char *receiver)
{
	struct db_key key = key_of_id(TABLE_RATE, (uint64_t)hour);
	char name[DOMAIN_TEXT + 1];

	snprintf(name, sizeof(name), "+%s", receiver);
	key_text(&key, name);
	return key;
}

void own_rate_put_others(struct db_txn *txn, int64_t hour, const char *receiver,
                         uint64_t n)
{
	struct db_key key = others_rate_key(hour, receiver);

	if (db_get_u64(txn, &key) != n)
		db_put_u64(txn, &key, n);
}

uint64_t own_rate_get_others(struct db_txn *txn, int64_t hour,
                             const char *receiver)
{
	struct db_key key = others_rate_key(hour, receiver);

	return db_get_u64(txn, &key);
}

int own_rate_purge(struct db_txn *txn, int64_t before_hour, uint64_t *rows)
{
	struct db_key end = rate_key(before_hour, "");

	return before_hour > 0 ? db_purge_before(txn, &end, rows) : 0;
}

/* What there is of a time to come begins at one of these. */
enum { STARTS = 3 };
static void starts_after(int64_t time, struct db_key starts[STARTS])
{
	starts[0] = rate_key(time / 3600 + 1, "");
	starts[1] = key_of_day(TABLE_OWN_REPORT, day_of(time) + 1);
	starts[2] = key_of_day(TABLE_OWN_SEEN, day_of(time) + 1);
}

bool own_report_has_after(struct db_txn *txn, int64_t time)
{
	struct db_key starts[STARTS];
	struct db_row row;

	starts_after(time, starts);
	return db_get_from(txn, &starts[0], &row) ||
	       db_get_from(txn, &starts[1], &row) ||
	       db_get_from(txn, &starts[2], &row);
}

void own_report_forget_after(struct db_txn *txn, int64_t time)
{
	struct db_key starts[STARTS];

	starts_after(time, starts);
	for (int i = 0; i < STARTS; i++)
		db_delete_from(txn, &starts[i]);
}
