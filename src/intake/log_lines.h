/*
 * log_lines - blocks of bytes become lines
 *
 *     while (!log_lines_next(&lines, &text, &len)) {
 *             char *room = log_lines_room(&lines, &size);
 *             log_lines_filled(&lines, read(fd, room, size));
 *     }
 *
 * A line is given when its newline has come, and lent until the next call; what
 * is not a whole line yet waits.  One that is longer than LOG_LINE_MAX is
 * skipped to its end and counted: Postfix writes none.
 */
#ifndef TLSTALLY_INTAKE_LOG_LINES_H
#define TLSTALLY_INTAKE_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_LINE_MAX = 64 * 1024, LOG_BLOCK = 256 * 1024 };

struct log_lines {
	char *buf;
	size_t start;   /* of the first byte that was not given */
	size_t scanned; /* no newline between start and here */
	size_t end;
	bool skipping;
	bool ended;
	/* Bytes of what is being skipped that left the buffer already. */
	uint64_t dropped;
	/* Bytes of the lines given and skipped, newlines included, since the
	 * last reset: where to read again after a restart. */
	uint64_t taken;
	uint64_t too_long; /* lines skipped; reset leaves it */
};

void log_lines_init(struct log_lines *lines);
void log_lines_clear(struct log_lines *lines);

/* Forgets what waits: another file comes. */
void log_lines_reset(struct log_lines *lines);

/* Where to put the next block, and how much fits: at least LOG_BLOCK. */
char *log_lines_room(struct log_lines *lines, size_t *room);
void log_lines_filled(struct log_lines *lines, size_t len);

bool log_lines_next(struct log_lines *lines, const char **text, size_t *len);

/* No more will come: what waits is a line as it is. */
void log_lines_end(struct log_lines *lines);

#endif
