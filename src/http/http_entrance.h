/*
 * http_entrance - connections that begin with a word of the proxy
 *
 * With the PROXY protocol a trusted proxy says first whose connection it is.
 * libmicrohttpd knows nothing of that, so a thread of ours takes connections
 * up, reads those bytes and no more, and hands it over as the client's own.
 * All others are handed over as they come.
 */
#ifndef TLSTALLY_HTTP_HTTP_ENTRANCE_H
#define TLSTALLY_HTTP_HTTP_ENTRANCE_H

#include "http/http_wire.h"

struct http_entrance;

/* For a door whose daemon runs without a socket of its own. */
int http_entrance_open(struct http_entrance **entrance, struct http_door *door,
                       struct err *err);
/* Nobody comes in any more; who has not said who he is goes. */
void http_entrance_close(struct http_entrance **entrance);

#endif
