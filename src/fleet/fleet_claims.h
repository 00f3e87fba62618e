/*
 * fleet_claims - what a delivery run asks the ledger of the fleet
 *
 *     outbox_options.ledger = fleet_claims_open(db, &options)
 *     outbox_run(...)
 *     fleet_claims_close(&ledger)
 *
 * The connection is made with the first report of the fleet that is due.  A run
 * claims under the fence with which this host led when it last met the ledger
 * (fleet/ledger_run.h): when another host leads by now, nothing is sent.
 */
#ifndef TLSTALLY_FLEET_FLEET_CLAIMS_H
#define TLSTALLY_FLEET_FLEET_CLAIMS_H

#include <stdbool.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "outbox/outbox.h"
#include "store/db.h"

struct fleet_claims_options {
	const struct conf *conf;
	struct clock *clock;
	bool told; /* the clock says what --now says */
	/* Told once when reports have to wait for the ledger, and (why NULL)
	 * once when it takes them again; as in fleet/ledger_run.h. */
	void (*trouble)(void *arg, const char *why);
	void *trouble_arg;
};

/* NULL without [fleet] ledger. */
struct outbox_ledger *
fleet_claims_open(struct db *db, const struct fleet_claims_options *options);
void fleet_claims_close(struct outbox_ledger **ledger);

#endif
