/*
 * progress - how far a long job is, on a terminal and nowhere else
 *
 *     [##########..........]  50%  5000 of 10000 reports
 *
 * One line of standard error, written again at most ten times a second and
 * wiped at the end.
 */
#ifndef TLSTALLY_DAEMON_PROGRESS_H
#define TLSTALLY_DAEMON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "reports"; lent */
	uint64_t done;
	uint64_t total; /* 0: not known */
	bool shown;
	int64_t next_ms;
};

/* Would anybody see it?  Finding out the total may cost something. */
bool progress_is_watched(void);

void progress_begin(struct progress *progress, const char *what,
                    uint64_t total);
void progress_add(struct progress *progress, uint64_t n);
void progress_end(struct progress *progress);

#endif
