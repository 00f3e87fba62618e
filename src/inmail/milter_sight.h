/*
 * milter_sight - what of the mail that comes in Postfix shows a milter
 *
 * A before-queue filter (smtpd_proxy_filter) stands between two smtpd(8): the
 * first speaks TLS with the client and shows a milter no end of message, the
 * second gets the message from the filter, on this host and in clear.
 *
 *     client --TLS--> smtp/inet --> filter --> 127.0.0.1:10026/inet --> queue
 *
 * So how that mail came is seen by nobody, and what comes from this host may be
 * anybody's.  A service with receive_override_options=no_milters, or without
 * smtpd_milters, shows nothing at all.
 */
#ifndef TLSTALLY_INMAIL_MILTER_SIGHT_H
#define TLSTALLY_INMAIL_MILTER_SIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "maillog/postconf.h"

enum { MILTER_SIGHT_FILTERS = 8, MILTER_SIGHT_WORDS = 16 };

/* All texts are the arena's or the postconf's. */
struct milter_sight {
	bool filtered; /* a before-queue filter hands mail back */
	/* where it runs, "192.0.2.7", when that is no loopback address */
	const char *filters[MILTER_SIGHT_FILTERS];
	size_t filter_count;
	/* a sentence for each service that hides something */
	const char *words[MILTER_SIGHT_WORDS];
	size_t word_count;
};

/* Adds what one instance hides. */
void milter_sight_add(struct milter_sight *sight,
                      const struct postconf *postconf, struct arena *arena);

#endif
