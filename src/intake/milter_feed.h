/*
 * milter_feed - messages in, counters in the store
 *
 * libmilter's threads add up in memory; the committer (intake/committer.h)
 * writes it down, and its thread then reads the bounces, which wait in a
 * bounded queue (intake/milter_bounces.h); what does not fit is dropped and
 * told.
 *
 * The day of a message is the day of its end, UTC.  A remote domain that comes
 * for the first time on a day goes to the list of wanted policies.
 */
#ifndef TLSTALLY_INTAKE_MILTER_FEED_H
#define TLSTALLY_INTAKE_MILTER_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "inmail/milter_message.h"
#include "intake/committer.h"
#include "store/db.h"

/* Reads what came to a token; in the committing thread.  ERR_BUSY: it shall
 * come again later. */
typedef int milter_bounce_fn(void *arg, const char *token, const void *text,
                             size_t len);

struct milter_feed_options {
	struct committer_options committer; /* but `work` and `arg` */
	milter_bounce_fn *bounce;           /* or NULL */
	void *bounce_arg;
};

struct milter_feed;

/* Starts the committing thread. */
int milter_feed_start(struct milter_feed **feed,
                      const struct milter_feed_options *options,
                      struct err *err);

/*
 * The message was accepted; its text is the feed's from then on when it may be
 * a bounce.  Waits for nothing, with one exception: the queue id ({i}, or NULL)
 * of a message with "TLS-Required: No" is committed first, for at most
 * MILTER_HURRY_MS, since its delivery can be in the log a moment later.
 */
enum { MILTER_HURRY_MS = 2000 };
void milter_feed_take(struct milter_feed *feed, struct milter_message *message,
                      const char *queue_id);

/* A session that was let through unread, because there were too many. */
void milter_feed_unread(struct milter_feed *feed);

struct committer_state milter_feed_state(struct milter_feed *feed);

/* Commits and ends the thread.  From then on milter_feed_take() does nothing,
 * so libmilter's threads may go on.  ERR_IO when the store took the last
 * counters no more. */
int milter_feed_stop(struct milter_feed *feed, struct err *err);

/* Only once nobody else knows of it. */
void milter_feed_free(struct milter_feed **feed);

#endif
