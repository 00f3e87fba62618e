#include "store/token_table.h"

#include <string.h>

#include "base/strbuf.h"
#include "store/keys.h"

int token_get(struct db_txn *txn, const char *token, struct token_owner *owner)
{
	size_t len = strlen(token);
	struct db_value value;
	struct reader reader;

	/* LMDB knows no empty key */
	if (len == 0 || !db_get(txn, TABLE_TOKEN, token, len, &value))
		return 0;
	reader_init(&reader, value.data, value.len);
	owner->id = reader_u64(&reader);
	owner->index = reader_u16(&reader);
	if (!reader.failed && reader_left(&reader) == 0)
		return 1;
	db_damaged(txn, TABLE_TOKEN, token, len);
	return 0;
}

void token_put(struct db_txn *txn, const char *token,
               const struct token_owner *owner)
{
	struct strbuf value;

	strbuf_init(&value, 0);
	strbuf_u64(&value, owner->id);
	strbuf_u16(&value, owner->index);
	db_put(txn, TABLE_TOKEN, token, strlen(token), value.data, value.len);
	strbuf_clear(&value);
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
	if (token[0] != '\0')
		db_delete(txn, TABLE_TOKEN, token, strlen(token));
}
