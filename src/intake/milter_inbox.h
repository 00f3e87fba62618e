/*
 * milter_inbox - reports of others that the milter sees on their way
 *
 * A copy of each message to [received] addresses waits in memory; a thread of
 * its own reads it (intake/received_take.h).  So neither mail nor the counts
 * wait for a report, however long it takes to read.  What was too large, or
 * came when too many were waiting, is delivered like all mail and not read,
 * which is told once a minute.
 */
#ifndef TLSTALLY_INTAKE_MILTER_INBOX_H
#define TLSTALLY_INTAKE_MILTER_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "inmail/milter_message.h"

enum {
	/* of all that is under way or waits; a buffer that grows has up to
	 * twice that */
	MILTER_INBOX_BYTES = 96 * 1024 * 1024,
	MILTER_INBOX_MAX = 1024,
};

/* Reads a message, in the inbox's thread.  ERR_BUSY: it shall come again. */
typedef int milter_report_fn(void *arg, const void *text, size_t len);

struct milter_inbox_options {
	milter_report_fn *read;
	void *arg;
	struct clock *clock;
};

struct milter_inbox;

int milter_inbox_start(struct milter_inbox **inbox,
                       const struct milter_inbox_options *options,
                       struct err *err);

/* For struct milter_site; the inbox's. */
struct milter_room *milter_inbox_room(struct milter_inbox *inbox);

/* The message was accepted: takes its text, and what it took of the room.
 * Waits for nothing. */
void milter_inbox_add(struct milter_inbox *inbox,
                      struct milter_message *message);

/* Reads what waits, for at most that long, and ends the thread; what comes
 * later is dropped, so libmilter's threads may go on.  How many were not read.
 */
size_t milter_inbox_stop(struct milter_inbox *inbox, int64_t deadline_ms);

/* Only once nobody else knows of it. */
void milter_inbox_free(struct milter_inbox **inbox);

#endif
