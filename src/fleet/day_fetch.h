/*
 * day_fetch - days of hosts that are asked for them (sealed/fetcher_answer.h)
 *
 *     [fleet]
 *     fetchers = ssh mx2 tlsrpt-fetcher, ssh mx3 tlstally fetcher
 *
 * A host is asked for the list of a day's domains, and then for each of them,
 * FETCH_SIDE_BY_SIDE at a time; hosts are asked side by side.  What came is
 * committed every few seconds, so a run that is out of time, is cut off or is
 * killed leaves the rest to the next one; the last domain makes it the host's
 * day, as an import does (fleet/day_import.h).
 *
 * A host that has not come to the end of the day yet, or cannot be reached, is
 * asked again by the next run, as long as the day is open: rollup/closing.h
 * waits for it.  A day that is there is not fetched again.
 */
#ifndef TLSTALLY_FLEET_DAY_FETCH_H
#define TLSTALLY_FLEET_DAY_FETCH_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "sealed/sealed_day.h"
#include "store/db.h"
#include "store/host_day_table.h"

enum {
	FETCH_SIDE_BY_SIDE = 8,
	FETCH_CLOCK_SECS = 10, /* a clock that differs by more is told of */
	FETCH_RUN_SECS = 240,
};

enum day_fetch_what {
	DAY_FETCH_DONE,
	DAY_FETCH_CLOCK,   /* the other host's clock differs */
	DAY_FETCH_GOES_ON, /* the next run goes on */
	DAY_FETCH_WAITS,   /* the host is not ready, or another run is at it */
	DAY_FETCH_TROUBLE, /* the state has words */
};

struct day_fetch_news {
	enum day_fetch_what what;
	const struct host_fetch *state;
	bool is_new; /* trouble that was not there before */
	const struct sealed_totals *totals; /* DAY_FETCH_DONE */
	bool late;
};

struct day_fetch_options {
	const struct conf *conf;
	struct clock *clock;
	const char *own_name;
	int32_t day;
	bool by_hand; /* also a day that is closed */
	void (*tell)(void *arg, const struct day_fetch_news *news);
	void *arg;
};

/* All hosts of [fleet] fetchers whose day is not there.  What goes wrong with
 * one of them is told; ERR_BUSY, ERR_IO: of this store. */
int day_fetch_run(struct db *db, const struct day_fetch_options *options,
                  struct err *err);

#endif
