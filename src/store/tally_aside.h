/*
 * tally_aside - counts of a day that cannot be read stop nothing else
 *
 * One damaged row would fail each transaction that comes to it, and so its day
 * would never be applied or reported.  When a day fails, its rows are looked at
 * one domain after the other.  Those of a domain that cannot be read are set
 * aside (store/journal_aside.h), with why, until the day is purged: what was
 * counted for it until then is missing, and nothing else is.
 *
 *     counts: example.com of 2026-03-01 cannot be read: the policy of a row is
 *     not in the store
 *
 * So are policies that cannot be read, and what is derived of the day is made
 * anew if it differs.
 */
#ifndef TLSTALLY_STORE_TALLY_ASIDE_H
#define TLSTALLY_STORE_TALLY_ASIDE_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/* How much was made right, 0: the day is as it should be, or negative: it
 * cannot be. */
int tally_aside_day(struct db *db, int32_t day, struct err *err);

/* Of days from `first` to `last`, however far apart: those that have something
 * are looked at. */
int tally_aside_days(struct db *db, int32_t first, int32_t last,
                     struct err *err);

#endif
