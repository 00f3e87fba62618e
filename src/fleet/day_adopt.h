/*
 * day_adopt - a day of the fleet passes to this host, or away from it
 *
 * What a host that made a day's reports before has claimed stands in the
 * ledger: who takes the day over has these reports in its outbox as they are
 * there, with their bytes, tokens and dates, and makes the others anew.
 */
#ifndef TLSTALLY_FLEET_DAY_ADOPT_H
#define TLSTALLY_FLEET_DAY_ADOPT_H

#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "ledger/ledger.h"
#include "store/db.h"

struct day_adopt {
	struct db *db;
	const struct conf *conf;
	struct ledger *ledger;
	int64_t now_ms;
	int32_t day;
};

/*
 * The day is not ours any more: nothing of it is sent, and its reports that are
 * not settled leave the outbox.  Again and again the same.
 */
int day_adopt_leave(const struct day_adopt *what, struct err *err);

/* Reports that the ledger has and that cannot be read there. */
struct day_left_out {
	uint64_t count;
	char first[512]; /* its domain, its day, and why */
};

/* After day_adopt_leave(): what the ledger has of the day.  It is ours when the
 * caller says so, after it.  What is left out is added up. */
int day_adopt_take(const struct day_adopt *what, struct day_left_out *left_out,
                   struct err *err);

/* Has it reports that are not settled?  1, 0. */
int day_adopt_has_open(struct db *db, int32_t day, struct err *err);

/* What was sent and could not be told to the ledger. */
int day_adopt_tell(struct db *db, struct ledger *ledger, int64_t now,
                   struct err *err);

#endif
