#include "store/sign_in_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"

static void read_bytes(struct reader *reader, uint8_t *out, size_t len)
{
	const void *bytes = reader_bytes(reader, len);

	if (bytes != NULL)
		memcpy(out, bytes, len);
}

static void read_secret(struct reader *reader, struct sign_in_secret *secret)
{
	secret->kind = reader_u8(reader);
	read_bytes(reader, secret->hash, sizeof(secret->hash));
	secret->expires = (int64_t)reader_u64(reader);
	secret->used = (int64_t)reader_u64(reader);
}

static int decode(struct db_txn *txn, const struct db_row *row,
                  struct sign_in *out)
{
	struct reader key = db_row_key(row), value = db_row_value(row);

	memset(out, 0, sizeof(*out));
	read_bytes(&key, out->id, sizeof(out->id));
	reader_text(&value, out->token, sizeof(out->token));
	read_bytes(&value, out->token_hash, sizeof(out->token_hash));
	reader_text(&value, out->client, sizeof(out->client));
	reader_text(&value, out->redirect, sizeof(out->redirect));
	read_bytes(&value, out->challenge, sizeof(out->challenge));
	read_bytes(&value, out->browser, sizeof(out->browser));
	out->created = (int64_t)reader_u64(&value);
	out->secret_count = reader_u8(&value);
	if (out->secret_count > SIGN_IN_SECRETS)
		value.failed = true;
	for (size_t i = 0; i < out->secret_count && !value.failed; i++)
		read_secret(&value, &out->secrets[i]);
	return db_row_is(txn, row,
	                 reader_is_done(&key) && reader_is_done(&value));
}

static struct db_key key_of_row(const uint8_t id[SIGN_IN_ID])
{
	struct db_key key = key_of(TABLE_SIGN_IN);

	key_bytes(&key, id, SIGN_IN_ID);
	return key;
}

int sign_in_get(struct db_txn *txn, const uint8_t id[SIGN_IN_ID],
                struct sign_in *out)
{
	struct db_key key = key_of_row(id);
	struct db_row row;

	return db_get(txn, &key, &row) && decode(txn, &row, out);
}

void sign_in_put(struct db_txn *txn, const struct sign_in *row)
{
	struct db_key key = key_of_row(row->id);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_str(&value, row->token);
	strbuf_add(&value, row->token_hash, sizeof(row->token_hash));
	strbuf_str(&value, row->client);
	strbuf_str(&value, row->redirect);
	strbuf_add(&value, row->challenge, sizeof(row->challenge));
	strbuf_add(&value, row->browser, sizeof(row->browser));
	strbuf_u64(&value, (uint64_t)row->created);
	strbuf_u8(&value, (uint8_t)row->secret_count);
	for (size_t i = 0; i < row->secret_count; i++) {
		const struct sign_in_secret *secret = &row->secrets[i];

		strbuf_u8(&value, secret->kind);
		strbuf_add(&value, secret->hash, sizeof(secret->hash));
		strbuf_u64(&value, (uint64_t)secret->expires);
		strbuf_u64(&value, (uint64_t)secret->used);
	}
	db_put(txn, &key, &value);
}

int sign_in_delete(struct db_txn *txn, const uint8_t id[SIGN_IN_ID])
{
	struct db_key key = key_of_row(id);

	return db_delete(txn, &key);
}

int sign_in_next(struct db_txn *txn, struct sign_in *out)
{
	struct db_key from = key_of_row(out->id);
	struct db_row row;

	/* the first key behind it */
	key_u8(&from, 0);
	return db_get_from(txn, &from, &row) && decode(txn, &row, out);
}

int64_t sign_in_ends(const struct sign_in *row)
{
	int64_t ends = 0;

	for (size_t i = 0; i < row->secret_count; i++)
		if (row->secrets[i].expires > ends)
			ends = row->secrets[i].expires;
	return ends;
}
