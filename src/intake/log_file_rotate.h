/*
 * log_file_rotate - which files a rotated log consists of, and where we were
 *
 *     mail.log.2.gz   mail.log.1   mail.log        rename, or copytruncate
 *     mail.log-20260301.gz         mail.log        dateext
 *
 * A place is a byte of one of them.  The file is known again under whatever
 * name it has now: by device and inode if it was renamed, by its first bytes
 * if it was copied or compressed.  A queue is what is to be read from a place
 * on: the rest of that file, all younger ones, and the file itself at the end.
 * All of them are open, so that a rotation on the way takes none away.
 */
#ifndef TLSTALLY_INTAKE_LOG_FILE_ROTATE_H
#define TLSTALLY_INTAKE_LOG_FILE_ROTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "intake/log_input.h"

struct log_place {
	uint64_t dev;
	uint64_t ino;
	uint64_t offset;     /* of the content */
	uint32_t head_len;   /* bytes of it that are hashed, at most offset */
	struct hash128 head; /* the first bytes of the file */
	int64_t time;        /* secs, of the last line before; 0: none */
};

/* The place of what was read of the input up to the offset. */
struct log_place log_place_of(const struct log_input *input, uint64_t offset);

/*
 * The place in a log that had not begun yet: an empty file, and no older one
 * with a line.  No bytes tell it from others; all that is there now has come
 * since.
 */
bool log_place_is_before_all(const struct log_place *place);

void log_place_encode(const struct log_place *place, struct strbuf *out);
int log_place_decode(const void *data, size_t len, struct log_place *place,
                     struct err *err);

struct log_queue {
	struct log_input **inputs; /* oldest first, each at its beginning */
	size_t count;
	uint64_t names;       /* log_rotate_names() then */
	char unreadable[256]; /* the words for one that cannot be opened, "" */
};
void log_queue_clear(struct log_queue *queue);
void log_queue_drop_first(struct log_queue *queue, size_t count);

/* All files of the log. */
int log_rotate_all(const char *path, struct log_queue *queue, struct err *err);

/*
 * What is to be read from a place on.  1 when the place was found: the first
 * of the queue is its file.  0 when it is gone: then all files that were
 * written to after `since`, and the file itself.  0 and all files when the
 * place is before all.
 */
int log_rotate_from(const char *path, const struct log_place *place,
                    struct timespec since, struct log_queue *queue,
                    struct err *err);

/* One number for the names of the rotated files and what stands under them. */
uint64_t log_rotate_names(const char *path);

/* Below 0, 0, above 0. */
int log_times_compare(struct timespec a, struct timespec b);

#endif
