/*
 * log_source - where lines of the mail log come from
 *
 * The journal, a file that is rotated under our feet, or standard input
 * behind one struct of functions.  A position is an opaque blob that the same
 * kind of source understands after a restart.
 */
#ifndef TLSTALLY_INTAKE_LOG_SOURCE_H
#define TLSTALLY_INTAKE_LOG_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "model/maillog.h"

struct log_source {
	/* The next line, lent until the next call: 1, 0 when there is none
	 * just now, ERR_NOTFOUND at the end of what ends, or a class. */
	int (*next)(struct log_source *self, struct log_line *line,
	            struct err *err);
	/* Waits for more, at most so long. */
	void (*wait)(struct log_source *self, int timeout_ms);
	/* Wakes wait() from another thread. */
	void (*wake)(struct log_source *self);
	/* The position after the last line that next() gave. */
	void (*save)(struct log_source *self, struct strbuf *position);
	/* How many bytes are known to wait; -1: not known. */
	int64_t (*lag)(struct log_source *self);
	void (*free)(struct log_source **self);
};

/*
 * A file: followed by name.  Rotation by rename: the old file is read to its
 * end, then the new one from its beginning.  By copytruncate: the copy is
 * found among its siblings by the fingerprint of its first bytes and drained.
 * Compressed siblings are read with from_start.  position NULL: from the
 * file's end, or from the oldest sibling when from_start.
 */
struct log_file_options {
	const char *path;
	const void *position;
	size_t position_len;
	bool from_start;
	bool once; /* end at the end */
	int64_t now;
};
int log_file_open(const struct log_file_options *options,
                  struct log_source **source, struct err *err);

/* The journal: messages of syslog identifiers that begin with "postfix". */
int log_journal_open(const void *position, size_t position_len, bool from_start,
                     bool once, struct log_source **source, struct err *err);

/* Lines on a descriptor (standard input); no position. */
int log_stream_open(int fd, int64_t now, struct log_source **source,
                    struct err *err);

#endif
