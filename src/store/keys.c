#include "store/keys.h"

#include <string.h>

#include "base/auto.h"

void key_init(struct key *key)
{
	key->len = 0;
}

void key_bytes(struct key *key, const void *data, size_t len)
{
	if (key->len <= KEY_MAX && len <= KEY_MAX - key->len)
		memcpy(key->bytes + key->len, data, len);
	key->len += len;
}

void key_text(struct key *key, const char *text)
{
	key_bytes(key, text, strlen(text));
}

static void key_be(struct key *key, uint64_t v, size_t bytes)
{
	uint8_t out[8];

	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	key_bytes(key, out, bytes);
}

void key_u8(struct key *key, uint8_t v)
{
	key_be(key, v, 1);
}

void key_u16(struct key *key, uint16_t v)
{
	key_be(key, v, 2);
}

void key_u32(struct key *key, uint32_t v)
{
	key_be(key, v, 4);
}

void key_u64(struct key *key, uint64_t v)
{
	key_be(key, v, 8);
}

void key_hash(struct key *key, struct hash128 hash)
{
	key_u64(key, hash.high);
	key_u64(key, hash.low);
}

struct key key_of_day(int32_t day)
{
	struct key key;

	key_init(&key);
	key_u32(&key, (uint32_t)day);
	return key;
}

struct key key_of_id(uint64_t id)
{
	struct key key;

	key_init(&key);
	key_u64(&key, id);
	return key;
}

struct key key_of_text(const char *text)
{
	struct key key;

	key_init(&key);
	key_text(&key, text);
	return key;
}

struct key key_of_domain(int32_t day, const char *domain)
{
	struct key key = key_of_day(day);

	key_text(&key, domain);
	key_u8(&key, 0);
	return key;
}

bool key_has_prefix(const struct db_value *key, const struct key *prefix)
{
	return key->len >= prefix->len &&
	       memcmp(key->data, prefix->bytes, prefix->len) == 0;
}

static bool is_before(const struct db_value *key, const struct key *end)
{
	size_t len = key->len < end->len ? key->len : end->len;
	int order = memcmp(key->data, end->bytes, len);

	return order < 0 || (order == 0 && key->len < end->len);
}

size_t delete_before(struct db_txn *txn, enum db_table table,
                     const struct key *end, size_t max)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, table);
	struct db_value key;
	size_t n = 0;

	for (bool more = db_seek(cursor, "", 0); more && n < max;
	     more = db_next(cursor)) {
		db_at(cursor, &key, NULL);
		if (!is_before(&key, end))
			break;
		db_cursor_delete(cursor);
		n++;
	}
	return n;
}

void delete_from(struct db_txn *txn, enum db_table table,
                 const struct key *start)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, table);

	for (bool more = db_seek(cursor, start->bytes, start->len); more;
	     more = db_next(cursor))
		db_cursor_delete(cursor);
}

bool has_from(struct db_txn *txn, enum db_table table, const struct key *start)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, table);

	return db_seek(cursor, start->bytes, start->len);
}

int purge_days(struct db_txn *txn, enum db_table table, int32_t before,
               uint64_t *rows)
{
	struct key end = key_of_day(before);
	size_t n;

	if (before <= 0)
		return 0;
	n = delete_before(txn, table, &end, DB_BATCH_ROWS);
	*rows += n;
	return n == DB_BATCH_ROWS;
}

bool key_read_domain(const struct db_value *key, int32_t *day, char *domain,
                     size_t room)
{
	struct reader reader;
	const char *text, *end;

	reader_init(&reader, key->data, key->len);
	*day = (int32_t)reader_u32(&reader);
	text = (const char *)reader.at;
	end = memchr(text, '\0', reader_left(&reader));
	if (reader.failed || end == NULL || (size_t)(end - text) >= room)
		return false;
	memcpy(domain, text, (size_t)(end - text) + 1);
	return true;
}

struct hash128 hash_next(struct hash128 hash)
{
	hash.low++;
	return hash;
}

bool read_u64(struct db_value value, uint64_t *v)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	*v = reader_u64(&reader);
	return !reader.failed && reader_left(&reader) == 0;
}

void put_u64(struct db_txn *txn, enum db_table table, const struct key *key,
             uint64_t v)
{
	struct key value = key_of_id(v);

	db_put(txn, table, key->bytes, key->len, value.bytes, value.len);
}

void read_text(struct reader *reader, char *out, size_t room)
{
	size_t len;
	const void *text = reader_blob32(reader, &len);

	if (text == NULL || len >= room) {
		reader->failed = true;
		len = 0;
	}
	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
}

int meta_get(struct db_txn *txn, const char *name, uint64_t *v)
{
	struct db_value value;

	if (!db_get(txn, TABLE_META, name, strlen(name), &value))
		return 0;
	if (read_u64(value, v))
		return 1;
	db_damaged(txn, TABLE_META, name, strlen(name));
	return 0;
}

void meta_put(struct db_txn *txn, const char *name, uint64_t v)
{
	struct key key = key_of_text(name);

	put_u64(txn, TABLE_META, &key, v);
}
