#include "store/log_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "store/counted.h"
#include "store/keys.h"

/* A path may be longer than a key; its hash then tells it from others that
 * begin alike. */
enum { SOURCE_TEXT_MAX = 400 };

static struct db_key source_key(const struct db *db, const char *source)
{
	struct db_key key = key_of(TABLE_LOG_STATE);
	size_t len = strlen(source);

	if (len <= SOURCE_TEXT_MAX) {
		key_bytes(&key, source, len);
	} else {
		key_bytes(&key, source, SOURCE_TEXT_MAX);
		key_hash(&key, hash128(db_seed(db), source, len));
	}
	return key;
}

/* A blob of the row, copied; NULL when it is empty. */
static const void *copy_blob(struct reader *reader, struct arena *arena,
                             size_t *len)
{
	const void *data = reader_blob32(reader, len);

	if (data == NULL || *len == 0) {
		*len = 0;
		return NULL;
	}
	return memcpy(arena_alloc(arena, *len), data, *len);
}

int log_state_get(struct db_txn *txn, const char *source, struct arena *arena,
                  struct log_state *state)
{
	struct db_key key = source_key(db_of(txn), source);
	struct reader reader;
	struct db_row row;

	memset(state, 0, sizeof(*state));
	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	state->position = copy_blob(&reader, arena, &state->position_len);
	state->tracker = copy_blob(&reader, arena, &state->tracker_len);
	return db_row_is(txn, &row, !reader.failed);
}

void log_state_put(struct db_txn *txn, const char *source,
                   const struct log_state *state)
{
	struct db_key key = source_key(db_of(txn), source);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_blob32(&value, state->position, state->position_len);
	strbuf_blob32(&value, state->tracker, state->tracker_len);
	db_put(txn, &key, &value);
}

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
