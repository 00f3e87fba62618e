#include "store/token_table.h"

#include "base/auto.h"
#include "store/keys.h"

int token_get(struct db_txn *txn, const char *token, struct token_owner *owner)
{
	struct db_key key = key_of_text(TABLE_TOKEN, token);
	struct reader reader;
	struct db_row row;

	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	owner->id = reader_u64(&reader);
	owner->index = reader_u16(&reader);
	return db_row_is(txn, &row, reader_is_done(&reader));
}

void token_put(struct db_txn *txn, const char *token,
               const struct token_owner *owner)
{
	struct db_key key = key_of_text(TABLE_TOKEN, token);
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
	struct db_key key = key_of_text(TABLE_TOKEN, token);

	db_delete(txn, &key);
}
