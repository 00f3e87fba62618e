/*
 * http_forwarded - whose request it is that a proxy brings
 *
 *     X-Forwarded-For: 203.0.113.9, 198.51.100.7
 *     Forwarded: for="[2001:db8::17]:4711";proto=https, for=198.51.100.7
 *
 * Each proxy adds whom it has heard at the end; what stands before that came
 * with the request, and anybody can write it.  So the list is read from its
 * end, and the first address that is not a trusted proxy's is the client's.
 * What stands left of it is not looked at, whatever it is.
 */
#ifndef TLSTALLY_API_HTTP_FORWARDED_H
#define TLSTALLY_API_HTTP_FORWARDED_H

#include "base/network.h"

enum http_forwarded {
	HTTP_X_FORWARDED_FOR,
	HTTP_FORWARDED, /* RFC 7239 */
};

/* The field's lines as one list.  False: the proxies do not say who it is, or
 * not so that it can be read.  When all are trusted it is the first: a client
 * on a proxy's own host. */
bool http_forwarded_client(enum http_forwarded form, const char *list,
                           const struct network_list *trusted,
                           struct in6_addr *client);

#endif
