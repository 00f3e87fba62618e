/*
 * purge - what is older than anybody wants to see
 *
 * In small transactions, so that it holds nobody up and may be killed and run
 * again at any moment.
 */
#ifndef TLSTALLY_STORE_PURGE_H
#define TLSTALLY_STORE_PURGE_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/* Rows deleted. */
struct purge_counts {
	uint64_t tally;   /* with the interned policies and the sums of days */
	uint64_t archive; /* with the tokens of its mails */
	uint64_t suppressions; /* and addresses in doubt */
	uint64_t own_reports;  /* handed over, and seen by the milter */
	uint64_t inbound;      /* outcomes of mail that came in */
	uint64_t mail;         /* domains that got mail */
	uint64_t rates;
	uint64_t log;      /* sessions that waited all that time for a policy */
	uint64_t policies; /* views of domains that nobody asked for again */
	uint64_t wanted;   /* domains that nobody looks up */
};

/*
 * Keeps `keep_days` days of counters (mail in and out, too) and views of
 * domains before today, archived reports made within `archive_days` (tokens a
 * week longer),
 * suppressions that have not ended, doubts (30 days), what the loop breaker
 * looks at (4 days), the rate limits (2 hours) and domains that wait to be
 * looked up (7 days).  On failure counts says what was deleted until then.
 */
int purge_run(struct db *db, int32_t today, int64_t now, int32_t keep_days,
              int32_t archive_days, struct purge_counts *counts,
              struct err *err);

#endif
