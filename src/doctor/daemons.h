/*
 * daemons - which daemons have a store open, and do they run what is installed?
 *
 * Everybody who has a store open holds a lock on its store.lock, and
 * /proc/locks says who that is.  /proc/PID/exe, which only root may look at,
 * says what runs: after an upgrade it is a file that was deleted.
 */
#ifndef TLSTALLY_DOCTOR_DAEMONS_H
#define TLSTALLY_DOCTOR_DAEMONS_H

#include <stdbool.h>

#include "base/strbuf.h"

/* Appends a line for each daemon whose program was replaced.  False: at least
 * one of them is not ours to look at, or nobody says who they are. */
bool daemons_replaced(const char *store, struct strbuf *names);

#endif
