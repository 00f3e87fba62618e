/*
 * log_wake - waiting for a descriptor, or for another thread's word
 */
#ifndef TLSTALLY_INTAKE_LOG_WAKE_H
#define TLSTALLY_INTAKE_LOG_WAKE_H

#include <stdbool.h>

#include "base/err.h"

struct log_wake {
	int fd;
};

int log_wake_open(struct log_wake *wake, struct err *err);
void log_wake_close(struct log_wake *wake);

/* Until fd (-1: none) can be read, log_wake_now() was called, or the time is
 * over.  True when it is fd. */
bool log_wake_wait(struct log_wake *wake, int fd, int timeout_ms);

/* From any thread; one that comes too early is not lost. */
void log_wake_now(struct log_wake *wake);

#endif
