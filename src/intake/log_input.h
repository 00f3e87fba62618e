/*
 * log_input - one file of a log, plain or compressed, open for reading
 *
 * A file is known again by its device and inode, and by its first bytes: these
 * it takes along when it is copied or compressed.
 */
#ifndef TLSTALLY_INTAKE_LOG_INPUT_H
#define TLSTALLY_INTAKE_LOG_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <zlib.h>

#include "base/err.h"

enum { LOG_HEAD = 1024 };

struct log_input {
	char *path; /* when it was opened */
	int fd;
	gzFile gz; /* NULL for a plain file */
	dev_t dev;
	ino_t ino;
	struct timespec mtime; /* when it was opened */
	uint64_t size;         /* of the file, then */
	uint64_t at;           /* of the content: the next byte to read */
	size_t head_len;
	char head[LOG_HEAD];
};

/* ERR_NOTFOUND when there is none, or none any more. */
int log_input_open(struct log_input **input, const char *path, struct err *err);
void log_input_close(struct log_input **input);

/* Goes on at an offset of the content. */
int log_input_skip(struct log_input *input, uint64_t offset, struct err *err);

/* How many bytes were read, 0 at the end, or ERR_IO; ERR_PARSE when what is
 * compressed is damaged. */
ssize_t log_input_read(struct log_input *input, void *buf, size_t room,
                       struct err *err);

/*
 * Is this still the content that was read so far?  False when somebody
 * truncated the file, even if it has grown again since.  Looks at the first
 * bytes; what there is more of them now is kept, as far as it was read.
 */
bool log_input_is_same(struct log_input *input);

/* Are there bytes enough to tell it from others, a line of them?  Half a line,
 * "Nov 2", begins many a log. */
bool log_input_is_known(const struct log_input *input);

/* Bytes on disk that were not read. */
int64_t log_input_left(const struct log_input *input);

/* When it was last written to. */
struct timespec log_input_written_at(const struct log_input *input);

#endif
