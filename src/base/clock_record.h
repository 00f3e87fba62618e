/*
 * clock_record - is the time of day to be believed?
 *
 * A dead battery, a wrong NTP server or a slip of the hand set the clock a
 * year ahead.  Whoever then closes days and deletes what is old does what
 * cannot be undone.  But since the host was started its boot clock has gone
 * on, and nobody can set that: as long as the wall clock has moved with it,
 * within CLOCK_BOUND_SECS, nobody has set the wall clock either.
 *
 * So a record is kept of both clocks when they last agreed.  When they do not
 * any more, the time is doubted.  What it was before, and the boot clock, tell
 * the time meanwhile (clock_record_ms).  The doubt is over
 *
 *     when the wall clock is back at that time,
 *     when both have agreed on the new time for CLOCK_SETTLE_SECS,
 *     for CLOCK_SYNCHRONISED_SECS when the kernel says that the clock is
 *     synchronised (who sets it by hand or by a step takes that away, who
 *     disciplines it by NTP gives it), or
 *     when the operator says so (clock_record_accept).
 *
 * The second but one is why a hypervisor's pause, after which NTP sets the
 * clock ahead by hours, holds nobody up for long, and why a wrong server for
 * a minute does no harm.
 *
 * The boot clock begins anew when the host is started.  How long it was off
 * nobody knows: a wall clock up to CLOCK_OFF_SECS ahead of the last agreement
 * is believed.  One that went back (a board without a battery begins at 1970)
 * is not, until NTP has set it.
 *
 * Pure: who looks at the clocks is somebody else.
 */
#ifndef TLSTALLY_BASE_CLOCK_RECORD_H
#define TLSTALLY_BASE_CLOCK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CLOCK_SETTLE_SECS = 3600,
	CLOCK_SYNCHRONISED_SECS = 600,
	CLOCK_OFF_SECS = 7 * 24 * 3600,
	CLOCK_VOUCHED_SECS = 24 * 3600,
};

enum { BOOT_ID_TEXT = 37, CLOCK_WORDS = 256 };

/* The host's clocks at one moment. */
struct clock_look {
	char boot[BOOT_ID_TEXT]; /* another one each time the host is started */
	int64_t wall_ms;         /* since 1970, UTC */
	int64_t boot_ms;         /* since the host was started */
	bool synchronised;       /* says the kernel */
};

struct clock_record {
	/* the last agreement; boot is "" before the first one */
	char boot[BOOT_ID_TEXT];
	int64_t wall_ms, boot_ms;
	bool carried; /* from before this boot: by then an unknown time passed
	               */
	/* for that time, by the kernel, by the operator, or because both have
	 * agreed for CLOCK_VOUCHED_SECS since it was first believed */
	bool vouched;
	int64_t since_ms; /* by the boot clock */
	/* the time that is doubted, when it was first seen */
	bool doubted;
	int64_t doubt_wall_ms, doubt_boot_ms;
};

/* Takes note of what the clocks show; true when the time is to be doubted. */
bool clock_record_look(struct clock_record *record,
                       const struct clock_look *look);

/* What the clocks show is right, says the operator. */
void clock_record_accept(struct clock_record *record,
                         const struct clock_look *look);

/* By the last agreement, what time it is when the boot clock shows that. */
int64_t clock_record_ms(const struct clock_record *record, int64_t boot_ms);

/* "the clock has jumped ahead by 365 days, to 2027-03-01T10:00:00Z"; "" when
 * nothing is doubted.  Returns words. */
const char *clock_record_words(const struct clock_record *record,
                               char words[CLOCK_WORDS]);

#endif
