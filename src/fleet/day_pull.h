/*
 * day_pull - what other hosts shipped of a day, into the store
 *
 * Each of them comes in as if it were a file (fleet/day_import.h), so it counts
 * as a whole or not at all, and can be pulled again.  What is here already is
 * not asked for.
 */
#ifndef TLSTALLY_FLEET_DAY_PULL_H
#define TLSTALLY_FLEET_DAY_PULL_H

#include <stdint.h>

#include "base/err.h"
#include "ledger/ledger.h"
#include "store/db.h"

struct day_pull {
	struct db *db;
	struct ledger *ledger;
	const struct ledger_view *view;
	const char *host; /* ourselves */
	int64_t now;
	int32_t day;
	int32_t oldest; /* that is kept */
	/* Gets the hosts whose day cannot be read, with commas, and the others
	 * come in; NULL: the first of them is the pull's failure. */
	char *unreadable; /* LEDGER_MISSING */
};

/* *pulled is raised by the hosts that had something new. */
int day_pull(const struct day_pull *pull, uint64_t *pulled, struct err *err);

#endif
