/*
 * closing - may a UTC day be closed?
 *
 * When it ended at least `grace` ago and every feed of sessions seen in the
 * last two days has committed a watermark past it.  A feed whose daemon died
 * never will: so after `max_grace` the day is closed anyway, and the operator
 * is told.
 *
 * The days of other hosts that the section [fleet] names must be here, sent or
 * fetched (fleet/), or it is [fleet] deadline after the day's end: then those
 * that are missing are named.
 *
 * Sessions of the log wait until their domain's policies are known.  Such a
 * domain, and with it the day, stays open up to 24 hours; the other domains of
 * the day go on at once.
 */
#ifndef TLSTALLY_ROLLUP_CLOSING_H
#define TLSTALLY_ROLLUP_CLOSING_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "store/db.h"
#include "store/outbox_table.h"

enum { CLOSING_WORDS = 384 };

enum closing {
	CLOSING_NOT_YET,
	CLOSING_COMPLETE,
	CLOSING_ANYWAY, /* max_grace is over, and a feed is still behind */
};

/* words says what is waited for, or who was behind; "" when complete. */
enum closing closing_of(struct db_txn *txn, const struct conf *conf,
                        int32_t day, int64_t now, char words[CLOSING_WORDS]);

/* The names of the hosts that have not sent the day, with commas, as far as
 * there is room; "". */
void closing_missing(struct db_txn *txn, const struct conf *conf, int32_t day,
                     char names[OUTBOX_MISSING]);

/* The same as closing_of() of what this host itself counts. */
enum closing closing_of_own(struct db_txn *txn, const struct conf *conf,
                            int32_t day, int64_t now,
                            char words[CLOSING_WORDS]);

/* And without `grace`: once the day is over, what did its feeds count? */
enum closing closing_of_feeds(struct db_txn *txn, const struct conf *conf,
                              int32_t day, int64_t now,
                              char words[CLOSING_WORDS]);

/* Has the domain (NULL: any) sessions of that day that wait for their policy,
 * and is there still time for it? */
bool closing_waits(struct db_txn *txn, int32_t day, const char *domain,
                   int64_t now);

#endif
