/*
 * fleet_claims - what a delivery run asks the ledger of the fleet
 *
 *     outbox_options.ledger = fleet_claims_open(db, conf, clock, told)
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

/* told: the clock says what --now says.  NULL without [fleet] ledger. */
struct outbox_ledger *fleet_claims_open(struct db *db, const struct conf *conf,
                                        struct clock *clock, bool told);
void fleet_claims_close(struct outbox_ledger **ledger);

#endif
