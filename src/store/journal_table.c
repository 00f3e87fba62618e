#include "store/journal_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/be.h"
#include "store/keys.h"

static struct db_key key_of_number(int32_t day, uint64_t number)
{
	struct db_key key = key_of_day(TABLE_JOURNAL, day);

	key_u64(&key, number);
	return key;
}

struct db_key journal_table_key(int32_t day, enum journal_kind kind)
{
	struct db_key key = key_of_number(day, 0);

	key_u8(&key, (uint8_t)kind);
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

	while (db_get_from(txn, &from, row)) {
		if (read_key(row, &found, number))
			return found == day;
		if (found != day)
			return false;
		/* its key is damaged: what follows is not */
		from = key_of_number(day, *number + 1);
	}
	return false;
}

/* The last row of the day before that number. */
static bool row_before(struct db_txn *txn, int32_t day, uint64_t *number,
                       struct db_row *row)
{
	struct db_key before = *number > 0 ? key_of_number(day, *number)
	                                   : key_of_day(TABLE_JOURNAL, day + 1);
	int32_t found;

	while (db_get_before(txn, &before, row)) {
		if (read_key(row, &found, number))
			return found == day;
		if (found != day || *number == 0)
			return false;
		before = key_of_number(day, *number);
	}
	return false;
}

bool journal_table_range(struct db_txn *txn, int32_t day,
                         struct journal_range *range)
{
	struct db_row row;

	*range = (struct journal_range){0};
	return journal_table_next(txn, day, &range->first, &row) &&
	       row_before(txn, day, &range->last, &row);
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
		/* what else there is of a day that has no rows */
		from = key_of_number(found, number + 1);
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
                        struct journal_head *head, struct reader *domains,
                        struct err *err)
{
	uint64_t number;
	int32_t day;
	int rc;

	read_key(row, &day, &number);
	*domains = db_row_value(row);
	rc = journal_row_open(domains, number, err);
	if (rc == 0)
		rc = journal_head_read(domains, head, err);
	if (rc == ERR_LIMIT)
		db_fail(txn, ERR_IO, "%s", err->text);
	return rc == 0;
}

bool journal_table_domains(struct db_txn *txn, const struct db_row *row,
                           struct journal_head *head, struct reader *domains,
                           struct err *err)
{
	if (!journal_table_head(txn, row, head, domains, err))
		return false;
	if (journal_domains_are_whole(*domains))
		return true;
	err_set(err, ERR_PARSE, "its counts cannot be read");
	return false;
}

void journal_table_append(struct db_txn *txn, int32_t day, uint64_t number,
                          const struct strbuf *row)
{
	struct db_key key = key_of_number(day, number);

	db_put_last(txn, &key, row);
}

/*
 * --- how far it is applied ---
 *
 * All of it stands in keys, which LMDB keeps in order: a value that cannot be
 * read would leave open what was counted already.
 */

/* The row of which the key begins so, and the rest of its key. */
static bool find_row(struct db_txn *txn, const struct db_key *prefix,
                     struct db_row *row, struct reader *rest)
{
	if (!db_get_from(txn, prefix, row) || row->key.len <= prefix->len ||
	    memcmp(row->key.data, prefix->bytes, prefix->len) != 0)
		return false;
	*rest = db_row_key(row);
	reader_bytes(rest, prefix->len);
	return true;
}

/* In place of the one whose key begins so. */
static void put_key(struct db_txn *txn, const struct db_key *prefix,
                    const struct db_key *key)
{
	struct db_key old = *prefix;
	struct reader rest;
	struct db_row row;

	if (find_row(txn, prefix, &row, &rest)) {
		key_bytes(&old, rest.at, reader_left(&rest));
		db_delete(txn, &old);
	}
	db_put_bytes(txn, key, "", 0);
}

bool journal_table_progress(struct db_txn *txn, int32_t day,
                            struct journal_progress *progress)
{
	struct db_key prefix = journal_table_key(day, JOURNAL_PROGRESS);
	struct reader rest;
	struct db_row row;

	*progress = (struct journal_progress){.until = 0};
	if (!find_row(txn, &prefix, &row, &rest))
		return false;
	progress->until = reader_u64(&rest);
	reader_rest(&rest, progress->domain, sizeof(progress->domain));
	return db_row_is(txn, &row, !rest.failed);
}

void journal_table_progress_put(struct db_txn *txn, int32_t day,
                                const struct journal_progress *progress)
{
	struct db_key prefix = journal_table_key(day, JOURNAL_PROGRESS);
	struct db_key key = prefix;

	key_u64(&key, progress->until);
	key_text(&key, progress->domain);
	put_key(txn, &prefix, &key);
}

static struct db_key key_of_mark(int32_t day, const char *domain)
{
	struct db_key key = journal_table_key(day, JOURNAL_MARK);

	key_text(&key, domain);
	key_u8(&key, 0);
	return key;
}

uint64_t journal_table_mark(struct db_txn *txn, int32_t day, const char *domain)
{
	struct db_key prefix = key_of_mark(day, domain);
	struct reader rest;
	struct db_row row;

	return find_row(txn, &prefix, &row, &rest) ? reader_u64(&rest) : 0;
}

void journal_table_mark_put(struct db_txn *txn, int32_t day, const char *domain,
                            uint64_t number)
{
	struct db_key prefix = key_of_mark(day, domain);
	struct db_key key = prefix;

	key_u64(&key, number);
	put_key(txn, &prefix, &key);
}

bool journal_table_has_marks(struct db_txn *txn, int32_t day)
{
	struct db_key prefix = journal_table_key(day, JOURNAL_MARK);
	struct reader rest;
	struct db_row row;

	return find_row(txn, &prefix, &row, &rest);
}

static void delete_marks(struct db_txn *txn, int32_t day, uint64_t until)
{
	struct db_key prefix = journal_table_key(day, JOURNAL_MARK);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);

	while (db_rows_next(&rows)) {
		struct reader key = db_row_key(&rows.row);

		reader_bytes(&key, prefix.len);
		reader_to_nul(&key);
		if (reader_u64(&key) <= until)
			db_rows_delete(&rows);
	}
}

static void delete_progress(struct db_txn *txn, int32_t day)
{
	struct db_key prefix = journal_table_key(day, JOURNAL_PROGRESS);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);

	while (db_rows_next(&rows))
		db_rows_delete(&rows);
}

void journal_table_delete(struct db_txn *txn, int32_t day, uint64_t until)
{
	struct db_key from = key_of_number(day, 1);
	auto_(db_rows_end) struct db_rows rows = db_rows_from(txn, &from);

	while (db_rows_next(&rows)) {
		struct reader key = db_row_key(&rows.row);

		if ((int32_t)reader_u32(&key) != day ||
		    reader_u64(&key) > until)
			break;
		db_rows_delete(&rows);
	}
	delete_marks(txn, day, until);
	delete_progress(txn, day);
}

int journal_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_JOURNAL, before, rows);
}
