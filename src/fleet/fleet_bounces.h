/*
 * fleet_bounces - a bounce finds the host that sent the report
 *
 * The bounce comes to any host of the fleet, whose store keeps it when it does
 * not know its token (outbox/bounce.h).  The next run there writes it into the
 * ledger, which knows all tokens; the next run of the host whose store knows
 * that one takes it out, as if it had come in there.
 *
 * Each of the two can be repeated from its beginning after a kill: the same
 * bounce twice is one.
 */
#ifndef TLSTALLY_FLEET_FLEET_BOUNCES_H
#define TLSTALLY_FLEET_FLEET_BOUNCES_H

#include <stdint.h>

#include "base/err.h"
#include "ledger/ledger.h"
#include "store/db.h"

/* To the ledger, what this host, of that name, keeps. */
int fleet_bounces_tell(struct db *db, struct ledger *ledger, const char *host,
                       struct err *err);
/* From it, what is about reports of this store. */
int fleet_bounces_take(struct db *db, struct ledger *ledger, int64_t now,
                       struct err *err);

#endif
