/*
 * jmap_push - what is told of changes (RFC 8620 sections 7.1 and 7.3)
 *
 *     event: state
 *     id: 1f3a9c04-17.3.0.99.2
 *     data: {"@type":"StateChange","changed":{"tally":{
 *            "x:TlsInternalReport":"1f3a9c04-17"}}}
 *
 * The states of all types are read together; who listens is told those that he
 * asked for and may get.  The id is of all of them: a client that lost the
 * connection shows it, and hears at once whether it has missed something.
 */
#ifndef TLSTALLY_JMAP_JMAP_PUSH_H
#define TLSTALLY_JMAP_JMAP_PUSH_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "jmap/jmap_type.h"

enum { JMAP_PUSH_TYPES = 16, JMAP_PUSH_ID = 24 * JMAP_PUSH_TYPES };

struct jmap_states {
	char of[JMAP_PUSH_TYPES][JMAP_STATE_TEXT]; /* in the order of types */
};

int jmap_push_read(struct db *db, struct jmap_states *states, struct err *err);

/* A bit for each type of "*" or "x:TlsInternalReport,tally:Domain" that these
 * permissions may get; names that are unknown are passed over. */
unsigned jmap_push_types(const char *types, unsigned permissions);

/* The types of those whose states differ. */
unsigned jmap_push_changed(const struct jmap_states *before,
                           const struct jmap_states *now);

const char *jmap_push_id(const struct jmap_states *states,
                         char id[JMAP_PUSH_ID]);

/* The event of these types. */
void jmap_push_event(const struct jmap_states *states, unsigned types,
                     struct strbuf *out);

#endif
