/*
 * journal_apply - the journal of counts gets into the tally table
 *
 * In the order of domains, in write transactions of the usual size, to the last
 * row that was there when it began; each notes how far it came, and the last
 * one adds the day's sums and deletes the rows.  So it may be killed at any
 * moment, and anybody goes on: tlstallyd, which appends meanwhile, or
 * `tlstally run` before it looks at a day.
 */
#ifndef TLSTALLY_STORE_JOURNAL_APPLY_H
#define TLSTALLY_STORE_JOURNAL_APPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "session/tally.h"
#include "store/db.h"

/*
 * So many domains at most get their counts in one transaction, which ends at 32
 * MiB, too.  Each one writes anew the pages of what does not lie in the order
 * of domains, so a few large ones write less than many small ones; who waits
 * for the write lock meanwhile (the rollup, the milter, a JMAP client) waits
 * for about half a second.
 */
enum { JOURNAL_APPLY_DOMAINS = 10 * DB_BATCH_ROWS };

/* One transaction of a day, with so many domains at most.  1: there is more to
 * do; 0: nothing is left of what was there when it began.  Why it failed is
 * noted, if the store takes that (store/journal_aside.h). */
int journal_apply_some(struct db *db, int32_t day,
                       const struct tally_limits *limits, size_t domains,
                       struct err *err);

/* Days from `first` to `last`. */
int journal_apply_days(struct db *db, int32_t first, int32_t last,
                       const struct tally_limits *limits, struct err *err);

/* The first day from *day on of which there is something to apply by now, for
 * who appends: what waits is much, or old, or of a day that is over.  1, 0, or
 * negative. */
int journal_apply_due(struct db *db, int64_t now, int32_t *day,
                      struct err *err);

/* Does so much wait that nothing is to be appended before some of it is
 * applied?  1, 0, or negative. */
int journal_apply_is_full(struct db *db, struct err *err);

#endif
