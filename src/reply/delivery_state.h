/*
 * delivery_state - the life of one destination of one report
 *
 *     pending -> inflight -> delivered
 *                         -> deferred -> inflight ...
 *                         -> failed | suppressed | expired
 *                 delivered -> bounced
 *
 * A table: whoever wants to know what may follow what reads it, and the tests
 * go through every cell.
 */
#ifndef TLSTALLY_REPLY_DELIVERY_STATE_H
#define TLSTALLY_REPLY_DELIVERY_STATE_H

#include <stdbool.h>

/* The numbers are what the store holds: never change one. */
enum delivery_state {
	DELIVERY_PENDING = 0,
	DELIVERY_INFLIGHT = 1,
	DELIVERY_DELIVERED = 2,
	DELIVERY_DEFERRED = 3,
	DELIVERY_FAILED = 4,
	DELIVERY_SUPPRESSED = 5,
	DELIVERY_EXPIRED = 6,
	DELIVERY_BOUNCED = 7, /* accepted, and sent back later */
	DELIVERY_STATES
};

enum delivery_event {
	EVENT_CLAIM,         /* a run takes it */
	EVENT_LEASE_LOST,    /* the lease of the run that had it expired */
	EVENT_ACCEPTED,      /* the receiver has it */
	EVENT_TEMPORARY,     /* not now */
	EVENT_UNCERTAIN,     /* the answer was lost */
	EVENT_REFUSED,       /* never */
	EVENT_BAD_ADDRESS,   /* the address itself was refused */
	EVENT_IS_SUPPRESSED, /* it stands on the suppression list */
	EVENT_TOO_OLD,       /* the retry period is over */
	EVENT_RELEASE,       /* a run gives it back untouched */
	EVENT_BOUNCED,       /* a bounce came back for it */
	EVENT_RESCHEDULE,    /* the operator, or a change of the report */
	DELIVERY_EVENTS
};

const char *delivery_state_word(enum delivery_state state);
bool delivery_state_from_word(const char *word, enum delivery_state *state);

/* What came of an attempt, for people and for monitoring: "accepted",
 * "temporary", "uncertain", "refused", "bad-address", "released" (it did not
 * begin); "other" for the rest. */
const char *delivery_event_word(enum delivery_event event);

/* No more will happen by itself. */
bool delivery_state_is_final(enum delivery_state state);

/* False when the event cannot happen in that state. */
bool delivery_next(enum delivery_state from, enum delivery_event event,
                   enum delivery_state *to);

#endif
