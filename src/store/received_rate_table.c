#include "store/received_rate_table.h"

#include "base/auto.h"
#include "store/keys.h"

static void read_row(struct db_txn *txn, const struct db_row *row,
                     struct received_rate *rate)
{
	struct reader value = db_row_value(row);

	rate->kept = reader_u64(&value);
	rate->bytes = reader_u64(&value);
	rate->dropped = reader_u64(&value);
	db_row_is(txn, row, reader_is_done(&value));
}

static void read_key(struct db_txn *txn, const struct db_row *row,
                     struct received_rate *rate)
{
	struct reader key = db_row_key(row);

	rate->day = (int32_t)reader_u32(&key);
	reader_rest(&key, rate->submitter, sizeof(rate->submitter));
	db_row_is(txn, row, !key.failed);
}

void received_rate_get(struct db_txn *txn, struct received_rate *rate)
{
	struct db_key key = key_of_day_text(TABLE_RECEIVED_RATE, rate->day,
	                                    rate->submitter);
	struct db_row row;

	rate->kept = rate->bytes = rate->dropped = 0;
	if (db_get(txn, &key, &row))
		read_row(txn, &row, rate);
}

void received_rate_put(struct db_txn *txn, const struct received_rate *rate)
{
	struct db_key key = key_of_day_text(TABLE_RECEIVED_RATE, rate->day,
	                                    rate->submitter);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, rate->kept);
	strbuf_u64(&value, rate->bytes);
	strbuf_u64(&value, rate->dropped);
	db_put(txn, &key, &value);
}

int received_rate_next(struct db_txn *txn, struct received_rate *rate)
{
	struct db_key from = key_of_day_text(TABLE_RECEIVED_RATE, rate->day,
	                                     rate->submitter);
	int32_t day = rate->day;
	struct db_row row;

	key_u8(&from, 0); /* what comes after it */
	if (!db_get_from(txn, &from, &row))
		return 0;
	read_key(txn, &row, rate);
	read_row(txn, &row, rate);
	return rate->day == day && !db_failed(txn);
}

int received_rate_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_RECEIVED_RATE, before, rows);
}

void received_rate_check(struct db_txn *txn, const struct db_row *row)
{
	struct received_rate rate;

	read_key(txn, row, &rate);
	read_row(txn, row, &rate);
}
