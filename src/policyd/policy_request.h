/*
 * policy_request - what Postfix asks (socketmap_table(5))
 *
 *     "27:QUERYwithTLSRPT example.com,"
 *
 * A netstring with the name of a map and a key.  Three maps are served:
 *
 *     QUERY             the TLS policy, as each Postfix reads it
 *     QUERYwithTLSRPT   the same with what Postfix 3.10 and later report
 *     EXPLAIN           the same and why it is so, for `tlstally policy`
 *
 * Whoever may connect may send anything: decoding is pure and allocates
 * nothing.
 */
#ifndef TLSTALLY_POLICYD_POLICY_REQUEST_H
#define TLSTALLY_POLICYD_POLICY_REQUEST_H

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"
#include "base/strbuf.h"

/* Postfix sends keys of up to 10,000 bytes. */
enum { POLICY_REQUEST_MAX = 10240 };

enum policy_map_asked { MAP_QUERY, MAP_QUERY_TLSRPT, MAP_EXPLAIN };

struct policy_request {
	enum policy_map_asked map;
	struct span key; /* within the data; may be empty */
	size_t used;     /* bytes of the data that it is */
};

/* 1: a request; 0: the beginning of one; ERR_PARSE, ERR_LIMIT: no request will
 * be found here any more, the connection is to be closed; ERR_NOTFOUND: it is
 * whole and names a map that there is not (request->used is set). */
int policy_request_read(const char *data, size_t len,
                        struct policy_request *request, struct err *err);

/* Appends the reply: "OK " and a text of that length, "NOTFOUND ", "TEMP " and
 * why. */
void policy_reply_add(struct strbuf *out, const char *status, const char *text,
                      size_t len);

#endif
