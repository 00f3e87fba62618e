#include "store/journal_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/be.h"
#include "store/keys.h"
#include "store/numbers.h"

/* Rows that are none of a commit have the number 0: the day's progress, and
 * with a domain behind it the domain's mark. */
static struct db_key key_of_number(int32_t day, uint64_t number)
{
	struct db_key key = key_of_day(TABLE_JOURNAL, day);

	key_u64(&key, number);
	return key;
}

static struct db_key key_of_mark(int32_t day, const char *domain)
{
	struct db_key key = key_of_number(day, 0);

	key_text(&key, domain);
	return key;
}

/* A commit's row?  Its day and number. */
static bool read_key(const struct db_row *row, int32_t *day, uint64_t *number)
{
	struct reader key = db_row_key(row);

	*day = (int32_t)reader_u32(&key);
	*number = reader_u64(&key);
	return reader_is_done(&key) && *number > 0;
}

/* --- rows --- */

bool journal_table_next(struct db_txn *txn, int32_t day, uint64_t *number,
                        struct db_row *row)
{
	struct db_key from = key_of_number(day, *number + 1);
	int32_t found;

	return db_get_from(txn, &from, row) && read_key(row, &found, number) &&
	       found == day;
}

bool journal_table_range(struct db_txn *txn, int32_t day,
                         struct journal_range *range)
{
	struct db_key end = key_of_day(TABLE_JOURNAL, day + 1);
	struct db_row row;
	int32_t found;

	*range = (struct journal_range){0};
	return journal_table_next(txn, day, &range->first, &row) &&
	       db_get_before(txn, &end, &row) &&
	       read_key(&row, &found, &range->last) && found == day;
}

bool journal_table_has(struct db_txn *txn, int32_t day)
{
	struct db_row row;
	uint64_t number = 0;

	return journal_table_next(txn, day, &number, &row);
}

bool journal_table_day_next(struct db_txn *txn, int32_t *day)
{
	struct db_key from = key_of_number(*day, 0);
	struct db_row row;
	uint64_t number;
	int32_t found;

	while (db_get_from(txn, &from, &row)) {
		if (read_key(&row, &found, &number)) {
			*day = found;
			return true;
		}
		/* marks may be left of a day that has no rows */
		from = key_of_number(found, 1);
	}
	return false;
}

uint64_t journal_table_last(struct db_txn *txn)
{
	struct journal_range range;
	uint64_t last = 0;

	for (int32_t day = 0; journal_table_day_next(txn, &day); day++)
		if (journal_table_range(txn, day, &range) && range.last > last)
			last = range.last;
	return last;
}

bool journal_table_head(struct db_txn *txn, const struct db_row *row,
                        struct journal_head *head, struct reader *domains)
{
	struct err err;

	*domains = db_row_value(row);
	if (journal_head_read(domains, head, &err) == 0)
		return true;
	db_fail(txn, ERR_IO, "%s", err.text);
	return false;
}

void journal_table_append(struct db_txn *txn, int32_t day, uint64_t number,
                          const struct strbuf *row)
{
	struct db_key key = key_of_number(day, number);

	db_put_last(txn, &key, row);
}

/* Backwards from the day's last: it stands there, unless several feeds append.
 */
static bool find_feed(struct db_txn *txn, int32_t day, const char *name,
                      struct feed *feed, uint64_t *number)
{
	struct db_key before = key_of_day(TABLE_JOURNAL, day + 1);
	struct journal_head head;
	struct reader domains;
	struct db_row row;
	int32_t found;

	while (db_get_before(txn, &before, &row) &&
	       read_key(&row, &found, number) && found == day &&
	       journal_table_head(txn, &row, &head, &domains)) {
		if (strcmp(head.feed.name, name) == 0) {
			*feed = head.feed;
			return true;
		}
		before = key_of_number(day, *number);
	}
	return false;
}

bool journal_table_feed(struct db_txn *txn, const char *name, struct feed *feed)
{
	uint64_t last = 0, number;
	struct feed found;

	for (int32_t day = 0; journal_table_day_next(txn, &day); day++)
		if (find_feed(txn, day, name, &found, &number) &&
		    number > last) {
			*feed = found;
			last = number;
		}
	return last > 0;
}

void journal_table_stats(struct db_txn *txn, int32_t day, uint64_t until,
                         struct day_stats *stats)
{
	struct journal_head head;
	struct reader domains;
	struct db_row row;
	uint64_t number = 0;

	*stats = (struct day_stats){0};
	while (journal_table_next(txn, day, &number, &row) && number <= until &&
	       journal_table_head(txn, &row, &head, &domains))
		numbers_sum(stats, &head.stats, sizeof(*stats));
}

/* --- how far it is applied --- */

bool journal_table_progress(struct db_txn *txn, int32_t day,
                            struct journal_progress *progress)
{
	struct db_key key = key_of_number(day, 0);
	struct reader value;
	struct db_row row;

	progress->until = 0;
	progress->domain[0] = '\0';
	if (!db_get(txn, &key, &row))
		return false;
	value = db_row_value(&row);
	progress->until = reader_u64(&value);
	reader_rest(&value, progress->domain, sizeof(progress->domain));
	return db_row_is(txn, &row, !value.failed);
}

void journal_table_progress_put(struct db_txn *txn, int32_t day,
                                const struct journal_progress *progress)
{
	struct db_key key = key_of_number(day, 0);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, progress->until);
	strbuf_puts(&value, progress->domain);
	db_put(txn, &key, &value);
}

uint64_t journal_table_mark(struct db_txn *txn, int32_t day, const char *domain)
{
	struct db_key key = key_of_mark(day, domain);

	return db_get_u64(txn, &key);
}

void journal_table_mark_put(struct db_txn *txn, int32_t day, const char *domain,
                            uint64_t number)
{
	struct db_key key = key_of_mark(day, domain);

	db_put_u64(txn, &key, number);
}

/* The first key that a mark may have. */
static struct db_key first_mark(int32_t day)
{
	struct db_key key = key_of_number(day, 0);

	key_u8(&key, 1);
	return key;
}

static bool is_mark(const struct db_row *row, int32_t day)
{
	struct reader key = db_row_key(row);

	return (int32_t)reader_u32(&key) == day && reader_u64(&key) == 0 &&
	       reader_left(&key) > 0;
}

bool journal_table_has_marks(struct db_txn *txn, int32_t day)
{
	struct db_key from = first_mark(day);
	struct db_row row;

	return db_get_from(txn, &from, &row) && is_mark(&row, day);
}

static void delete_marks(struct db_txn *txn, int32_t day, uint64_t until)
{
	struct db_key from = first_mark(day);
	auto_(db_rows_end) struct db_rows rows = db_rows_from(txn, &from);

	while (db_rows_next(&rows) && is_mark(&rows.row, day))
		if (db_row_is(txn, &rows.row,
		              rows.row.value.len == sizeof(uint64_t)) &&
		    be_get(rows.row.value.data, sizeof(uint64_t)) <= until)
			db_rows_delete(&rows);
}

void journal_table_delete(struct db_txn *txn, int32_t day, uint64_t until)
{
	struct db_key progress = key_of_number(day, 0);
	struct db_key from = key_of_number(day, 1);
	auto_(db_rows_end) struct db_rows rows = db_rows_from(txn, &from);
	uint64_t number;
	int32_t found;

	while (db_rows_next(&rows) && read_key(&rows.row, &found, &number) &&
	       found == day && number <= until)
		db_rows_delete(&rows);
	delete_marks(txn, day, until);
	db_delete(txn, &progress);
}

int journal_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_JOURNAL, before, rows);
}
