/*
 * log_rotate - which files a rotated log consists of, and what is left of them
 *
 *     mail.log.2.gz   mail.log.1   mail.log        rename, or copytruncate
 *     mail.log-20260301.gz         mail.log        dateext
 *
 * A queue is what is to be read from a place (intake/log_place.h) on: the rest
 * of that file, all younger ones, and the file itself at the end.  All of them
 * are open, so that a rotation on the way takes none away.
 */
#ifndef TLSTALLY_INTAKE_LOG_ROTATE_H
#define TLSTALLY_INTAKE_LOG_ROTATE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "intake/log_input.h"
#include "intake/log_place.h"

struct log_queue {
	struct log_input **inputs; /* oldest first, each at its beginning */
	size_t count;
	uint64_t names;       /* log_rotate_names() then */
	char unreadable[256]; /* the words for one that cannot be opened, "" */
};
void log_rotate_queue_clear(struct log_queue *queue);
void log_rotate_queue_drop_first(struct log_queue *queue, size_t count);

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
int log_rotate_compare_times(struct timespec a, struct timespec b);

#endif
