/*
 * log_state_table - where the log was read to
 *
 * tlstally-logd commits three things in one transaction: the position in the
 * log, the tracker's open state, and the sessions counted since; so a daemon
 * that is killed at any moment goes on as if nothing had been.
 */
#ifndef TLSTALLY_STORE_LOG_STATE_TABLE_H
#define TLSTALLY_STORE_LOG_STATE_TABLE_H

#include <stddef.h>

#include "base/arena.h"
#include "store/db.h"

/* The state of a source ("journal", "file:/var/log/mail.log"): two opaque
 * blobs.  1 and copies in the arena, or 0. */
struct log_state {
	const void *position;
	size_t position_len;
	const void *tracker;
	size_t tracker_len;
};
int log_state_get(struct db_txn *txn, const char *source, struct arena *arena,
                  struct log_state *state);
void log_state_put(struct db_txn *txn, const char *source,
                   const struct log_state *state);

#endif
