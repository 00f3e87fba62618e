/*
 * settle - an answer becomes the state of a destination
 *
 * Answers are written in batches.  An answer counts only while the
 * destination is still this run's: if the lease ran out and another run took
 * it over, that run's answer counts.
 */
#ifndef TLSTALLY_OUTBOX_SETTLE_H
#define TLSTALLY_OUTBOX_SETTLE_H

#include <stdint.h>

#include "conf/conf.h"
#include "outbox/claim.h"
#include "store/db.h"

struct settle_counts {
	/* destinations, without copies */
	uint64_t delivered;
	uint64_t deferred;
	uint64_t uncertain; /* of the deferred */
	uint64_t failed;
	uint64_t suppressed;
	uint64_t expired;
	uint64_t released; /* not begun: the lease was over */
	uint64_t not_ours; /* answers that came too late */
	uint64_t archived; /* reports that left the outbox */
	uint64_t copies_sent;
	uint64_t copies_failed; /* for good */
};

/* What becomes of a destination that was claimed; event: what its answer means
 * there. */
void settle_destination(const struct conf *conf, const struct claim *claim,
                        enum delivery_event event, int64_t now,
                        struct outbox_destination *dest);

/* Writes the answers of a list of claims in one transaction. */
int settle_answers(struct db *db, const struct conf *conf, int64_t now,
                   const struct claim *list, struct settle_counts *counts,
                   struct err *err);

#endif
