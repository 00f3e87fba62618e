/*
 * told_log - what Postfix is told anew, on its way to the store
 *
 * Whoever answers adds a line and goes on; once a second all of them go into
 * the told table (store/told_table.h), those that say what stands there
 * already left out, and with them until when all is there.
 */
#ifndef TLSTALLY_POLICYD_TOLD_LOG_H
#define TLSTALLY_POLICYD_TOLD_LOG_H

#include <stddef.h>

#include "base/clock.h"
#include "store/db.h"
#include "store/told_table.h"

struct told_log;

struct told_log *told_log_new(struct clock *clock);
void told_log_free(struct told_log **log);

/* Copies all of it but told->since: it is told from now on.  When the store
 * takes nothing for long, the newest lines are left out: false. */
bool told_log_add(struct told_log *log, const char *domain,
                  const struct told *told);

/* How many wait. */
size_t told_log_count(struct told_log *log);

/* Into the store; kept until told_log_written(), behind the commit. */
void told_log_write(struct told_log *log, struct db_txn *txn);
void told_log_written(struct told_log *log);

#endif
