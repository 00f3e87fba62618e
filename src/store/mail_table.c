#include "store/mail_table.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "store/keys.h"

static struct key mail_key(int32_t day, const char *domain)
{
	struct key key = key_of_day(day);

	key_text(&key, domain);
	return key;
}

/* A row's value into the row, whose day and domain are there. */
static int decode(struct db_txn *txn, struct db_value key,
                  struct db_value value, struct mail_row *row)
{
	struct reader reader;

	reader_init(&reader, value.data, value.len);
	row->messages = reader_u64(&reader);
	read_text(&reader, row->next_hop, sizeof(row->next_hop));
	if (!reader.failed && reader_left(&reader) == 0)
		return 1;
	db_damaged(txn, TABLE_MAIL, key.data, key.len);
	return 0;
}

int mail_get(struct db_txn *txn, int32_t day, const char *domain,
             struct mail_row *row)
{
	struct key key = mail_key(day, domain);
	struct db_value value;

	if (!db_get(txn, TABLE_MAIL, key.bytes, key.len, &value) ||
	    !decode(txn, (struct db_value){key.bytes, key.len}, value, row))
		return 0;
	row->day = day;
	snprintf(row->domain, sizeof(row->domain), "%s", domain);
	return 1;
}

void mail_add(struct db_txn *txn, const struct mail_row *row)
{
	struct key key = mail_key(row->day, row->domain);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct mail_row there = {0};

	mail_get(txn, row->day, row->domain, &there);
	strbuf_u64(&value, there.messages + row->messages);
	strbuf_str(&value, row->next_hop);
	db_put(txn, TABLE_MAIL, key.bytes, key.len, value.data, value.len);
}

static bool key_read(const struct db_value *key, struct mail_row *row)
{
	struct reader reader;
	size_t len;

	reader_init(&reader, key->data, key->len);
	row->day = (int32_t)reader_u32(&reader);
	len = reader_left(&reader);
	if (reader.failed || len >= sizeof(row->domain))
		return false;
	memcpy(row->domain, reader.at, len);
	row->domain[len] = '\0';
	return true;
}

int mail_next(struct db_txn *txn, struct mail_row *row)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_MAIL);
	struct db_value key, value;
	struct key from;

	key_init(&from);
	if (row->day >= 0)
		from = mail_key(row->day, row->domain);
	if (row->domain[0] != '\0')
		key_u8(&from, 0); /* the first key after it */
	if (!db_seek(cursor, from.bytes, from.len))
		return 0;
	db_at(cursor, &key, &value);
	if (key_read(&key, row))
		return decode(txn, key, value, row);
	db_damaged(txn, TABLE_MAIL, key.data, key.len);
	return 0;
}

int mail_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return purge_days(txn, TABLE_MAIL, before, rows);
}
