#include "store/keys.h"

#include <string.h>

#include "base/be.h"

void key_bytes(struct db_key *key, const void *data, size_t len)
{
	if (key->len <= DB_KEY_MAX && len <= DB_KEY_MAX - key->len)
		memcpy(key->bytes + key->len, data, len);
	key->len += len;
}

void key_text(struct db_key *key, const char *text)
{
	key_bytes(key, text, strlen(text));
}

static void put_number(struct db_key *key, uint64_t v, size_t bytes)
{
	uint8_t out[8];

	be_put(out, v, bytes);
	key_bytes(key, out, bytes);
}

void key_u8(struct db_key *key, uint8_t v)
{
	put_number(key, v, 1);
}

void key_u16(struct db_key *key, uint16_t v)
{
	put_number(key, v, 2);
}

void key_u32(struct db_key *key, uint32_t v)
{
	put_number(key, v, 4);
}

void key_u64(struct db_key *key, uint64_t v)
{
	put_number(key, v, 8);
}

void key_hash(struct db_key *key, struct hash128 hash)
{
	key_u64(key, hash.high);
	key_u64(key, hash.low);
}

/* Not the whole struct is written: keys are short and rows many. */
struct db_key key_of(enum db_table table)
{
	struct db_key key;

	key.table = table;
	key.len = 0;
	return key;
}

struct db_key key_of_day(enum db_table table, int32_t day)
{
	struct db_key key = key_of(table);

	key_u32(&key, (uint32_t)day);
	return key;
}

struct db_key key_of_id(enum db_table table, uint64_t id)
{
	struct db_key key = key_of(table);

	key_u64(&key, id);
	return key;
}

struct db_key key_of_text(enum db_table table, const char *text)
{
	struct db_key key = key_of(table);

	key_text(&key, text);
	return key;
}

struct db_key key_of_day_text(enum db_table table, int32_t day,
                              const char *text)
{
	struct db_key key = key_of_day(table, day);

	key_text(&key, text);
	return key;
}

struct db_key key_of_domain(enum db_table table, int32_t day,
                            const char *domain)
{
	struct db_key key = key_of_day_text(table, day, domain);

	key_u8(&key, 0);
	return key;
}

struct db_key key_after_text(enum db_table table, const char *text)
{
	struct db_key key = key_of_text(table, text);

	if (text[0] != '\0')
		key_u8(&key, 0);
	return key;
}

struct db_key key_after_domain(enum db_table table, int32_t day,
                               const char *domain)
{
	struct db_key key = key_of_day_text(table, day, domain);

	if (domain[0] != '\0')
		key_u8(&key, 1); /* its own rows go on with 0 */
	else if (day < 0)
		key.len = 0;
	return key;
}

bool key_read_domain(struct db_txn *txn, const struct db_row *row, int32_t *day,
                     char *domain, size_t room)
{
	struct reader reader = db_row_key(row);
	const char *text;

	*day = (int32_t)reader_u32(&reader);
	text = reader_to_nul(&reader);
	if (!db_row_is(txn, row, text != NULL && strlen(text) < room))
		return false;
	strcpy(domain, text);
	return true;
}

int key_purge_days(struct db_txn *txn, enum db_table table, int32_t before,
                   uint64_t *rows)
{
	struct db_key end = key_of_day(table, before);

	return before > 0 ? db_purge_before(txn, &end, rows) : 0;
}
