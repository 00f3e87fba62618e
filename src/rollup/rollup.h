/*
 * rollup - closed UTC days become reports in the outbox
 *
 * Days are closed oldest first, however many there are.  A day closes when it
 * ended at least `grace` ago and every feed seen in the last two days has
 * committed a watermark past it, or else after `max_grace`; domains whose
 * policies are still being looked up keep it open for another day at most.
 *
 * Domains are taken in batches: read, decided, reports built and compressed
 * without any lock; then one transaction puts the batch's reports into the
 * outbox and marks its domains.  So it can be killed at any instruction and
 * run again, and run twice at once, without a double or a missing report.
 */
#ifndef TLSTALLY_ROLLUP_ROLLUP_H
#define TLSTALLY_ROLLUP_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "report/report.h"
#include "rollup/closing.h"
#include "rollup/merged.h"
#include "store/db.h"
#include "store/not_yet.h"
#include "store/tally_table.h"

struct rollup_options {
	const struct conf *conf;
	struct clock *clock;
	/* only `day`, however old it is; its domains that had no report because
	 * of age, mode, lists or a way of delivery that was off get another
	 * chance */
	bool one_day;
	int32_t day;
	/* Why the time is doubted (base/clock_record.h): no day is closed, nor
	 * does anything grow too old.  NULL: it is not. */
	const char *doubt;
	/* Somebody vouches for the time (store/not_yet.h). */
	bool vouched;
	/* Does Postfix send events of mail with TLS-Required: No, although its
	 * version would not (tls_required_enable = no)?  Asked once, when there
	 * is a day to close; NULL: nobody knows. */
	bool (*events_have_ours)(void *arg);
	void *ours_arg;
	/* Called after each batch; may be NULL. */
	void (*progress)(void *arg, int32_t day, uint64_t domains);
	void *progress_arg;
};

struct rollup_result {
	struct not_yet taken_back;      /* a wrong clock had written it */
	uint64_t days;                  /* closed */
	uint64_t days_waiting;          /* over, but not closed yet */
	uint64_t domains_waiting;       /* for their policies, on such days */
	uint64_t days_incomplete;       /* closed, though a feed was behind */
	char incomplete[CLOSING_WORDS]; /* which, in words */
	uint64_t marks[TALLY_MARKS];    /* domains, by what became of them */
	uint64_t folded;   /* details folded to fit max_report_size */
	uint64_t released; /* held reports that may go now */
	uint64_t lapsed;   /* held reports that became too old */
};

int rollup_run(struct db *db, const struct rollup_options *options,
               struct rollup_result *result, struct err *err);

/*
 * Builds the report that a domain's day would give, whatever its mark, for
 * rollup and `tlstally preview`: policies, ids, period, sorted and folded to
 * size; *folded is how much had to go.  1, 0 when nothing was counted, or a
 * class.
 */
int rollup_build(struct merged *merged, struct db_txn *txn,
                 const struct conf *conf, uint64_t store_id, const char *domain,
                 struct report *report, uint64_t *folded, struct err *err);

#endif
