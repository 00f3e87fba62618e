/*
 * remote_session - what a JMAP server says of itself (RFC 8620 section 2)
 *
 *     {"capabilities":{"urn:ietf:params:jmap:core":{"maxObjectsInGet":500},
 *                      "urn:stalwart:jmap":{}},
 *      "accounts":{"a1":{}}, "primaryAccounts":{"urn:stalwart:jmap":"a1"},
 *      "apiUrl":"/api"}
 *
 * Bytes of a stranger become what a client needs.  What is missing has a
 * default; only the apiUrl must be there.
 */
#ifndef TLSTALLY_CLIENT_REMOTE_SESSION_H
#define TLSTALLY_CLIENT_REMOTE_SESSION_H

#include <stddef.h>

#include "base/err.h"
#include "jmap/jmap_type.h"

enum { REMOTE_AT_ONCE = 500 }; /* objects of one call, unless fewer */

struct remote_session {
	unsigned capabilities;         /* enum jmap_capability */
	char account[JMAP_ID_MAX + 1]; /* for these objects; "": unknown */
	size_t max_get, max_set;       /* 1 to REMOTE_AT_ONCE */
	char *api;                     /* as it stands there, maybe relative */
};

/* `wanted`: the capabilities of what is asked about, which decide the account.
 * 1 and the session, which is to be cleared; 0: it is none; ERR_PARSE: it is
 * one that cannot be right. */
int remote_session_read(const void *body, size_t len, unsigned wanted,
                        struct remote_session *session, struct err *err);
void remote_session_clear(struct remote_session *session);

#endif
