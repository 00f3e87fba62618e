#include "store/token_table.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/auto.h"
#include "store/keys.h"

/* Before tokens of time and chance there were some of chance alone, whose rows
 * have the token itself for a key: letters and digits, all behind this. */
enum { BY_TIME = 1, ELSEWHERE = 2 };

static struct db_key by_time_key(const char *token)
{
	struct db_key key = key_of(TABLE_TOKEN);

	key_u8(&key, BY_TIME);
	key_text(&key, token);
	return key;
}

bool token_owner_read(struct db_txn *txn, const struct db_row *row,
                      struct token_owner *owner)
{
	struct reader reader = db_row_value(row);

	owner->id = reader_u64(&reader);
	owner->index = reader_u16(&reader);
	return db_row_is(txn, row, reader_is_done(&reader));
}

int token_get(struct db_txn *txn, const char *token, struct token_owner *owner)
{
	struct db_key by_time = by_time_key(token);
	struct db_key old = key_of_text(TABLE_TOKEN, token);
	struct db_row row;

	return (db_get(txn, &by_time, &row) || db_get(txn, &old, &row)) &&
	       token_owner_read(txn, &row, owner);
}

void token_put(struct db_txn *txn, const char *token,
               const struct token_owner *owner)
{
	struct db_key key = by_time_key(token);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, owner->id);
	strbuf_u16(&value, owner->index);
	db_put(txn, &key, &value);
}

void token_keep(struct db_txn *txn, uint64_t id,
                const struct outbox_destination *destination)
{
	struct token_owner owner = {.id = id, .index = destination->index};

	if (destination->token[0] != '\0' && destination->rua.kind == RUA_MAIL)
		token_put(txn, destination->token, &owner);
}

void token_delete(struct db_txn *txn, const char *token)
{
	struct db_key by_time = by_time_key(token);
	struct db_key old = key_of_text(TABLE_TOKEN, token);

	db_delete(txn, &by_time);
	db_delete(txn, &old);
}

bool token_has_old(struct db_txn *txn)
{
	struct db_key key = key_of(TABLE_TOKEN);
	struct db_row row;

	key_u8(&key, ELSEWHERE + 1);
	return db_get_from(txn, &key, &row);
}

int token_purge(struct db_txn *txn, int64_t before, uint64_t *rows)
{
	char time[OUTBOX_TOKEN_TEXT];
	struct db_key end;

	if (before <= 0)
		return 0;
	snprintf(time, sizeof(time), "%08" PRIx32, (uint32_t)before);
	end = by_time_key(time);
	return db_purge_before(txn, &end, rows);
}

/* --- of other hosts --- */

static struct db_key elsewhere_key(const char *token)
{
	struct db_key key = key_of(TABLE_TOKEN);

	key_u8(&key, ELSEWHERE);
	key_text(&key, token);
	return key;
}

bool token_elsewhere_is(const struct db_row *row)
{
	struct reader reader = db_row_key(row);

	return reader_u8(&reader) == ELSEWHERE;
}

bool token_elsewhere_read(struct db_txn *txn, const struct db_row *row,
                          char token[OUTBOX_TOKEN_TEXT], struct strbuf *text)
{
	struct reader key = db_row_key(row);

	reader_u8(&key);
	reader_rest(&key, token, OUTBOX_TOKEN_TEXT);
	strbuf_add(text, row->value.data, row->value.len);
	return db_row_is(txn, row, reader_is_done(&key));
}

static bool has_room(struct db_txn *txn)
{
	struct db_key prefix = elsewhere_key("");
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	int n = 0;

	while (n < TOKEN_ELSEWHERE_MAX && db_rows_next(&rows))
		n++;
	return n < TOKEN_ELSEWHERE_MAX;
}

bool token_elsewhere_put(struct db_txn *txn, const char *token,
                         const char *text)
{
	struct db_key key = elsewhere_key(token);
	auto_(strbuf_clear) struct strbuf value = {0};

	if (!has_room(txn))
		return false;
	strbuf_puts(&value, text);
	db_put(txn, &key, &value);
	return true;
}

void token_elsewhere_delete(struct db_txn *txn, const char *token)
{
	struct db_key key = elsewhere_key(token);

	db_delete(txn, &key);
}

int token_elsewhere_first(struct db_txn *txn, char token[OUTBOX_TOKEN_TEXT],
                          struct strbuf *text)
{
	struct db_key prefix = elsewhere_key("");
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);

	return db_rows_next(&rows) &&
	       token_elsewhere_read(txn, &rows.row, token, text);
}
