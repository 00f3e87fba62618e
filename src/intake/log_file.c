/*
 * A log that is a file, followed through rotation by rename and by
 * copytruncate, and through what became of it while nobody read.
 */
#include "intake/log_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "intake/log_lines.h"
#include "intake/log_place.h"
#include "intake/log_rotate.h"
#include "intake/log_wake.h"

/*
 * Of the queue the first is being read.  The last is the file itself, and at
 * its end its name tells what happened: another file stands there (rotation
 * by rename), it is shorter or begins otherwise than before (copytruncate).
 */
struct log_file {
	struct log_source source; /* first: it is all that callers see */
	char *path;
	bool once;
	struct log_queue queue;
	struct log_lines lines; /* of the first of the queue */
	uint64_t base;          /* where in it the lines begin */
	struct log_clock clock;
	bool leaving;           /* the name has moved on, this is the rest */
	bool scanned;           /* nothing was read since requeue() */
	struct log_place place; /* of the last line before the queue's first */
	bool has_place;
	int64_t last_time;     /* secs, of the last line */
	struct timespec since; /* what was written before was read */
	const char *loss;      /* the words when the place cannot be found */
	int64_t skip_until;    /* secs: older lines of siblings were read */
	bool said_too_long;
	struct log_wake wake;
	int inotify; /* -1: none */
};

static const char gone[] =
	"the place where reading stopped is gone; lines may be lost";
static const char emptied[] = "the file was truncated, and no copy of it was "
			      "found; lines may be lost";

static struct log_input *current(const struct log_file *f)
{
	return f->queue.count > 0 ? f->queue.inputs[0] : NULL;
}

static bool is_sibling(const struct log_file *f)
{
	return strcmp(current(f)->path, f->path) != 0;
}

static void begin_input(struct log_file *f)
{
	log_lines_reset(&f->lines);
	f->clock = (struct log_clock){0};
	f->leaving = false;
	if (current(f) != NULL)
		f->base = current(f)->at;
}

/* Keeps the place of the last line.  As long as a file has given none, the
 * end of the one before is the better place: it is known by its bytes. */
static void keep_place(struct log_file *f)
{
	const struct log_input *input = current(f);
	uint64_t offset = f->base + f->lines.taken;

	if (input == NULL || (offset == 0 && f->has_place))
		return;
	f->place = log_place_of(input, offset);
	f->place.time = f->last_time;
	f->has_place = true;
}

static void drop_queue(struct log_file *f)
{
	log_rotate_queue_clear(&f->queue);
	begin_input(f);
}

/* Looks for all that is to be read from the place on. */
static int requeue(struct log_file *f, struct err *err)
{
	int found;

	drop_queue(f);
	found = log_rotate_from(f->path, &f->place, f->since, &f->queue, err);
	if (found < 0)
		return found;
	if (found == 1 &&
	    log_input_skip(current(f), f->place.offset, err) < 0) {
		drop_queue(f);
		return err->class;
	}
	f->skip_until = 0;
	if (found == 0 && f->loss != NULL &&
	    !log_place_is_before_all(&f->place)) {
		log_warning("%s: %s", f->path, f->loss);
		if (f->queue.unreadable[0] != '\0')
			log_warning("%s", f->queue.unreadable);
		f->skip_until = f->place.time;
	}
	f->loss = NULL;
	f->scanned = true;
	begin_input(f);
	return current(f) != NULL;
}

/* To the next of the queue; after the last, whatever has come since.  Before
 * the file itself the queue is made anew: while we read its siblings, the file
 * may have become one, and of a file that nothing was read of nobody would
 * notice. */
static int leave(struct log_file *f, struct err *err)
{
	struct timespec written = log_input_written_at(current(f));

	if (!f->lines.ended) {
		log_lines_end(&f->lines);
		return 1;
	}
	keep_place(f);
	/* All of it was written until then.  A file that is older than those
	 * before it, put in the log's place by hand, does not make them new
	 * again. */
	if (log_rotate_compare_times(written, f->since) > 0)
		f->since = written;
	if (f->queue.count == 1 || (f->queue.count == 2 && !f->scanned))
		return requeue(f, err);
	log_rotate_queue_drop_first(&f->queue, 1);
	begin_input(f);
	return 1;
}

static int truncated(struct log_file *f, struct err *err)
{
	keep_place(f);
	f->since = (struct timespec){.tv_sec = f->place.time};
	f->loss = emptied;
	return requeue(f, err);
}

static int nothing_more(const struct log_file *f)
{
	return f->once ? ERR_NOTFOUND : 0;
}

/*
 * The writer has not begun the file yet, and may still write to the one we are
 * at the end of.  Or it has, and all of it was rotated away before we looked:
 * then there is a new name.
 */
static int before_empty_file(struct log_file *f, struct err *err)
{
	if (log_rotate_names(f->path) == f->queue.names)
		return nothing_more(f);
	keep_place(f);
	return requeue(f, err);
}

/* At the end of the last but one of the queue, or of the last. */
static int at_end(struct log_file *f, struct err *err)
{
	struct log_input *input = current(f);
	struct stat st;
	bool is_file;

	if (stat(f->path, &st) < 0) {
		if (errno != ENOENT)
			return err_errno(err, ERR_IO, "%s", f->path);
		return f->queue.count > 1 ? leave(f, err) : nothing_more(f);
	}
	is_file = st.st_dev == input->dev && st.st_ino == input->ino;
	if (is_file &&
	    ((uint64_t)st.st_size < input->at || !log_input_is_same(input)))
		return truncated(f, err);
	if (st.st_size == 0)
		return before_empty_file(f, err);
	if (is_file)
		return nothing_more(f);
	if (f->leaving)
		return leave(f, err);
	/* what came until the writer went on to the new file */
	f->leaving = true;
	return 1;
}

static ssize_t fill(struct log_file *f, struct err *err)
{
	size_t size;
	char *room = log_lines_room(&f->lines, &size);
	ssize_t got = log_input_read(current(f), room, size, err);

	if (got == ERR_PARSE) {
		log_warning("%s; the rest of the file is not counted",
		            err->text);
		return 0;
	}
	return got;
}

static int again(struct log_file *f, struct err *err)
{
	f->base = 0;
	keep_place(f);
	return requeue(f, err);
}

/* Another block: 1, 0 nothing just now, ERR_NOTFOUND at the end. */
static int more(struct log_file *f, struct err *err)
{
	ssize_t got;

	if (current(f) == NULL) {
		int rc = requeue(f, err);

		return rc == 0 ? nothing_more(f) : rc;
	}
	got = fill(f, err);
	if (got < 0)
		return (int)got;
	if (got == 0)
		return f->queue.count > 2 ? leave(f, err) : at_end(f, err);
	f->scanned = false;
	/* It has grown since it was opened, and then it had not one whole line
	 * to be known by: nothing tells whether these are the bytes that
	 * follow, or those after another rotation. */
	if (current(f)->gz == NULL && current(f)->at > current(f)->head_len &&
	    !log_input_is_known(current(f)))
		return again(f, err);
	/* only now: what was read and is not the old file is thrown away */
	if (!log_input_is_same(current(f)))
		return truncated(f, err);
	log_lines_filled(&f->lines, (size_t)got);
	f->clock.now = log_input_written_at(current(f)).tv_sec;
	return 1;
}

static void say_too_long(struct log_file *f)
{
	if (f->lines.too_long == 0 || f->said_too_long)
		return;
	f->said_too_long = true;
	log_warning("%s: skipping lines that are longer than %d KiB; this is "
	            "logged only once",
	            f->path, LOG_LINE_MAX / 1024);
}

static bool take_line(struct log_file *f, const char *text, size_t len,
                      struct log_line *line)
{
	if (!maillog_line_split(text, len, &f->clock, line))
		return line->kind != LOG_LINE_NOTHING &&
		       (f->skip_until == 0 || !is_sibling(f));
	if (f->skip_until != 0 && line->time <= f->skip_until && is_sibling(f))
		return false;
	/* one by a clock that is wrong does not tell how far we are */
	if (line->time <= f->clock.now + DAY_SECS)
		f->last_time = line->time;
	return true;
}

static int file_next(struct log_source *self, struct log_line *line,
                     struct err *err)
{
	struct log_file *f = (struct log_file *)self;
	const char *text;
	size_t len;

	for (;;) {
		int rc;

		while (log_lines_next(&f->lines, &text, &len))
			if (take_line(f, text, len, line))
				return 1;
		say_too_long(f);
		rc = more(f, err);
		if (rc <= 0)
			return rc;
	}
}

/* Events of other files in the directory wake us, too: a read that finds
 * nothing costs less than telling them apart. */
static void file_wait(struct log_source *self, int timeout_ms)
{
	struct log_file *f = (struct log_file *)self;
	char events[4096];

	if (f->inotify < 0 && timeout_ms > 1000)
		timeout_ms = 1000;
	log_wake_wait(&f->wake, f->inotify, timeout_ms);
	while (f->inotify >= 0 && read(f->inotify, events, sizeof(events)) > 0)
		;
}

static void file_wake(struct log_source *self)
{
	log_wake_now(&((struct log_file *)self)->wake);
}

static void file_save(struct log_source *self, struct strbuf *position)
{
	struct log_file *f = (struct log_file *)self;

	keep_place(f);
	if (f->has_place)
		log_place_encode(&f->place, position);
}

static int64_t file_lag(struct log_source *self)
{
	const struct log_file *f = (const struct log_file *)self;
	int64_t left = 0;

	for (size_t i = 0; i < f->queue.count; i++)
		left += log_input_left(f->queue.inputs[i]);
	return left;
}

static void file_free(struct log_source **source)
{
	struct log_file *f = (struct log_file *)*source;

	if (f == NULL)
		return;
	log_rotate_queue_clear(&f->queue);
	log_lines_clear(&f->lines);
	log_wake_close(&f->wake);
	if (f->inotify >= 0)
		close(f->inotify);
	free(f->path);
	free(f);
	*source = NULL;
}

static int watch_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_(xfree_str) char *directory =
		slash == NULL ? xstrdup(".")
			      : xstrndup(path, (size_t)(slash + 1 - path));
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 &&
	    inotify_add_watch(fd, directory,
	                      IN_MODIFY | IN_CREATE | IN_MOVED_TO |
	                              IN_MOVED_FROM | IN_DELETE) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int skip_to_end(struct log_input *input, struct err *err)
{
	char block[64 * 1024];
	ssize_t got;

	if (input->gz == NULL)
		return log_input_skip(input, input->size, err);
	while ((got = log_input_read(input, block, sizeof(block), err)) > 0)
		;
	return got == ERR_PARSE ? 0 : (int)got;
}

/* The end of an empty file is that of the one before it, whose bytes tell it
 * from others. */
static int open_at_end(struct log_file *f, struct err *err)
{
	size_t last;

	if (log_rotate_all(f->path, &f->queue, err) < 0)
		return err->class;
	if (f->queue.count == 0 ||
	    strcmp(f->queue.inputs[f->queue.count - 1]->path, f->path) != 0)
		return err_set(err, ERR_NOTFOUND, "there is no %s", f->path);
	last = f->queue.count - 1;
	while (last > 0 && f->queue.inputs[last]->head_len == 0)
		last--;
	log_rotate_queue_drop_first(&f->queue, last);
	return skip_to_end(current(f), err);
}

static int open_from_start(struct log_file *f, struct err *err)
{
	if (log_rotate_all(f->path, &f->queue, err) < 0)
		return err->class;
	if (f->queue.unreadable[0] != '\0')
		log_warning("%s: the lines of this file are not counted",
		            f->queue.unreadable);
	if (f->queue.count == 0)
		return err_set(err, ERR_NOTFOUND,
		               "there is no %s and no rotated copy of it",
		               f->path);
	return 0;
}

static int open_at(struct log_file *f, const struct log_file_options *options,
                   struct err *err)
{
	if (log_place_decode(options->position, options->position_len,
	                     &f->place, err) < 0)
		return err_prefix(err, "%s", f->path);
	f->has_place = true;
	f->last_time = f->place.time;
	f->since = (struct timespec){.tv_sec = f->place.time};
	f->loss = gone;
	return requeue(f, err) < 0 ? err->class : 0;
}

int log_file_open(const struct log_file_options *options,
                  struct log_source **source, struct err *err)
{
	struct log_file *f = xcalloc(1, sizeof(*f));
	int rc;

	f->source = (struct log_source){file_next, file_wait, file_wake,
	                                file_save, file_lag,  file_free};
	f->path = xstrdup(options->path);
	f->once = options->once;
	f->inotify = watch_directory(f->path);
	log_lines_init(&f->lines);
	rc = log_wake_open(&f->wake, err);
	if (rc == 0 && options->position != NULL)
		rc = open_at(f, options, err);
	else if (rc == 0 && options->from_start)
		rc = open_from_start(f, err);
	else if (rc == 0)
		rc = open_at_end(f, err);
	begin_input(f);
	*source = &f->source;
	if (rc < 0)
		file_free(source);
	return rc < 0 ? rc : 0;
}
