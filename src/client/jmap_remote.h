/*
 * jmap_remote - JMAP answered by a server (RFC 8620 sections 2 and 3.1)
 *
 *     https://tally.example.com               its session is looked for, at
 *                                             /.well-known/jmap
 *     https://mail.example.com/tls            is below a path: the same place
 *                                             below it
 *     https://tally.example.com/jmap/session  is the session
 *     https://tally.example.com/api           is the API itself
 *     unix:/run/tlstally/http.sock            a socket: its session is looked
 *                                             for as that of a host
 *
 * The session says where the API is, whose account it is, and how much the
 * server takes at once.  A redirect, or an API, of another place is refused:
 * the key would go there.
 */
#ifndef TLSTALLY_CLIENT_JMAP_REMOTE_H
#define TLSTALLY_CLIENT_JMAP_REMOTE_H

#include "client/http_client.h"
#include "client/jmap_client.h"
#include "jmap/jmap_type.h"

/* Takes http, opened with the same URL.  `wanted` capabilities decide which
 * primary account it is; `account` (NULL: that of the session) over it.
 * ERR_PARSE: what is there is no JMAP. */
int jmap_remote_open(struct http_client **http, const char *url,
                     unsigned wanted, const char *account,
                     struct jmap_client **client, struct err *err);

#endif
