/* Lines of standard input: read once, with no place to go on from. */
#include "intake/log_source.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "intake/log_lines.h"
#include "intake/log_wake.h"

struct log_stream {
	struct log_source source; /* first: it is all that callers see */
	int fd;
	struct clock *clock;
	struct log_lines lines;
	struct log_clock log_clock;
	struct log_wake wake;
	uint64_t too_long; /* of the lines skipped those that were given */
	bool readable;     /* said log_wake_wait(); read(2) waits otherwise */
};

/* Another block: 1, 0 nothing just now, ERR_NOTFOUND at the end. */
static int more(struct log_stream *s, struct err *err)
{
	size_t size;
	char *room;
	ssize_t got;

	if (!s->readable && !log_wake_wait(&s->wake, s->fd, 0))
		return 0;
	s->readable = false;
	room = log_lines_room(&s->lines, &size);
	got = read(s->fd, room, size);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (got < 0)
		return err_errno(err, ERR_IO, "cannot read standard input");
	if (got == 0 && s->lines.ended)
		return ERR_NOTFOUND;
	if (got == 0)
		log_lines_end(&s->lines);
	log_lines_filled(&s->lines, (size_t)got);
	/* of whoever wrote the line, right or wrong */
	s->log_clock.now = s->clock->wall_ms(s->clock) / 1000;
	return 1;
}

/* As one that is not understood, without its text. */
static bool next_too_long(struct log_stream *s, struct log_line *line)
{
	static const char text[] = "(longer than 64 KiB)";

	if (s->too_long == s->lines.too_long)
		return false;
	s->too_long++;
	*line = (struct log_line){.kind = LOG_LINE_UNREAD,
	                          .message = {text, sizeof(text) - 1}};
	return true;
}

static int stream_next(struct log_source *self, struct log_line *line,
                       struct err *err)
{
	struct log_stream *s = (struct log_stream *)self;
	const char *text;
	size_t len;

	for (;;) {
		int rc;

		while (log_lines_next(&s->lines, &text, &len))
			if (maillog_line_split(text, len, &s->log_clock,
			                       line) ||
			    line->kind != LOG_LINE_NOTHING)
				return 1;
		if (next_too_long(s, line))
			return 1;
		rc = more(s, err);
		if (rc <= 0)
			return rc;
	}
}

static void stream_wait(struct log_source *self, int timeout_ms)
{
	struct log_stream *s = (struct log_stream *)self;

	s->readable = log_wake_wait(&s->wake, s->fd, timeout_ms);
}

static void stream_wake(struct log_source *self)
{
	log_wake_now(&((struct log_stream *)self)->wake);
}

static void stream_save(struct log_source *self, struct strbuf *position)
{
	(void)self;
	(void)position;
}

static int64_t stream_lag(struct log_source *self)
{
	(void)self;
	return -1;
}

static void stream_free(struct log_source **source)
{
	struct log_stream *s = (struct log_stream *)*source;

	if (s == NULL)
		return;
	log_lines_clear(&s->lines);
	log_wake_close(&s->wake);
	free(s);
	*source = NULL;
}

int log_stream_open(int fd, struct clock *clock, struct log_source **source,
                    struct err *err)
{
	struct log_stream *s = xcalloc(1, sizeof(*s));

	s->source = (struct log_source){stream_next, stream_wait, stream_wake,
	                                stream_save, stream_lag,  stream_free};
	s->fd = fd;
	s->clock = clock;
	log_lines_init(&s->lines);
	*source = &s->source;
	if (log_wake_open(&s->wake, err) == 0)
		return 0;
	stream_free(source);
	return ERR_IO;
}
