/*
 * bad_log - what is said, and kept, of input that could not be counted
 *
 * The receiving thread only notes; bad_log_tick(), called by the main thread
 * about once a second, writes: at most one line a minute a kind, with the
 * first 200 bytes escaped, and, when a directory is set, the bytes of some of
 * them as files, never more than so many.
 */
#ifndef TLSTALLY_INTAKE_BAD_LOG_H
#define TLSTALLY_INTAKE_BAD_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "session/datagram.h"

struct bad_log;

/* directory may be NULL or "": nothing is kept. */
struct bad_log *bad_log_new(const char *directory, size_t max_files);
void bad_log_free(struct bad_log **log);

/* Never waits for anything but another caller of this. */
void bad_log_note(struct bad_log *log, enum bad_input kind, const char *why,
                  const void *data, size_t len);

void bad_log_tick(struct bad_log *log, int64_t now_ms);

#endif
