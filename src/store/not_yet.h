/*
 * not_yet - takes back what the store has of a time that has not come
 *
 * A clock that was ahead has committed "all is counted until next year", has
 * closed today, or has counted sessions under days to come.  When it is back,
 * and believed (base/clock_record.h), that is undone:
 *
 *     feeds          counted until: nothing is known; last commit and last
 *                    event: now
 *     closed days    that are not over are open again; of their reports those
 *                    that no run has taken up yet are withdrawn, to be made
 *                    again when the day is over
 *     sessions       of days to come stay there, but as late ones: shown and
 *                    never sent
 *     rate limits, reports handed over   of hours and days to come: deleted
 *
 * Sessions are touched only when somebody vouches for the time
 * (base/clock_record.h): a clock that is behind, and believed for want of a
 * better one, must not make those of the right day late.
 */
#ifndef TLSTALLY_STORE_NOT_YET_H
#define TLSTALLY_STORE_NOT_YET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "session/tally.h"
#include "store/db.h"

struct not_yet {
	uint64_t feeds;
	uint64_t days;    /* opened again */
	uint64_t reports; /* withdrawn */
	uint64_t domains; /* whose sessions are late */
};

/* Usually there is nothing, and then nobody is kept from writing. */
int not_yet_take_back(struct db *db, int64_t now, bool vouched,
                      const struct tally_limits *limits, struct not_yet *done,
                      struct err *err);

#endif
