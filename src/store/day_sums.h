/*
 * day_sums - what was counted on a day, of all domains together
 *
 * Pictures of many days want sums, and a day may have 100,000 domains: summing
 * them up takes a moment.  So what came of it is kept beside the day, under
 * the revision that the day had then; every change of a domain's head gives
 * its day another one.  A day that is closed is read once.
 */
#ifndef TLSTALLY_STORE_DAY_SUMS_H
#define TLSTALLY_STORE_DAY_SUMS_H

#include "base/err.h"
#include "store/day_table.h"

/* Reads all rows of a day, in short transactions. */
int day_sums_make(struct db *db, int32_t day, int64_t now, struct arena *mem,
                  struct day_sums *sums, struct err *err);

#endif
