/*
 * bounce - what a bounce of a report does to its delivery
 *
 * permanent   the destination becomes bounced, with the diagnostic as its last
 *             answer.  Where it says beyond doubt that there is no such address
 *             (reply/refusal.h), that is suppressed as an answer to RCPT does
 *             it, for 30 days; where that is in doubt, when reports of several
 *             days came back alike; anything else (5.7.1: it minds us, not the
 *             address) suppresses nothing
 * delayed     noted as the last answer, no more
 *
 * A bounce of what another host of the fleet has sent is kept for the next run,
 * which passes it on (fleet/fleet_bounces.h).
 *
 * It does not matter whether the report is in the outbox still or in the
 * archive.  The same bounce twice is one.
 */
#ifndef TLSTALLY_OUTBOX_BOUNCE_H
#define TLSTALLY_OUTBOX_BOUNCE_H

#include <stdint.h>

#include "base/err.h"
#include "domain/rua.h"
#include "inmail/dsn.h"
#include "store/db.h"
#include "words/words.h"

struct bounce_outcome {
	enum bounce_result result;
	uint64_t id; /* of the report */
	char address[RUA_ADDRESS_MAX + 1];
	char text[256]; /* the diagnostic */
};

int bounce_apply(struct db *db, const char *token, const struct dsn *dsn,
                 int64_t now, struct bounce_outcome *outcome, struct err *err);

#endif
