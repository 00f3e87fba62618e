#include "store/log_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "store/counted.h"
#include "store/keys.h"

/* A path may be longer than a key; its hash then tells it from others that
 * begin alike. */
enum { SOURCE_TEXT_MAX = 400 };

static struct key source_key(const struct db *db, const char *source)
{
	size_t len = strlen(source);
	struct key key;

	key_init(&key);
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
	struct key key = source_key(db_of(txn), source);
	struct db_value value;
	struct reader reader;

	memset(state, 0, sizeof(*state));
	if (!db_get(txn, TABLE_LOG_STATE, key.bytes, key.len, &value))
		return 0;
	reader_init(&reader, value.data, value.len);
	state->position = copy_blob(&reader, arena, &state->position_len);
	state->tracker = copy_blob(&reader, arena, &state->tracker_len);
	if (reader.failed) {
		db_damaged(txn, TABLE_LOG_STATE, key.bytes, key.len);
		return 0;
	}
	return 1;
}

void log_state_put(struct db_txn *txn, const char *source,
                   const struct log_state *state)
{
	struct key key = source_key(db_of(txn), source);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_blob32(&value, state->position, state->position_len);
	strbuf_blob32(&value, state->tracker, state->tracker_len);
	db_put(txn, TABLE_LOG_STATE, key.bytes, key.len, value.data, value.len);
}

void log_pending_add(struct db_txn *txn, int32_t day, const char *domain,
                     const void *session, size_t len, uint64_t n)
{
	struct key prefix = key_of_domain(day, domain), key;
	uint64_t count;

	counted_find(txn, TABLE_LOG_PENDING, &prefix, session, len, &key,
	             &count);
	counted_put(txn, TABLE_LOG_PENDING, &key, count + n, session, len);
}

bool log_pending_has(struct db_txn *txn, int32_t day, const char *domain)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_LOG_PENDING);
	struct key prefix =
		domain != NULL ? key_of_domain(day, domain) : key_of_day(day);
	struct db_value key;

	if (!db_seek(cursor, prefix.bytes, prefix.len))
		return false;
	db_at(cursor, &key, NULL);
	return key_has_prefix(&key, &prefix);
}

static bool stands_at(struct db_txn *txn, const struct db_cursor *cursor,
                      int32_t *day, char domain[TALLY_DOMAIN_TEXT])
{
	struct db_value key;

	db_at(cursor, &key, NULL);
	if (key_read_domain(&key, day, domain, TALLY_DOMAIN_TEXT))
		return true;
	db_damaged(txn, TABLE_LOG_PENDING, key.data, key.len);
	return false;
}

int log_pending_next(struct db_txn *txn, int32_t *day,
                     char domain[TALLY_DOMAIN_TEXT])
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_LOG_PENDING);
	struct key from;

	key_init(&from);
	if (*day >= 0 || domain[0] != '\0')
		from = key_of_day(*day);
	if (domain[0] != '\0') {
		key_text(&from, domain);
		key_u8(&from, 1); /* its own end in 0 */
	}
	return db_seek(cursor, from.bytes, from.len) &&
	       stands_at(txn, cursor, day, domain);
}

void log_pending_count(struct db_txn *txn, uint64_t *sessions,
                       uint64_t *domains)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_LOG_PENDING);
	char last[TALLY_DOMAIN_TEXT] = "", domain[TALLY_DOMAIN_TEXT];
	int32_t day = 0, last_day = 0;

	*sessions = *domains = 0;
	for (bool more = db_seek(cursor, "", 0); more; more = db_next(cursor)) {
		struct db_value key, value, session;
		uint64_t n;

		db_at(cursor, &key, &value);
		if (!stands_at(txn, cursor, &day, domain))
			return;
		if (!counted_read(value, &n, &session)) {
			db_damaged(txn, TABLE_LOG_PENDING, key.data, key.len);
			return;
		}
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
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_LOG_PENDING);
	struct key prefix = key_of_domain(day, domain);
	size_t rows = 0;

	for (bool more = db_seek(cursor, prefix.bytes, prefix.len); more;
	     more = db_next(cursor)) {
		struct db_value key, value, session;
		uint64_t n;

		db_at(cursor, &key, &value);
		if (!key_has_prefix(&key, &prefix))
			return 0;
		if (rows == DB_BATCH_ROWS)
			return 1;
		if (!counted_read(value, &n, &session)) {
			db_damaged(txn, TABLE_LOG_PENDING, key.data, key.len);
			return 0;
		}
		if (!each(arg, session.data, session.len, n))
			continue;
		db_cursor_delete(cursor);
		rows++;
	}
	return 0;
}

int log_pending_purge(struct db_txn *txn, int32_t day, uint64_t *rows)
{
	return purge_days(txn, TABLE_LOG_PENDING, day, rows);
}

static struct key nobodys_key(int32_t day)
{
	struct key key = key_of_day(day);

	key_u8(&key, 7); /* store/keys.h */
	return key;
}

int log_nobodys_get(struct db_txn *txn, int32_t day,
                    struct log_nobodys *nobodys)
{
	struct key key = nobodys_key(day);
	struct db_value value;
	struct reader reader;

	memset(nobodys, 0, sizeof(*nobodys));
	if (!db_get(txn, TABLE_DAY, key.bytes, key.len, &value))
		return 0;
	reader_init(&reader, value.data, value.len);
	nobodys->sessions = reader_u64(&reader);
	read_text(&reader, nobodys->host, sizeof(nobodys->host));
	if (!reader.failed)
		return 1;
	db_damaged(txn, TABLE_DAY, key.bytes, key.len);
	return 0;
}

void log_nobodys_add(struct db_txn *txn, int32_t day, uint64_t n,
                     const char *host)
{
	struct key key = nobodys_key(day);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct log_nobodys had;

	if (log_nobodys_get(txn, day, &had))
		host = had.host;
	strbuf_u64(&value, had.sessions + n);
	strbuf_str(&value, host != NULL ? host : "");
	db_put(txn, TABLE_DAY, key.bytes, key.len, value.data, value.len);
}

static struct key levels_key(int32_t day)
{
	struct key key = key_of_day(day);

	key_u8(&key, 8); /* store/keys.h */
	return key;
}

void log_levels_get(struct db_txn *txn, int32_t day, struct log_levels *levels)
{
	struct key key = levels_key(day);
	struct db_value value;
	struct reader reader;

	memset(levels, 0, sizeof(*levels));
	if (!db_get(txn, TABLE_DAY, key.bytes, key.len, &value))
		return;
	reader_init(&reader, value.data, value.len);
	levels->dane = reader_u64(&reader);
	levels->less_than_dane = reader_u64(&reader);
	levels->sts = reader_u64(&reader);
	levels->less_than_sts = reader_u64(&reader);
	if (reader.failed)
		db_damaged(txn, TABLE_DAY, key.bytes, key.len);
}

void log_levels_add(struct db_txn *txn, int32_t day,
                    const struct log_levels *more)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct key key = levels_key(day);
	struct log_levels had;

	log_levels_get(txn, day, &had);
	strbuf_u64(&value, had.dane + more->dane);
	strbuf_u64(&value, had.less_than_dane + more->less_than_dane);
	strbuf_u64(&value, had.sts + more->sts);
	strbuf_u64(&value, had.less_than_sts + more->less_than_sts);
	db_put(txn, TABLE_DAY, key.bytes, key.len, value.data, value.len);
}

static struct key unsent_key(int32_t day)
{
	struct key key = key_of_day(day);

	key_u8(&key, 2); /* 1: store/tally_table.c */
	return key;
}

void log_day_unsent_set(struct db_txn *txn, int32_t day)
{
	struct key key = unsent_key(day);

	db_put(txn, TABLE_DAY, key.bytes, key.len, "", 0);
}

bool log_day_unsent(struct db_txn *txn, int32_t day)
{
	struct key key = unsent_key(day);
	struct db_value value;

	return db_get(txn, TABLE_DAY, key.bytes, key.len, &value) == 1;
}
