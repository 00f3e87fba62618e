#include "store/clock_watch.h"

#include "base/auto.h"
#include "store/meta_table.h"

static int look_only(struct db *db, const struct clock_look *look,
                     struct clock_record *record, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	meta_clock_get(txn, record);
	clock_record_look(record, look);
	return db_failure(txn, err);
}

static int look_and_note(struct db *db, const struct clock_look *look,
                         struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct clock_record record;

	meta_clock_get(txn, &record);
	clock_record_look(&record, look);
	meta_clock_put(txn, &record);
	return db_commit(&txn, err);
}

int clock_watch(struct db *db, struct clock *clock,
                const struct clock_look *look, struct clock_record *record,
                struct err *err)
{
	if (look_only(db, look, record, err) < 0)
		return err->class;
	clock_hold(clock, record->wall_ms - record->boot_ms);
	return db_is_read_only(db) ? 0 : look_and_note(db, look, err);
}

int clock_watch_accept(struct db *db, struct clock *clock,
                       const struct clock_look *look, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct clock_record record;

	clock_record_accept(&record, look);
	clock_hold(clock, record.wall_ms - record.boot_ms);
	meta_clock_put(txn, &record);
	return db_commit(&txn, err);
}
