/*
 * http_entrance - takes connections up
 *
 * A thread of ours accepts them and hands them over to libmicrohttpd, which
 * could do so itself, but not stop doing so: MHD_quiesce_daemon() takes the
 * listening socket from each of its threads, and one that is about to let it
 * go by itself makes it panic ("Failed to remove listen FD from epoll set");
 * without it MHD_stop_daemon() shuts the socket down, which may be systemd's.
 *
 * With the PROXY protocol a trusted proxy says first whose connection it is:
 * those bytes are read here, and no more, and it is handed over as the
 * client's own.
 */
#ifndef TLSTALLY_HTTP_HTTP_ENTRANCE_H
#define TLSTALLY_HTTP_HTTP_ENTRANCE_H

#include "http/http_wire.h"

struct http_entrance;

/* For a door whose daemon runs without a socket of its own.  With reads_proxies
 * trusted proxies speak the PROXY protocol. */
int http_entrance_open(struct http_entrance **entrance, struct http_door *door,
                       bool reads_proxies, struct err *err);
/* Nobody comes in any more; who has not said who he is goes. */
void http_entrance_close(struct http_entrance **entrance);

#endif
