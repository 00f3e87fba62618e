/*
 * collector - sessions in, counters in the store
 *
 *     receiving thread                      committing thread
 *     collector_begin()                     every commit_interval:
 *       collector_prepare()                   take the filled side away
 *       collector_recall() or                 one transaction (or a few)
 *       collector_learn()
 *     collector_end()                         the other side next time
 *
 * There are two sides.  The receiving thread adds to one; the committing
 * thread swaps them under a lock that nobody ever holds while it waits for a
 * disk, and writes the other.  A commit that fails keeps its side and is
 * tried again; meanwhile the first side goes on filling, up to a bound
 * (session/tally.h).  The log says so once, and once again when it works.
 *
 * A side that is half way to its soft bound is committed at once, whatever the
 * interval.  When both sides are at their bounds, because more new domains come
 * than the disk takes, sessions count on without their domain.
 *
 * Each commit also moves the feed's watermark: all that was received before
 * it is in the store.  The day of a session is the day it was received: a
 * datagram carries no time.
 */
#ifndef TLSTALLY_INTAKE_COLLECTOR_H
#define TLSTALLY_INTAKE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "intake/memo.h"
#include "session/datagram.h"
#include "session/session.h"
#include "session/tally.h"
#include "store/db.h"

struct collector_options {
	const char *feed; /* its name in feed_table, "events" */
	struct clock *clock;
	int64_t commit_interval_ms;
	struct tally_limits limits;
};

/* What has happened since the start; a copy. */
struct collector_state {
	uint64_t events;
	uint64_t bad;
	uint64_t without_domain; /* sessions, at the memory bound */
	uint64_t commits;
	bool commit_fails; /* the last one did */
	/* when the committing thread last went round, monotonic */
	int64_t progress_ms;
};

struct collector;

struct collector *collector_new(struct db *db,
                                const struct collector_options *options);

/* Starts the committing thread. */
int collector_start(struct collector *collector, struct err *err);

/* Commits what is there, ends the thread.  ERR_BUSY or ERR_IO with the number
 * of sessions lost when the store takes them no more. */
int collector_stop(struct collector *collector, struct err *err);
void collector_free(struct collector **collector);

/* Bracket a batch of datagrams; between the two nothing waits. */
void collector_begin(struct collector *collector);
void collector_end(struct collector *collector);

/* Once a batch: hashes its datagrams. */
void collector_prepare(struct collector *collector, struct memo_event *events,
                       size_t count);

/* Counts a datagram that came before; false when it is not known. */
bool collector_recall(struct collector *collector,
                      const struct memo_event *event);

/* Counts a datagram that was decoded. */
void collector_learn(struct collector *collector,
                     const struct memo_event *event,
                     const struct session *session);

/* Counts a session without bytes to remember it by. */
void collector_count(struct collector *collector,
                     const struct session *session);

void collector_bad(struct collector *collector, enum bad_input kind);

struct collector_state collector_state(struct collector *collector);

#endif
