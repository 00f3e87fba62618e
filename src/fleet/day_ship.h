/*
 * day_ship - a day of this host, to the ledger
 *
 * All of it is compared with what is there, and what differs is written, in one
 * transaction: whoever reads it finds the shipment before or this one.  It can
 * be repeated, and cut off anywhere.
 */
#ifndef TLSTALLY_FLEET_DAY_SHIP_H
#define TLSTALLY_FLEET_DAY_SHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "ledger/ledger.h"
#include "store/db.h"

struct day_ship {
	struct db *db;
	const struct conf *conf;
	struct ledger *ledger;
	const struct ledger_self *self;
	int64_t now;
	int32_t day;
	bool seal; /* it is over: these are its last counts */
};

/* *domains gets those that were written.  ERR_NOTFOUND: the ledger has our name
 * as somebody else's; ERR_BUSY: counted on meanwhile (seal), try again later.
 */
int day_ship(const struct day_ship *ship, uint64_t *domains, struct err *err);

#endif
