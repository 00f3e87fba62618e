/*
 * log_source - where lines of the mail log come from
 *
 * The journal, a file that is rotated under our feet, or standard input
 * behind one struct of functions.  A position is an opaque blob that the same
 * kind of source understands after a restart.
 */
#ifndef TLSTALLY_INTAKE_LOG_SOURCE_H
#define TLSTALLY_INTAKE_LOG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "maillog/maillog.h"

struct log_source {
	/* The next line, lent until the next call; also one that was not
	 * understood, or is not Postfix's: 1, 0 when there is none
	 * just now, ERR_NOTFOUND at the end of what ends, or a class. */
	int (*next)(struct log_source *self, struct log_line *line,
	            struct err *err);
	/* Waits for more, at most so long. */
	void (*wait)(struct log_source *self, int timeout_ms);
	/* Wakes wait() from another thread. */
	void (*wake)(struct log_source *self);
	/* The position after the last line that next() gave. */
	void (*save)(struct log_source *self, struct strbuf *position);
	/* How many bytes of what there is were not read; -1: not known. */
	int64_t (*lag)(struct log_source *self);
	void (*free)(struct log_source **self);
};

/*
 * A file, followed by name.  Rotation by rename: the old file is read to its
 * end, then the new one from its beginning.  By copytruncate: the copy is
 * found among its siblings by its first bytes and drained.  After a time in
 * which nobody read, all that was written since is read in its order, from
 * compressed files too.
 */
struct log_file_options {
	const char *path;
	const void *position; /* NULL: from the file's end... */
	size_t position_len;
	bool from_start; /* ... or from the oldest sibling's beginning */
	bool once;       /* end at the end */
};
int log_file_open(const struct log_file_options *options,
                  struct log_source **source, struct err *err);

/*
 * The journal: what syslog identifiers like "postfix/smtp" have said, to the
 * mail facility or to another.  Every user can say anything there, but the
 * journal knows who it was: lines of users who are not listed are given as
 * LOG_LINE_FOREIGN.  Without libsystemd ERR_NOTFOUND in words.
 */
struct log_journal_options {
	const char *directory; /* NULL or "": this host's */
	const void *position;  /* NULL: from now on... */
	size_t position_len;
	bool from_start; /* ... or from the oldest entry */
	bool once;
	struct clock *clock;
	/* Whose lines are Postfix's, -1 for those of no known user; NULL:
	 * everybody's. */
	const int64_t *users;
	size_t user_count;
	int facility; /* Postfix's beside LOG_MAIL; 0: none */
};
int log_journal_open(const struct log_journal_options *options,
                     struct log_source **source, struct err *err);

/* Lines on a descriptor (standard input), which stays the caller's; there is
 * no position. */
int log_stream_open(int fd, struct clock *clock, struct log_source **source,
                    struct err *err);

#endif
