/*
 * collector - sessions in, counters in the store
 *
 *     collector_begin()
 *       collector_prepare()        once a batch of datagrams
 *       collector_recall() or      each of them
 *       collector_learn()
 *     collector_end()
 *
 * Two sides, of which the committer (intake/committer.h) takes the one that was
 * filled.  A side that is half way to its soft bound (session/tally.h) is
 * committed at once, whatever the interval.  When both sides are at their
 * bounds, because more new domains come than the disk takes, sessions count on
 * without their domain.
 *
 * The day of a session is the day it was received: a datagram carries no time.
 */
#ifndef TLSTALLY_INTAKE_COLLECTOR_H
#define TLSTALLY_INTAKE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "intake/committer.h"
#include "intake/memo.h"
#include "session/datagram.h"
#include "session/session.h"
#include "session/tally.h"
#include "store/db.h"

struct collector_options {
	struct committer_options committer; /* but `work` and `arg` */
	struct tally_limits limits;
	/* At the end what was committed is left in the journal of counts: who
	 * applied it would read no socket meanwhile, and a restart would lose
	 * events.  Whoever comes next applies it. */
	bool leaves_journal;
};

struct collector;

struct collector *collector_new(const struct collector_options *options);

/* As of its committer. */
int collector_start(struct collector *collector, struct err *err);
int collector_stop(struct collector *collector, struct err *err);
struct committer_state collector_state(struct collector *collector);
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

void collector_bad(struct collector *collector, enum bad_input kind);

#endif
