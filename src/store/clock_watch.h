/*
 * clock_watch - the process's clock goes by the last agreement of the host's
 *
 * Every program that opens the store looks (clock_watch) when it begins, and
 * daemons once a minute.  The record is one row (store/meta_table.h), so what
 * one finds out all know.
 */
#ifndef TLSTALLY_STORE_CLOCK_WATCH_H
#define TLSTALLY_STORE_CLOCK_WATCH_H

#include "base/clock.h"
#include "base/clock_record.h"
#include "base/err.h"
#include "store/db.h"

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
int clock_watch_accept(struct db *db, struct clock *clock,
                       const struct clock_look *look, struct err *err);

#endif
