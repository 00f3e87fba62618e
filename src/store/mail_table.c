#include "store/mail_table.h"

#include "base/auto.h"
#include "base/strbuf.h"
#include "store/keys.h"

void mail_add(struct db_txn *txn, const struct mail_row *row)
{
	struct key key = key_of_day(row->day);
	auto_(strbuf_clear) struct strbuf out = {0};
	struct db_value value;
	uint64_t before = 0;

	key_text(&key, row->domain);
	if (db_get(txn, TABLE_MAIL, key.bytes, key.len, &value)) {
		struct reader reader;

		reader_init(&reader, value.data, value.len);
		before = reader_u64(&reader);
	}
	strbuf_u64(&out, before + row->messages);
	strbuf_str(&out, row->next_hop);
	db_put(txn, TABLE_MAIL, key.bytes, key.len, out.data, out.len);
}
