/*
 * log_place - a byte of one of the files that a log consists of
 *
 * The file is known again under whatever name it has now: by device and inode
 * if it was renamed, by its first bytes if it was copied or compressed.
 */
#ifndef TLSTALLY_INTAKE_LOG_PLACE_H
#define TLSTALLY_INTAKE_LOG_PLACE_H

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

/* Is it of that file?  The inode need not be the same. */
bool log_place_is_in(const struct log_place *place,
                     const struct log_input *input);

void log_place_encode(const struct log_place *place, struct strbuf *out);
int log_place_decode(const void *data, size_t len, struct log_place *place,
                     struct err *err);

#endif
