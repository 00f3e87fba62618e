/*
 * milter - libmilter's callbacks: every message of Postfix passes here
 *
 * Nothing is ever changed, refused or delayed: whatever happens, the answer is
 * to go on.  A callback waits for nothing but a short lock.  Of the steps of
 * the protocol only those are asked for that are used; MAIL, RCPT and header
 * lines come without waiting for an answer, where the MTA can, and a body that
 * is neither a bounce nor a report of others is skipped.
 *
 * libmilter has one milter a process and threads of its own, which end when
 * the process does: so there is one of us, too, and what its threads may still
 * look at is never freed.
 */
#ifndef TLSTALLY_INTAKE_MILTER_H
#define TLSTALLY_INTAKE_MILTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "intake/milter_clients.h"
#include "intake/milter_feed.h"
#include "intake/milter_inbox.h"

/* More sessions at once than this are let through unread. */
enum { MILTER_SESSIONS_MAX = 4096 };

/* Listens on the socket, "inet:127.0.0.1:8892" or "unix:/path": from here on
 * connections wait for milter_start(). */
int milter_listen(const char *socket, struct err *err);

/* libmilter's main loop in a thread of its own.  Copies what it needs of the
 * settings; without an inbox (NULL) no report of others is kept. */
int milter_start(const struct conf *conf, struct milter_feed *feed,
                 struct milter_inbox *inbox, struct milter_clients *clients,
                 struct err *err);

/* 1 when libmilter has ended by itself (it takes SIGTERM, too), ERR_IO when it
 * could not go on, else 0. */
int milter_ended(struct err *err);

/* Waits at most that long for messages that have begun.  How many sessions are
 * open still: they end with the process. */
size_t milter_stop(int64_t deadline_ms);

#endif
