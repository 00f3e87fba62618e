#include "store/day_table.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "store/journal_news.h"
#include "store/journal_scan.h"
#include "store/journal_table.h"
#include "store/keys.h"
#include "store/numbers.h"

/* store/keys.h; the day's own row has none, and others are those of
 * day_sums.c and answer_group.c. */
enum day_kind {
	DAY_CLOSED = 1,
	DAY_UNSENT = 2,
	DAY_REVISION = 3,
	DAY_SETTLED = 5,
	DAY_LINES = 6,
	DAY_NOBODYS = 7,
	DAY_LEVELS = 8,
	DAY_GIVEN = 11,
	DAY_DELETED = 12,
};

static struct db_key key_of_kind(int32_t day, enum day_kind kind)
{
	struct db_key key = key_of_day(TABLE_DAY, day);

	key_u8(&key, (uint8_t)kind);
	return key;
}

/* --- rows that say something by being there --- */

static bool has(struct db_txn *txn, int32_t day, enum day_kind kind)
{
	struct db_key key = key_of_kind(day, kind);
	struct db_row row;

	return db_get(txn, &key, &row);
}

bool day_table_is_closed(struct db_txn *txn, int32_t day)
{
	return has(txn, day, DAY_CLOSED);
}

void day_table_closed_set(struct db_txn *txn, int32_t day)
{
	struct db_key key = key_of_kind(day, DAY_CLOSED);

	db_put_bytes(txn, &key, "", 0);
}

void day_table_closed_clear(struct db_txn *txn, int32_t day)
{
	struct db_key key = key_of_kind(day, DAY_CLOSED);

	db_delete(txn, &key);
	journal_news_doubt(txn, day);
}

bool day_table_is_unsent(struct db_txn *txn, int32_t day)
{
	return has(txn, day, DAY_UNSENT);
}

void day_table_unsent_set(struct db_txn *txn, int32_t day)
{
	struct db_key key = key_of_kind(day, DAY_UNSENT);

	if (day_table_is_closed(txn, day))
		journal_news_doubt(txn, day);
	db_put_bytes(txn, &key, "", 0);
}

/* --- the fleet's --- */

int day_table_given_get(struct db_txn *txn, int32_t day,
                        struct day_given *given)
{
	struct db_key key = key_of_kind(day, DAY_GIVEN);
	struct reader in;
	struct db_row row;

	*given = (struct day_given){.ours = false};
	if (!db_get(txn, &key, &row))
		return 0;
	in = db_row_value(&row);
	given->ours = reader_u8(&in) != 0;
	given->fleet_id = reader_u64(&in);
	reader_text(&in, given->missing, sizeof(given->missing));
	return db_row_is(txn, &row, reader_is_done(&in));
}

void day_table_given_put(struct db_txn *txn, int32_t day,
                         const struct day_given *given)
{
	struct db_key key = key_of_kind(day, DAY_GIVEN);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u8(&value, given->ours);
	strbuf_u64(&value, given->fleet_id);
	strbuf_str(&value, given->missing);
	db_put(txn, &key, &value);
}

bool day_table_is_given_away(struct db_txn *txn, int32_t day)
{
	struct day_given given;

	return day_table_given_get(txn, day, &given) && !given.ours;
}

static struct db_key key_of_deleted(int32_t day, const char *domain)
{
	struct db_key key = key_of_kind(day, DAY_DELETED);

	key_text(&key, domain);
	return key;
}

void day_table_deleted_put(struct db_txn *txn, int32_t day, const char *domain)
{
	struct db_key key = key_of_deleted(day, domain);
	const struct strbuf nothing = {0};

	db_put(txn, &key, &nothing);
}

void day_table_deleted_forget(struct db_txn *txn, int32_t day,
                              const char *domain)
{
	struct db_key key = key_of_deleted(day, domain);

	db_delete(txn, &key);
}

int day_table_deleted_next(struct db_txn *txn, int32_t day,
                           char domain[DOMAIN_TEXT])
{
	struct db_key prefix = key_of_kind(day, DAY_DELETED);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	struct reader rest;

	if (!db_rows_next(&rows))
		return 0;
	rest = db_row_key(&rows.row);
	reader_u32(&rest);
	reader_u8(&rest);
	if (reader_left(&rest) == 0 || reader_left(&rest) >= DOMAIN_TEXT)
		return db_row_is(txn, &rows.row, false);
	snprintf(domain, DOMAIN_TEXT, "%.*s", (int)reader_left(&rest),
	         (const char *)rest.at);
	return 1;
}

/* --- rows that are numbers --- */

int day_table_stats_get(struct db_txn *txn, int32_t day,
                        struct day_stats *stats)
{
	struct db_key key = key_of_day(TABLE_DAY, day);
	int found = numbers_get(txn, &key, stats, sizeof(*stats));
	struct journal_scan more;

	if (journal_scan_get(txn, day, &more)) {
		numbers_sum(stats, &more.stats, sizeof(*stats));
		found = !db_failed(txn);
	}
	/* some were judged before the sums of the commit that counted them came
	 */
	if (stats->unjudged > INT64_MAX)
		stats->unjudged = 0;
	return found;
}

void day_table_stats_add(struct db_txn *txn, int32_t day,
                         const struct day_stats *delta)
{
	struct db_key key = key_of_day(TABLE_DAY, day);

	numbers_add(txn, &key, delta, sizeof(*delta));
}

void day_table_stats_count(struct day_stats *stats,
                           const struct session *session, uint64_t n, bool kept)
{
	stats->named += session->named ? n : 0;
	stats->unnamed += session->unnamed ? n : 0;
	if (session_failed(session))
		stats->failure += n;
	else if (session_is_unjudged(session))
		stats->unjudged += n;
	else
		stats->success += n;
	if (!kept)
		tally_catch_all_add(&stats->catch_all, session, n);
}

void day_table_settled_get(struct db_txn *txn, int32_t day,
                           struct day_settled *settled)
{
	struct db_key key = key_of_kind(day, DAY_SETTLED);

	numbers_get(txn, &key, settled, sizeof(*settled));
}

void day_table_settled_add(struct db_txn *txn, int32_t day,
                           const struct day_settled *delta)
{
	struct db_key key = key_of_kind(day, DAY_SETTLED);

	numbers_add(txn, &key, delta, sizeof(*delta));
}

void day_table_levels_get(struct db_txn *txn, int32_t day,
                          struct day_levels *levels)
{
	struct db_key key = key_of_kind(day, DAY_LEVELS);

	numbers_get(txn, &key, levels, sizeof(*levels));
}

void day_table_levels_add(struct db_txn *txn, int32_t day,
                          const struct day_levels *delta)
{
	struct db_key key = key_of_kind(day, DAY_LEVELS);

	numbers_add(txn, &key, delta, sizeof(*delta));
}

uint64_t day_table_applied(struct db_txn *txn, int32_t day)
{
	struct db_key key = key_of_kind(day, DAY_REVISION);

	return db_get_u64(txn, &key);
}

uint64_t day_table_revision(struct db_txn *txn, int32_t day)
{
	uint64_t revision = day_table_applied(txn, day);
	struct journal_range range;

	journal_table_range(txn, day, &range);
	return range.last > revision ? range.last : revision;
}

void day_table_touch(struct db_txn *txn, int32_t day, uint64_t revision)
{
	struct db_key key = key_of_kind(day, DAY_REVISION);

	db_put_u64(txn, &key, revision);
}

/* --- rows with texts --- */

int day_table_nobodys_get(struct db_txn *txn, int32_t day,
                          struct day_nobodys *nobodys)
{
	struct db_key key = key_of_kind(day, DAY_NOBODYS);
	struct reader reader;
	struct db_row row;

	memset(nobodys, 0, sizeof(*nobodys));
	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	nobodys->sessions = reader_u64(&reader);
	reader_text(&reader, nobodys->host, sizeof(nobodys->host));
	return db_row_is(txn, &row, !reader.failed);
}

void day_table_nobodys_add(struct db_txn *txn, int32_t day, uint64_t n,
                           const char *host)
{
	struct db_key key = key_of_kind(day, DAY_NOBODYS);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct day_nobodys had;

	if (day_table_nobodys_get(txn, day, &had))
		host = had.host;
	strbuf_u64(&value, had.sessions + n);
	strbuf_str(&value, host != NULL ? host : "");
	db_put(txn, &key, &value);
}

static struct db_key lines_key(int32_t day, enum line_fate fate, int64_t uid)
{
	struct db_key key = key_of_kind(day, DAY_LINES);

	key_u8(&key, (uint8_t)fate);
	key_u64(&key, (uint64_t)uid + 1);
	return key;
}

static int lines_read(struct db_txn *txn, const struct db_row *row,
                      struct day_lines *lines)
{
	struct reader key = db_row_key(row), value = db_row_value(row);

	reader_u32(&key);
	reader_u8(&key);
	lines->fate = reader_u8(&key);
	lines->uid = (int64_t)(reader_u64(&key) - 1);
	lines->n = reader_u64(&value);
	reader_rest(&value, lines->first, sizeof(lines->first));
	return db_row_is(txn, row,
	                 !key.failed && lines->fate >= LINE_READ &&
	                         lines->fate < LINE_FATES &&
	                         lines->uid >= LINE_UID_NONE && !value.failed);
}

void day_table_lines_add(struct db_txn *txn, int32_t day,
                         const struct day_lines *delta)
{
	struct db_key key = lines_key(day, delta->fate, delta->uid);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct day_lines had = {.n = 0};
	struct db_row row;

	if (db_get(txn, &key, &row))
		lines_read(txn, &row, &had);
	strbuf_u64(&value, had.n + delta->n);
	strbuf_puts(&value, had.first[0] != '\0' ? had.first : delta->first);
	db_put(txn, &key, &value);
}

int day_table_lines_next(struct db_txn *txn, int32_t day,
                         struct day_lines *lines)
{
	struct db_key prefix = key_of_kind(day, DAY_LINES);
	struct db_key from = lines_key(day, lines->fate,
	                               (int64_t)((uint64_t)lines->uid + 1));
	struct db_row row;

	return db_get_from(txn, lines->fate == 0 ? &prefix : &from, &row) &&
	       row.key.len >= prefix.len &&
	       memcmp(row.key.data, prefix.bytes, prefix.len) == 0 &&
	       lines_read(txn, &row, lines);
}

int day_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_DAY, before, rows);
}
