/*
 * clock_table - the record of when the host's clocks last agreed, and the
 * process's clock that goes by it
 *
 * Every program that opens the store looks (clock_watch) when it begins, and
 * daemons once a minute.  One row, so what one finds out all know.
 */
#ifndef TLSTALLY_STORE_CLOCK_TABLE_H
#define TLSTALLY_STORE_CLOCK_TABLE_H

#include "base/clock.h"
#include "base/err.h"
#include "base/clock_record.h"
#include "store/db.h"

/* 1, or 0: there is none yet. */
int clock_record_get(struct db_txn *txn, struct clock_record *record);
void clock_record_put(struct db_txn *txn, const struct clock_record *record);
/* The store has come to another host, or back from long ago. */
void clock_record_forget(struct db_txn *txn);

/*
 * Looks at what the clocks show, notes it down and has the clock go by the
 * last agreement (clock_hold).  The store of a reader is not written, nor is
 * one that takes nothing: then the clock goes by what was found all the same.
 * record gets what is known; record->doubted says whether the time is.
 */
int clock_watch(struct db *db, struct clock *clock,
                const struct clock_look *look, struct clock_record *record,
                struct err *err);

/* The operator says that the clock is right. */
int clock_accept(struct db *db, struct clock *clock,
                 const struct clock_look *look, struct err *err);

#endif
