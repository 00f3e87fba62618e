/*
 * milterd - the parts of tlstally-milter
 *
 * libmilter reads Postfix's sessions in threads of its own (intake/milter), one
 * thread of ours commits what they count (intake/milter_feed), and the main
 * thread waits for a signal.
 */
#ifndef TLSTALLY_APP_MILTERD_H
#define TLSTALLY_APP_MILTERD_H

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "intake/milter_feed.h"
#include "base/unix_socket.h"
#include "store/db.h"

struct milterd {
	struct conf conf;
	struct clock clock;
	struct db *db;
	struct unix_socket sock; /* none for inet: */
	struct milter_feed *feed;
};

/* milterd_socket.c: as root, what a socket's directory and owner need. */
int milterd_listen(struct milterd *d, struct err *err);

/* milterd_bounce.c: a message to one of our tokens (milter_bounce_fn); ERR_BUSY
 * when the store takes nothing now. */
int milterd_bounce(void *arg, const char *token, const void *text, size_t len);

#endif
