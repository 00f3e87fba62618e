#include "store/log_completing_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/counted.h"
#include "store/keys.h"

/* No session of the log begins so (maillog/log_session.c). */
enum { FORM = 0x80 };

enum { CERTAIN = 1, PLAIN = 2 };

void log_completing_encode(const struct log_completing *completing,
                           struct strbuf *out)
{
	strbuf_u8(out, FORM);
	strbuf_u8(out,
	          (uint8_t)((completing->certain ? CERTAIN : 0) |
	                    (completing->session.outcome == LOG_PLAIN ? PLAIN
	                                                              : 0)));
	strbuf_u64(out, (uint64_t)completing->until);
	log_session_encode(&completing->session, out);
}

bool log_completing_is(const void *data, size_t len)
{
	return len > 0 && *(const uint8_t *)data == FORM;
}

int log_completing_decode(const void *data, size_t len, struct arena *arena,
                          struct log_completing *completing)
{
	struct reader in;
	uint8_t form, flags;

	reader_init(&in, data, len);
	form = reader_u8(&in);
	flags = reader_u8(&in);
	completing->until = (int64_t)reader_u64(&in);
	completing->certain = (flags & CERTAIN) != 0;
	if (in.failed || form != FORM || flags > (CERTAIN | PLAIN))
		return ERR_PARSE;
	return log_session_decode(in.at, reader_left(&in), arena,
	                          &completing->session, NULL);
}

void log_completing_add(struct db_txn *txn, int32_t day, const char *domain,
                        const void *bytes, size_t len, uint64_t n)
{
	struct db_key key = key_of_domain(TABLE_LOG_COMPLETING, day, domain);
	uint64_t count;

	counted_find(txn, &key, bytes, len, &count);
	counted_put(txn, &key, count + n, bytes, len);
}

bool log_completing_has(struct db_txn *txn, int32_t day, const char *domain)
{
	struct db_key prefix =
		domain != NULL
			? key_of_domain(TABLE_LOG_COMPLETING, day, domain)
			: key_of_day(TABLE_LOG_COMPLETING, day);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);

	return db_rows_next(&rows);
}

int log_completing_next(struct db_txn *txn, int32_t *day,
                        char domain[TALLY_DOMAIN_TEXT])
{
	struct db_key from =
		key_after_domain(TABLE_LOG_COMPLETING, *day, domain);
	struct db_row row;

	return db_get_from(txn, &from, &row) &&
	       key_read_domain(txn, &row, day, domain, TALLY_DOMAIN_TEXT);
}

struct log_completing_first
log_completing_first(struct db_txn *txn, int32_t day, const char *domain)
{
	struct log_completing_first first = {INT64_MAX, INT64_MAX};
	struct db_key prefix = key_of_domain(TABLE_LOG_COMPLETING, day, domain);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);

	while (db_rows_next(&rows)) {
		struct db_value bytes;
		struct reader in;
		int64_t until;
		uint8_t flags;
		uint64_t n;

		if (!db_row_is(txn, &rows.row,
		               counted_read(&rows.row, &n, &bytes)))
			break;
		reader_init(&in, bytes.data, bytes.len);
		reader_u8(&in); /* form */
		flags = reader_u8(&in);
		until = (int64_t)reader_u64(&in);
		if (until < first.any)
			first.any = until;
		if ((flags & PLAIN) != 0 && until < first.plain)
			first.plain = until;
	}
	return first;
}

size_t log_completing_take(struct db_txn *txn, int32_t day, const char *domain,
                           struct db_key *from, size_t max,
                           uint64_t (*each)(void *arg, const void *data,
                                            size_t len, uint64_t n),
                           void *arg)
{
	struct db_key prefix = key_of_domain(TABLE_LOG_COMPLETING, day, domain);
	auto_(db_rows_end) struct db_rows rows =
		db_rows_from(txn, from->len > 0 ? from : &prefix);
	size_t taken = 0;

	while (taken < max && db_rows_next(&rows) &&
	       rows.row.key.len > prefix.len &&
	       memcmp(rows.row.key.data, prefix.bytes, prefix.len) == 0) {
		auto_(strbuf_clear) struct strbuf bytes = {0};
		struct db_key key = rows.at;
		struct db_value lent;
		uint64_t n, left;

		if (!db_row_is(txn, &rows.row,
		               counted_read(&rows.row, &n, &lent)))
			break;
		strbuf_add(&bytes, lent.data, lent.len);
		left = each(arg, bytes.data, bytes.len, n);
		taken++;
		if (left == 0)
			db_rows_delete(&rows);
		else if (left < n)
			counted_put(txn, &key, left, bytes.data, bytes.len);
		*from = key;
	}
	key_u8(from, 0); /* the next one */
	return taken;
}

int log_completing_purge(struct db_txn *txn, int32_t day, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_LOG_COMPLETING, day, rows);
}
