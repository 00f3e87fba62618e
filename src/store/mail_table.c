#include "store/mail_table.h"

#include <stdio.h>

#include "base/auto.h"
#include "store/keys.h"

static int decode(struct db_txn *txn, const struct db_row *from,
                  struct mail_row *row)
{
	struct reader key = db_row_key(from), value = db_row_value(from);

	row->day = (int32_t)reader_u32(&key);
	reader_rest(&key, row->domain, sizeof(row->domain));
	row->messages = reader_u64(&value);
	reader_text(&value, row->next_hop, sizeof(row->next_hop));
	return db_row_is(txn, from, !key.failed && reader_is_done(&value));
}

int mail_get(struct db_txn *txn, int32_t day, const char *domain,
             struct mail_row *row)
{
	struct db_key key = key_of_day_text(TABLE_MAIL, day, domain);
	struct db_row from;

	return db_get(txn, &key, &from) && decode(txn, &from, row);
}

void mail_add(struct db_txn *txn, const struct mail_row *row)
{
	struct db_key key = key_of_day_text(TABLE_MAIL, row->day, row->domain);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct mail_row there = {0};

	mail_get(txn, row->day, row->domain, &there);
	strbuf_u64(&value, there.messages + row->messages);
	strbuf_str(&value, row->next_hop);
	db_put(txn, &key, &value);
}

int mail_next(struct db_txn *txn, struct mail_row *row)
{
	struct db_key from = key_of(TABLE_MAIL);
	struct db_row next;

	if (row->day >= 0)
		from = key_of_day_text(TABLE_MAIL, row->day, row->domain);
	if (row->domain[0] != '\0')
		key_u8(&from, 0); /* the first key after it */
	return db_get_from(txn, &from, &next) && decode(txn, &next, row);
}

int mail_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_MAIL, before, rows);
}
