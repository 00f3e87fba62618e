#include "store/inbound_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/change_table.h"
#include "store/counted.h"
#include "store/keys.h"

enum { KIND_HEAD = 1, KIND_ROW = 2 };

static struct db_key key_of_kind(int32_t day, const char *domain, uint8_t kind)
{
	struct db_key key = key_of_domain(TABLE_INBOUND, day, domain);

	key_u8(&key, kind);
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
	reader_text(&reader, inbound->sender, sizeof(inbound->sender));
	reader_text(&reader, inbound->cipher, sizeof(inbound->cipher));
	if (!reader_is_done(&reader) || client >= INBOUND_CLIENTS ||
	    tls >= INBOUND_TLS_VERSIONS || certificate >= INBOUND_CERTIFICATES)
		return false;
	inbound->client = (enum inbound_client)client;
	inbound->tls = (enum inbound_tls)tls;
	inbound->certificate = (enum inbound_certificate)certificate;
	return true;
}

static uint32_t rows_get(struct db_txn *txn, const struct db_key *head)
{
	struct reader reader;
	struct db_row row;
	uint32_t rows;

	if (!db_get(txn, head, &row))
		return 0;
	reader = db_row_value(&row);
	rows = reader_u32(&reader);
	db_row_is(txn, &row, !reader.failed);
	return rows;
}

void inbound_table_add(struct db_txn *txn, int32_t day, const char *domain,
                       const struct inbound *inbound, uint64_t messages)
{
	struct db_key head = key_of_kind(day, domain, KIND_HEAD);
	struct db_key key = key_of_kind(day, domain, KIND_ROW);
	size_t prefix_len = key.len;
	auto_(strbuf_clear) struct strbuf outcome = {0}, count = {0};
	uint32_t rows = rows_get(txn, &head);
	uint64_t there;
	bool known;

	encode(inbound, &outcome);
	known = counted_find(txn, &key, outcome.data, outcome.len, &there);
	if (!known && rows >= INBOUND_ROWS_MAX) {
		/* there are no more of these than clients, versions and
		 * certificates */
		struct inbound fold = {.client = inbound->client,
		                       .tls = inbound->tls,
		                       .certificate = inbound->certificate,
		                       .other_senders = true};

		strbuf_reset(&outcome);
		encode(&fold, &outcome);
		key.len = prefix_len;
		known = counted_find(txn, &key, outcome.data, outcome.len,
		                     &there);
	}
	if (!known) {
		strbuf_u32(&count, rows + 1);
		db_put(txn, &head, &count);
	}
	counted_put(txn, &key, there + messages, outcome.data, outcome.len);
	change_touch(txn, CHANGE_INBOUND);
}

int inbound_table_domain_next(struct db_txn *txn, int32_t *day,
                              char domain[DOMAIN_TEXT])
{
	struct db_key from = key_after_domain(TABLE_INBOUND, *day, domain);
	struct db_row row;

	return db_get_from(txn, &from, &row) &&
	       key_read_domain(txn, &row, day, domain, DOMAIN_TEXT);
}

void inbound_table_each(struct db_txn *txn, int32_t day, const char *domain,
                        inbound_each_fn *each, void *arg)
{
	struct db_key prefix = key_of_kind(day, domain, KIND_ROW);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);

	while (db_rows_next(&rows)) {
		struct inbound inbound;
		struct db_value blob;
		uint64_t messages;

		if (!db_row_is(txn, &rows.row,
		               counted_read(&rows.row, &messages, &blob) &&
		                       decode(blob, &inbound)))
			return;
		each(arg, &inbound, messages);
	}
}

int inbound_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	uint64_t gone = *rows;
	int more = key_purge_days(txn, TABLE_INBOUND, before, rows);

	if (*rows > gone)
		change_touch(txn, CHANGE_INBOUND);
	return more;
}
