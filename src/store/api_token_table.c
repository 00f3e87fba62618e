#include "store/api_token_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/strbuf.h"
#include "store/keys.h"

static int decode(struct db_txn *txn, struct db_value key,
                  struct db_value value, struct api_token *token)
{
	struct reader reader;
	const void *hash;

	reader_init(&reader, value.data, value.len);
	hash = reader_bytes(&reader, API_TOKEN_HASH);
	token->permissions = reader_u32(&reader);
	token->created = (int64_t)reader_u64(&reader);
	token->expires = (int64_t)reader_u64(&reader);
	if (reader.failed || key.len >= API_TOKEN_NAME_TEXT) {
		db_damaged(txn, TABLE_API_TOKEN, key.data, key.len);
		return 0;
	}
	memcpy(token->hash, hash, API_TOKEN_HASH);
	/* the key may be the row's own name */
	memmove(token->name, key.data, key.len);
	token->name[key.len] = '\0';
	return 1;
}

int api_token_get(struct db_txn *txn, const char *name, struct api_token *token)
{
	struct db_value key = {name, strlen(name)}, value;

	if (!db_get(txn, TABLE_API_TOKEN, key.data, key.len, &value))
		return 0;
	return decode(txn, key, value, token);
}

void api_token_put(struct db_txn *txn, const struct api_token *token)
{
	struct strbuf value;

	strbuf_init(&value, 0);
	strbuf_add(&value, token->hash, sizeof(token->hash));
	strbuf_u32(&value, token->permissions);
	strbuf_u64(&value, (uint64_t)token->created);
	strbuf_u64(&value, (uint64_t)token->expires);
	db_put(txn, TABLE_API_TOKEN, token->name, strlen(token->name),
	       value.data, value.len);
	strbuf_clear(&value);
}

int api_token_delete(struct db_txn *txn, const char *name)
{
	size_t len = strlen(name);
	struct db_value value;

	if (!db_get(txn, TABLE_API_TOKEN, name, len, &value))
		return 0;
	db_delete(txn, TABLE_API_TOKEN, name, len);
	return 1;
}

int api_token_next(struct db_txn *txn, struct api_token *token)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_API_TOKEN);
	struct db_value key, value;
	/* its end, the NUL, makes it the first key after the name */
	size_t len = token->name[0] == '\0' ? 0 : strlen(token->name) + 1;

	if (!db_seek(cursor, token->name, len))
		return 0;
	db_at(cursor, &key, &value);
	return decode(txn, key, value, token);
}
