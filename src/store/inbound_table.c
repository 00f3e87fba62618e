#include "store/inbound_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "store/change_table.h"
#include "store/counted.h"
#include "store/keys.h"

enum { KIND_HEAD = 1, KIND_ROW = 2 };

static struct key head_key(const struct key *domain)
{
	struct key key = *domain;

	key_u8(&key, KIND_HEAD);
	return key;
}

/* All of a domain's outcomes begin with this. */
static struct key rows_key(const struct key *domain)
{
	struct key key = *domain;

	key_u8(&key, KIND_ROW);
	return key;
}

static void encode(const struct inbound *inbound, struct strbuf *out)
{
	strbuf_u8(out, (uint8_t)inbound->client);
	strbuf_u8(out, (uint8_t)inbound->tls);
	strbuf_u8(out, (uint8_t)inbound->certificate);
	strbuf_u8(out, inbound->other_senders);
	strbuf_u16(out, inbound->bits);
	strbuf_str(out, inbound->sender);
	strbuf_str(out, inbound->cipher);
}

static bool decode(struct db_value blob, struct inbound *inbound)
{
	struct reader reader;
	unsigned client, tls, certificate;

	memset(inbound, 0, sizeof(*inbound));
	reader_init(&reader, blob.data, blob.len);
	client = reader_u8(&reader);
	tls = reader_u8(&reader);
	certificate = reader_u8(&reader);
	inbound->other_senders = reader_u8(&reader) != 0;
	inbound->bits = reader_u16(&reader);
	read_text(&reader, inbound->sender, sizeof(inbound->sender));
	read_text(&reader, inbound->cipher, sizeof(inbound->cipher));
	if (reader.failed || reader_left(&reader) > 0 ||
	    client >= INBOUND_CLIENTS || tls >= INBOUND_TLS_VERSIONS ||
	    certificate >= INBOUND_CERTIFICATES)
		return false;
	inbound->client = (enum inbound_client)client;
	inbound->tls = (enum inbound_tls)tls;
	inbound->certificate = (enum inbound_certificate)certificate;
	return true;
}

static uint32_t rows_get(struct db_txn *txn, const struct key *domain)
{
	struct key key = head_key(domain);
	struct db_value value;
	struct reader reader;
	uint32_t rows;

	if (!db_get(txn, TABLE_INBOUND, key.bytes, key.len, &value))
		return 0;
	reader_init(&reader, value.data, value.len);
	rows = reader_u32(&reader);
	if (reader.failed)
		db_damaged(txn, TABLE_INBOUND, key.bytes, key.len);
	return rows;
}

static void rows_put(struct db_txn *txn, const struct key *domain,
                     uint32_t rows)
{
	struct key key = head_key(domain), value;

	key_init(&value);
	key_u32(&value, rows);
	db_put(txn, TABLE_INBOUND, key.bytes, key.len, value.bytes, value.len);
}

/* What a row past the cap counts under: there are no more of these than
 * clients, versions and certificates. */
static struct inbound folded(const struct inbound *inbound)
{
	return (struct inbound){.client = inbound->client,
	                        .tls = inbound->tls,
	                        .certificate = inbound->certificate,
	                        .other_senders = true};
}

/* Where the outcome, encoded, is or should be. */
static bool find(struct db_txn *txn, const struct key *domain,
                 const struct strbuf *outcome, struct key *key,
                 uint64_t *messages)
{
	struct key rows = rows_key(domain);

	return counted_find(txn, TABLE_INBOUND, &rows, outcome->data,
	                    outcome->len, key, messages);
}

void inbound_add(struct db_txn *txn, int32_t day, const char *domain,
                 const struct inbound *inbound, uint64_t messages)
{
	struct key prefix = key_of_domain(day, domain), key;
	auto_(strbuf_clear) struct strbuf outcome = {0};
	uint32_t rows = rows_get(txn, &prefix);
	uint64_t there;
	bool known;

	encode(inbound, &outcome);
	known = find(txn, &prefix, &outcome, &key, &there);
	if (!known && rows >= INBOUND_ROWS_MAX) {
		struct inbound fold = folded(inbound);

		strbuf_reset(&outcome);
		encode(&fold, &outcome);
		known = find(txn, &prefix, &outcome, &key, &there);
	}
	if (!known)
		rows_put(txn, &prefix, rows + 1);
	counted_put(txn, TABLE_INBOUND, &key, there + messages, outcome.data,
	            outcome.len);
	change_touch(txn, CHANGE_INBOUND);
}

int inbound_domain_next(struct db_txn *txn, int32_t *day,
                        char domain[DOMAIN_TEXT])
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_INBOUND);
	struct db_value key;
	struct key from;

	key_init(&from);
	if (*day >= 0)
		from = key_of_day(*day);
	if (domain[0] != '\0') {
		key_text(&from, domain);
		key_u8(&from, 1); /* its own rows go on with 0 */
	}
	if (!db_seek(cursor, from.bytes, from.len))
		return 0;
	db_at(cursor, &key, NULL);
	if (key_read_domain(&key, day, domain, DOMAIN_TEXT))
		return 1;
	db_damaged(txn, TABLE_INBOUND, key.data, key.len);
	return 0;
}

void inbound_each(struct db_txn *txn, int32_t day, const char *domain,
                  inbound_each_fn *each, void *arg)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_INBOUND);
	struct key domain_key = key_of_domain(day, domain);
	struct key prefix = rows_key(&domain_key);

	for (bool more = db_seek(cursor, prefix.bytes, prefix.len); more;
	     more = db_next(cursor)) {
		struct db_value key, value, blob;
		struct inbound inbound;
		uint64_t messages;

		db_at(cursor, &key, &value);
		if (!key_has_prefix(&key, &prefix))
			return;
		if (!counted_read(value, &messages, &blob) ||
		    !decode(blob, &inbound)) {
			db_damaged(txn, TABLE_INBOUND, key.data, key.len);
			return;
		}
		each(arg, &inbound, messages);
	}
}

int inbound_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	uint64_t gone = *rows;
	int more = purge_days(txn, TABLE_INBOUND, before, rows);

	if (*rows > gone)
		change_touch(txn, CHANGE_INBOUND);
	return more;
}
