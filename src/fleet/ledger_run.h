/*
 * ledger_run - what a run has to do with the ledger of a fleet ([fleet] ledger)
 *
 *     join    the first day that this host has not begun to close is the
 *             fleet's, and all after it: they are given, whether the database
 *             answers or not
 *     look    at all that there is (ledger_look())
 *     ship    days of ours that changed; seal those that are over
 *     lead    renew the lease, or take it when it is free
 *     leave   when it is asked to: it gives no more days, and when all that it
 *             has given are sealed and none is left for it to report, it is out
 *     take    as the one who leads: pull what the others sealed, and take the
 *             days that are ready, so that the rollup makes their reports
 *
 * Nothing here is in the way of the intake.  When the database cannot be
 * reached, the run does what is its own and comes again.
 */
#ifndef TLSTALLY_FLEET_LEDGER_RUN_H
#define TLSTALLY_FLEET_LEDGER_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "fleet/day_adopt.h"
#include "fleet/fleet_rule.h"
#include "store/db.h"
#include "store/meta_table.h"

struct ledger_run_options {
	const struct conf *conf;
	struct clock *clock;
	bool told;       /* the clock says what --now says */
	bool may_report; /* it has what reports need */
	/* Told once when it begins, and (why NULL) once when it is over; what
	 * is left of it stands in the store (meta_fleet_get()). */
	void (*trouble)(void *arg, const char *why);
	void *trouble_arg;
};

struct ledger_run_result {
	bool reached;
	uint64_t shipped; /* days */
	uint64_t sealed;  /* of them */
	uint64_t domains; /* of them, that were written */
	uint64_t pulled;  /* days of other hosts */
	uint64_t taken;   /* days that this host reports */
	bool leads;
	bool has_left;                /* the fleet, by now or for long */
	struct fleet_left left;       /* before it has, when it is asked to */
	bool exposed;                 /* since this run: meta_fleet_get() */
	struct day_left_out left_out; /* of days that it took over */
};

/* A failure of the ledger is told and is none of the run's; of the store it
 * is. */
int ledger_run(struct db *db, const struct ledger_run_options *options,
               struct ledger_run_result *result, struct err *err);

/* From tomorrow on the days of this host are its own again; the runs do the
 * rest.  ERR_NOTFOUND: it is in no fleet.  now: secs. */
int ledger_run_leave(struct db *db, int64_t now, struct err *err);

/* What a delivery run has found out about this host's own way to send: while it
 * fails another host leads, if one can.  now: secs. */
int ledger_run_note_relay(struct db *db, bool failed, int64_t now,
                          struct err *err);

#endif
