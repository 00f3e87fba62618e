/*
 * doubt - an address that was refused, but not beyond doubt
 *
 * "550 5.2.1 disabled" is said of dead mailboxes and of busy ones.  The address
 * is dead when reports of three days within 30 were refused alike and no report
 * was accepted in between:
 *
 *     Mon  refused 5.2.1              1 day
 *     Tue  refused 5.2.1              2 days
 *     Wed  accepted                   it lives: what was is forgotten
 *     Thu  refused 5.2.1              1 day
 *
 * Reports leave through our own mail server, which accepts them all; the
 * refusal comes later, as a bounce.  So what was accepted and came back counts
 * as refused.  Days are those of the reports.
 */
#ifndef TLSTALLY_REPLY_DOUBT_H
#define TLSTALLY_REPLY_DOUBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DOUBT_DAYS = 30, DOUBT_ENOUGH = 3 };

struct doubt_day {
	int32_t day;
	uint32_t code;     /* of the refusal; 0: none was refused */
	uint32_t accepted; /* reports that were and did not come back */
};

/* Days in order, the last one DOUBT_DAYS after the first at most; zeros: none
 * yet. */
struct doubt {
	size_t count;
	struct doubt_day days[DOUBT_DAYS];
};

/* What makes refusals alike: the enhanced code; never 0. */
uint32_t doubt_code(int subject, int detail);

/* A report of that day was refused; true when the address is dead by now. */
bool doubt_refused(struct doubt *doubt, int32_t day, uint32_t code);

void doubt_accepted(struct doubt *doubt, int32_t day);

/* One that was accepted came back, whatever for. */
void doubt_came_back(struct doubt *doubt, int32_t day);

#endif
