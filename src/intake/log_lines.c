#include "intake/log_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { ROOM = LOG_BLOCK + LOG_LINE_MAX };

void log_lines_init(struct log_lines *lines)
{
	*lines = (struct log_lines){.buf = xmalloc(ROOM)};
}

void log_lines_clear(struct log_lines *lines)
{
	free(lines->buf);
	lines->buf = NULL;
}

void log_lines_reset(struct log_lines *lines)
{
	*lines = (struct log_lines){.buf = lines->buf,
	                            .too_long = lines->too_long};
}

/* Between two blocks no more than LOG_LINE_MAX bytes wait: what is longer is
 * being skipped. */
char *log_lines_room(struct log_lines *lines, size_t *room)
{
	size_t waiting = lines->end - lines->start;

	if (lines->skipping || waiting > LOG_LINE_MAX) {
		lines->skipping = true;
		lines->dropped += waiting;
		waiting = 0;
	}
	memmove(lines->buf, lines->buf + lines->start, waiting);
	lines->start = 0;
	lines->scanned = lines->end = waiting;
	*room = ROOM - waiting;
	return lines->buf + waiting;
}

void log_lines_filled(struct log_lines *lines, size_t len)
{
	lines->end += len;
}

static bool next_rest(struct log_lines *lines, const char **text, size_t *len)
{
	*text = lines->buf + lines->start;
	*len = lines->end - lines->start;
	if (!lines->ended || (*len == 0 && !lines->skipping))
		return false;
	if (*len > LOG_LINE_MAX || lines->skipping) {
		lines->start = lines->end;
		lines->skipping = false;
		lines->too_long++;
		return false;
	}
	lines->taken += *len;
	lines->start = lines->end;
	return true;
}

bool log_lines_next(struct log_lines *lines, const char **text, size_t *len)
{
	for (;;) {
		const char *newline = memchr(lines->buf + lines->scanned, '\n',
		                             lines->end - lines->scanned);
		bool skip;

		if (newline == NULL) {
			lines->scanned = lines->end;
			return next_rest(lines, text, len);
		}
		*text = lines->buf + lines->start;
		*len = (size_t)(newline - *text);
		skip = lines->skipping || *len > LOG_LINE_MAX;
		lines->start += *len + 1;
		lines->scanned = lines->start;
		lines->taken += lines->dropped + *len + 1;
		lines->dropped = 0;
		lines->skipping = false;
		if (!skip)
			return true;
		lines->too_long++;
	}
}

void log_lines_end(struct log_lines *lines)
{
	lines->ended = true;
}
