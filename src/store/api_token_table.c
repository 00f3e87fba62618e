#include "store/api_token_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"

static int decode(struct db_txn *txn, const struct db_row *row,
                  struct api_token *token)
{
	struct reader key = db_row_key(row), value = db_row_value(row);
	const void *hash = reader_bytes(&value, sizeof(token->hash));

	token->permissions = reader_u32(&value);
	token->created = (int64_t)reader_u64(&value);
	token->expires = (int64_t)reader_u64(&value);
	reader_rest(&key, token->name, sizeof(token->name));
	if (!db_row_is(txn, row, !value.failed && !key.failed))
		return 0;
	memcpy(token->hash, hash, sizeof(token->hash));
	return 1;
}

int api_token_get(struct db_txn *txn, const char *name, struct api_token *token)
{
	struct db_key key = key_of_text(TABLE_API_TOKEN, name);
	struct db_row row;

	return db_get(txn, &key, &row) && decode(txn, &row, token);
}

void api_token_put(struct db_txn *txn, const struct api_token *token)
{
	struct db_key key = key_of_text(TABLE_API_TOKEN, token->name);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_add(&value, token->hash, sizeof(token->hash));
	strbuf_u32(&value, token->permissions);
	strbuf_u64(&value, (uint64_t)token->created);
	strbuf_u64(&value, (uint64_t)token->expires);
	db_put(txn, &key, &value);
}

int api_token_delete(struct db_txn *txn, const char *name)
{
	struct db_key key = key_of_text(TABLE_API_TOKEN, name);

	return db_delete(txn, &key);
}

int api_token_next(struct db_txn *txn, struct api_token *token)
{
	struct db_key from = key_after_text(TABLE_API_TOKEN, token->name);
	struct db_row row;

	return db_get_from(txn, &from, &row) && decode(txn, &row, token);
}
