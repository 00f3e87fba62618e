#include "reply/delivery_state.h"

#include <stddef.h>

/*
 * What can happen, and what becomes of it; whatever is not here cannot.
 *
 * - An outcome counts only in flight: a run whose lease was taken over has
 *   nothing to say any more, and whoever took it sends the same bytes.
 * - So a claim of what is in flight is two steps: the lease is lost, then
 *   it is claimed.
 * - What is in flight cannot be rescheduled: it may be delivered by now.
 * - Delivered is for ever, unless a bounce says otherwise: nothing is sent
 *   twice knowingly.  The other ends are not, when a person says so.
 */
static const struct {
	enum delivery_state from;
	enum delivery_event event;
	enum delivery_state to;
} transitions[] = {
	{DELIVERY_PENDING, EVENT_CLAIM, DELIVERY_INFLIGHT},
	{DELIVERY_PENDING, EVENT_IS_SUPPRESSED, DELIVERY_SUPPRESSED},
	{DELIVERY_PENDING, EVENT_TOO_OLD, DELIVERY_EXPIRED},
	{DELIVERY_PENDING, EVENT_RESCHEDULE, DELIVERY_PENDING},

	/* What a dead run did is as uncertain as a lost answer: the caller
         * marks both, and it is sent again. */
	{DELIVERY_INFLIGHT, EVENT_LEASE_LOST, DELIVERY_DEFERRED},
	{DELIVERY_INFLIGHT, EVENT_UNCERTAIN, DELIVERY_DEFERRED},
	{DELIVERY_INFLIGHT, EVENT_TEMPORARY, DELIVERY_DEFERRED},
	{DELIVERY_INFLIGHT, EVENT_ACCEPTED, DELIVERY_DELIVERED},
	{DELIVERY_INFLIGHT, EVENT_REFUSED, DELIVERY_FAILED},
	/* The list is where the operator finds a dead address, and what has to
         * change before anything goes there again. */
	{DELIVERY_INFLIGHT, EVENT_BAD_ADDRESS, DELIVERY_SUPPRESSED},
	{DELIVERY_INFLIGHT, EVENT_IS_SUPPRESSED, DELIVERY_SUPPRESSED},
	{DELIVERY_INFLIGHT, EVENT_TOO_OLD, DELIVERY_EXPIRED},
	/* Pending even after earlier attempts: a rate limit must not look like
         * trouble with the receiver. */
	{DELIVERY_INFLIGHT, EVENT_RELEASE, DELIVERY_PENDING},

	{DELIVERY_DEFERRED, EVENT_CLAIM, DELIVERY_INFLIGHT},
	{DELIVERY_DEFERRED, EVENT_IS_SUPPRESSED, DELIVERY_SUPPRESSED},
	{DELIVERY_DEFERRED, EVENT_TOO_OLD, DELIVERY_EXPIRED},
	{DELIVERY_DEFERRED, EVENT_RESCHEDULE, DELIVERY_PENDING},

	/* A bounce can be faster than our own writing down, and it proves that
         * an uncertain one had arrived. */
	{DELIVERY_INFLIGHT, EVENT_BOUNCED, DELIVERY_BOUNCED},
	{DELIVERY_DEFERRED, EVENT_BOUNCED, DELIVERY_BOUNCED},
	{DELIVERY_DELIVERED, EVENT_BOUNCED, DELIVERY_BOUNCED},

	{DELIVERY_FAILED, EVENT_RESCHEDULE, DELIVERY_PENDING},
	{DELIVERY_BOUNCED, EVENT_RESCHEDULE, DELIVERY_PENDING},
	{DELIVERY_SUPPRESSED, EVENT_RESCHEDULE, DELIVERY_PENDING},
	{DELIVERY_EXPIRED, EVENT_RESCHEDULE, DELIVERY_PENDING},
};

bool delivery_state_is_final(enum delivery_state state)
{
	return state == DELIVERY_DELIVERED || state == DELIVERY_FAILED ||
	       state == DELIVERY_SUPPRESSED || state == DELIVERY_EXPIRED ||
	       state == DELIVERY_BOUNCED;
}

bool delivery_state_next(enum delivery_state from, enum delivery_event event,
                         enum delivery_state *to)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]);
	     i++) {
		if (transitions[i].from == from &&
		    transitions[i].event == event) {
			*to = transitions[i].to;
			return true;
		}
	}
	return false;
}
