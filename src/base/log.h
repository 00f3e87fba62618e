/*
 * log - one line for the operator
 *
 * Where the lines go is decided once, at start: a terminal or -f: standard
 * error; under systemd: standard error with priorities as the journal reads
 * them ("<4>"); else syslog's mail facility.  Only programs/, cli/ and the
 * intake and delivery drivers log; the rest returns struct err.  A line never
 * contains control characters, whatever was in its arguments.
 */
#ifndef TLSTALLY_BASE_LOG_H
#define TLSTALLY_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_target { LOG_TO_STDERR, LOG_TO_JOURNAL, LOG_TO_SYSLOG };

void log_open(const char *ident, enum log_target target);

/* stderr when it is a terminal or foreground is set, the journal when
 * JOURNAL_STREAM names our stderr, else syslog. */
enum log_target log_target_default(bool foreground, const char *journal_stream);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What tlstally.service keeps of what went well. */
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A log keeps the lines, rather than a person or cron's mail reading them: what
 * went well is welcome there. */
bool log_is_kept(void);

/* "WHERE: WHAT: HINT" as an error, from a signal handler of a process that is
 * about to end: no memory, no lock of ours. */
void log_last_words(const char *where, const char *what, const char *hint);

/* Tests read the lines instead of a person: called with each line. */
void log_capture(void (*sink)(void *arg, int priority, const char *line),
                 void *arg);

/* Copies at most room-1 bytes of foreign text with everything outside
 * printable ASCII as \xNN; always terminated.  Returns out. */
const char *log_escape(char *out, size_t room, const void *text, size_t len);

/* At most one line a minute of a kind: true when it may be said now; *held
 * is how many were held back since the last one.  By the monotonic clock. */
struct log_limit {
	bool said;
	int64_t said_ms;
	uint64_t held;
};
bool log_allowed(struct log_limit *limit, int64_t monotonic_ms, uint64_t *held);

#endif
