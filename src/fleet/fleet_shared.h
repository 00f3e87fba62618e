/*
 * fleet_shared - what hosts of a fleet know together: who is suppressed, and
 * how much was sent to whom in this hour
 *
 * Suppressions: what changed here since the last time goes to the ledger, and
 * then what changed there comes here; the store's own log of changes
 * (store/change_table.h) says what is new.  A host that comes for the first
 * time, or was restored, adds those that the ledger does not know, and takes
 * all others as they are there.
 *
 * Rates: each host writes its own attempts as they are by now, before it sends
 * anything, so that whoever leads next in the same hour counts on.  Without
 * limits ([deliver] rate_per_hour, rate_per_host) none is shared.
 */
#ifndef TLSTALLY_FLEET_FLEET_SHARED_H
#define TLSTALLY_FLEET_FLEET_SHARED_H

#include "conf/conf.h"
#include "ledger/ledger.h"
#include "store/db.h"
#include "store/meta_table.h"

/* seen: what it has of the last time, also in the store. */
int fleet_share_suppressions(struct db *db, struct ledger *ledger,
                             struct fleet_seen *seen, struct err *err);

/* Takes what other hosts have sent in the hour of now (secs), and gives how
 * much this one has sent in all. */
int fleet_share_rates(struct db *db, struct ledger *ledger,
                      const struct conf *conf, const char *host, int64_t now,
                      struct err *err);

/* Gives what this host has sent by now to these receivers, of which there may
 * be the same twice, and in all. */
int fleet_share_sent(struct db *db, struct ledger *ledger,
                     const struct conf *conf, const char *host, int64_t now,
                     const char *const *receivers, size_t count,
                     struct err *err);

#endif
