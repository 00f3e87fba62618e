#include "store/inbound_table.h"

#include "base/auto.h"
#include "base/strbuf.h"
#include "store/keys.h"

void inbound_add(struct db_txn *txn, int32_t day, const char *domain,
                 const struct inbound *i, uint64_t messages)
{
	struct key key = key_of_domain(day, domain);
	auto_(strbuf_clear) struct strbuf out = {0};
	auto_(strbuf_clear) struct strbuf text = {0};
	struct db_value value;
	uint64_t before = 0;

	strbuf_printf(&text, "%s %d %d %d %d %s %d", i->sender, i->client,
	              i->tls, i->certificate, i->bits, i->cipher,
	              i->other_senders);
	key_u8(&key, 2);
	key_hash(&key, hash128(0, text.data, text.len));
	if (db_get(txn, TABLE_INBOUND, key.bytes, key.len, &value)) {
		struct reader reader;

		reader_init(&reader, value.data, value.len);
		before = reader_u64(&reader);
	}
	strbuf_u64(&out, before + messages);
	strbuf_add(&out, text.data, text.len);
	db_put(txn, TABLE_INBOUND, key.bytes, key.len, out.data, out.len);
}
