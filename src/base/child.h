/*
 * child - a job done in a process of its own
 *
 * For what may end a process (a damaged file that is mapped), and for what must
 * be done as another user while this process stays who it is.
 */
#ifndef TLSTALLY_BASE_CHILD_H
#define TLSTALLY_BASE_CHILD_H

#include "base/err.h"

/*
 * Runs job() in a child: its result and its words.  ERR_UNCERTAIN, in words,
 * when the child ended before it had any.  Meanwhile SIGINT, SIGTERM and SIGHUP
 * end the child alone, so that the caller can clean up.  Only for processes
 * with one thread.
 */
int child_run(int (*job)(void *arg, struct err *err), void *arg,
              struct err *err);

#endif
