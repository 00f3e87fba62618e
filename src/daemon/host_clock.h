/*
 * host_clock - what this host's clocks show, for base/clock_record.h
 */
#ifndef TLSTALLY_DAEMON_HOST_CLOCK_H
#define TLSTALLY_DAEMON_HOST_CLOCK_H

#include "base/clock.h"
#include "base/clock_record.h"
#include "base/err.h"
#include "conf/conf.h"
#include "store/db.h"

struct clock_look host_clock_look(struct clock *clock);

/*
 * clock_watch() with what this host shows.  Nothing is doubted when the
 * operator says what time it is (--now), or in a store for rehearsals.
 */
int host_clock_watch(struct db *db, const struct conf *conf,
                     struct clock *clock, struct clock_record *record,
                     struct err *err);

#endif
