#include "store/token_table.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/auto.h"
#include "store/keys.h"

/* Before tokens of time and chance there were some of chance alone, whose rows
 * have the token itself for a key: letters and digits, all behind this. */
enum { BY_TIME = 1 };

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

	key_u8(&key, BY_TIME + 1);
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
