#include "store/log_pending_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/counted.h"
#include "store/keys.h"

void log_pending_add(struct db_txn *txn, int32_t day, const char *domain,
                     const void *session, size_t len, uint64_t n)
{
	struct db_key key = key_of_domain(TABLE_LOG_PENDING, day, domain);
	uint64_t count;

	counted_find(txn, &key, session, len, &count);
	counted_put(txn, &key, count + n, session, len);
}

bool log_pending_has(struct db_txn *txn, int32_t day, const char *domain)
{
	struct db_key prefix =
		domain != NULL ? key_of_domain(TABLE_LOG_PENDING, day, domain)
			       : key_of_day(TABLE_LOG_PENDING, day);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);

	return db_rows_next(&rows);
}

int log_pending_next(struct db_txn *txn, int32_t *day,
                     char domain[TALLY_DOMAIN_TEXT])
{
	struct db_key from = key_after_domain(TABLE_LOG_PENDING, *day, domain);
	struct db_row row;

	return db_get_from(txn, &from, &row) &&
	       key_read_domain(txn, &row, day, domain, TALLY_DOMAIN_TEXT);
}

void log_pending_count(struct db_txn *txn, uint64_t *sessions,
                       uint64_t *domains)
{
	struct db_key all = key_of(TABLE_LOG_PENDING);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);
	char last[TALLY_DOMAIN_TEXT] = "", domain[TALLY_DOMAIN_TEXT];
	int32_t day = 0, last_day = 0;

	*sessions = *domains = 0;
	while (db_rows_next(&rows)) {
		struct db_value session;
		uint64_t n;

		if (!key_read_domain(txn, &rows.row, &day, domain,
		                     sizeof(domain)) ||
		    !db_row_is(txn, &rows.row,
		               counted_read(&rows.row, &n, &session)))
			return;
		*sessions += n;
		if (*domains == 0 || day != last_day ||
		    strcmp(domain, last) != 0)
			(*domains)++;
		last_day = day;
		strcpy(last, domain);
	}
}

int log_pending_take(struct db_txn *txn, int32_t day, const char *domain,
                     bool (*each)(void *arg, const void *session, size_t len,
                                  uint64_t n),
                     void *arg)
{
	struct db_key prefix = key_of_domain(TABLE_LOG_PENDING, day, domain);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	size_t taken = 0;

	while (db_rows_next(&rows)) {
		struct db_value session;
		uint64_t n;

		if (taken == DB_BATCH_ROWS)
			return 1;
		if (!db_row_is(txn, &rows.row,
		               counted_read(&rows.row, &n, &session)))
			return 0;
		if (!each(arg, session.data, session.len, n))
			continue;
		db_rows_delete(&rows);
		taken++;
	}
	return 0;
}

int log_pending_purge(struct db_txn *txn, int32_t day, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_LOG_PENDING, day, rows);
}
