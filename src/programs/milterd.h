/*
 * milterd - the parts of tlstally-milter
 *
 * libmilter reads Postfix's sessions in threads of its own (intake/milter), one
 * thread of ours commits what they count (intake/milter_feed), and the main
 * thread waits for a signal.
 */
#ifndef TLSTALLY_PROGRAMS_MILTERD_H
#define TLSTALLY_PROGRAMS_MILTERD_H

#include <stdbool.h>

#include "postfix/postfix_site.h"
#include "base/err.h"
#include "daemon/daemon.h"
#include "intake/milter_clients.h"
#include "intake/milter_feed.h"
#include "base/unix_socket.h"

struct milterd {
	struct daemon base;
	struct unix_socket sock; /* none for inet: */
	struct milter_feed *feed;
	struct milter_clients *clients; /* for good: libmilter's threads ask */
	struct postfix_site *site;
	int64_t look_at_postfix_ms;
	bool hides; /* some mail that comes in, by its settings */
};

/* milterd_socket.c: as root, what a socket's directory and owner need. */
int milterd_listen(struct milterd *d, struct err *err);

/* milterd_postfix.c: at start and every some seconds: this host's addresses,
 * and Postfix's settings when they have changed. */
void milterd_look_at_postfix(struct milterd *d);

/* milterd_bounce.c: a message to one of our tokens (milter_bounce_fn); ERR_BUSY
 * when the store takes nothing now. */
int milterd_bounce(void *arg, const char *token, const void *text, size_t len);

#endif
