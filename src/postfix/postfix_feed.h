/*
 * postfix_feed - by which feed is this host's Postfix best counted?
 *
 * By its events, which tell more and can be counted without doubt, if each
 * instance that sends mail was built with TLSRPT and comes to the socket; else
 * all of them by the log, since a host counts by one of the two.
 */
#ifndef TLSTALLY_POSTFIX_POSTFIX_FEED_H
#define TLSTALLY_POSTFIX_POSTFIX_FEED_H

#include "postfix/postfix_site.h"

struct postfix_feed {
	const char *feed; /* FEED_EVENTS, FEED_LOG */
	char why[512];    /* a sentence */
};

/* `socket`: the path on which events are received. */
void postfix_feed_choose(const struct postfix_site *site, const char *socket,
                         struct postfix_feed *choice);

#endif
