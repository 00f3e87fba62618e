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

#include "words/words.h"

/* No more will happen by itself. */
bool delivery_state_is_final(enum delivery_state state);

/* False when the event cannot happen in that state. */
bool delivery_state_next(enum delivery_state from, enum delivery_event event,
                         enum delivery_state *to);

#endif
