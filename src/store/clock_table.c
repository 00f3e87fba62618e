#include "store/clock_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/strbuf.h"
#include "store/keys.h"

static bool read_record(struct db_value value, struct clock_record *record)
{
	struct reader reader;

	*record = (struct clock_record){.wall_ms = 0};
	reader_init(&reader, value.data, value.len);
	record->wall_ms = (int64_t)reader_u64(&reader);
	record->boot_ms = (int64_t)reader_u64(&reader);
	record->carried = reader_u8(&reader) != 0;
	record->vouched = reader_u8(&reader) != 0;
	record->doubted = reader_u8(&reader) != 0;
	record->doubt_wall_ms = (int64_t)reader_u64(&reader);
	record->doubt_boot_ms = (int64_t)reader_u64(&reader);
	read_text(&reader, record->boot, sizeof(record->boot));
	if (reader_left(&reader) > 0)
		record->since_ms = (int64_t)reader_u64(&reader);
	return !reader.failed && reader_left(&reader) == 0;
}

int clock_record_get(struct db_txn *txn, struct clock_record *record)
{
	struct key key = key_of_text(META_CLOCK);
	struct db_value value;

	*record = (struct clock_record){.wall_ms = 0};
	if (!db_get(txn, TABLE_META, key.bytes, key.len, &value))
		return 0;
	if (read_record(value, record))
		return 1;
	db_damaged(txn, TABLE_META, key.bytes, key.len);
	return 0;
}

void clock_record_put(struct db_txn *txn, const struct clock_record *record)
{
	struct key key = key_of_text(META_CLOCK);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, (uint64_t)record->wall_ms);
	strbuf_u64(&value, (uint64_t)record->boot_ms);
	strbuf_u8(&value, record->carried);
	strbuf_u8(&value, record->vouched);
	strbuf_u8(&value, record->doubted);
	strbuf_u64(&value, (uint64_t)record->doubt_wall_ms);
	strbuf_u64(&value, (uint64_t)record->doubt_boot_ms);
	strbuf_str(&value, record->boot);
	strbuf_u64(&value, (uint64_t)record->since_ms);
	db_put(txn, TABLE_META, key.bytes, key.len, value.data, value.len);
}

void clock_record_forget(struct db_txn *txn)
{
	struct key key = key_of_text(META_CLOCK);

	db_delete(txn, TABLE_META, key.bytes, key.len);
}

static void hold(struct clock *clock, const struct clock_record *record)
{
	clock_hold(clock, record->wall_ms - record->boot_ms);
}

static int look_only(struct db *db, const struct clock_look *look,
                     struct clock_record *record, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	clock_record_get(txn, record);
	clock_record_look(record, look);
	return db_failure(txn, err);
}

static int look_and_note(struct db *db, const struct clock_look *look,
                         struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct clock_record record;

	clock_record_get(txn, &record);
	clock_record_look(&record, look);
	clock_record_put(txn, &record);
	return db_commit(&txn, err);
}

int clock_watch(struct db *db, struct clock *clock,
                const struct clock_look *look, struct clock_record *record,
                struct err *err)
{
	if (look_only(db, look, record, err) < 0)
		return err->class;
	hold(clock, record);
	return db_is_read_only(db) ? 0 : look_and_note(db, look, err);
}

int clock_accept(struct db *db, struct clock *clock,
                 const struct clock_look *look, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct clock_record record;

	clock_record_accept(&record, look);
	hold(clock, &record);
	clock_record_put(txn, &record);
	return db_commit(&txn, err);
}
