/*
 * http_events - clients that are told of changes (RFC 8620 section 7.3)
 *
 *     GET /jmap/eventsource?types=*&closeafter=no&ping=60
 *
 * A listener is a connection that is put aside (MHD_suspend_connection) until
 * there is something to say, so it costs a row here and no thread.  Once a
 * second the states of the store are read, for all of them together.  They are
 * at most a quarter of all connections, and so many of a token; who is told to
 * come later can poll.  Whose client has closed the connection loses the place
 * at once.  A listener whose token is gone is ended before anything more is
 * said, and all after half an hour: clients come again.
 */
#ifndef TLSTALLY_HTTP_HTTP_EVENTS_H
#define TLSTALLY_HTTP_HTTP_EVENTS_H

#include "http/http_exchange.h"

enum { HTTP_EVENTS_OF_TOKEN = 32 };

struct http_events;

struct http_events *http_events_new(struct http *http, unsigned max);
/* Says what there is to say; by one thread. */
void http_events_tick(struct http_events *events);
/* Ends all, and takes no more. */
void http_events_stop(struct http_events *events);
/* When libmicrohttpd has ended. */
void http_events_free(struct http_events **events);

void http_answer_events(struct http_exchange *exchange,
                        struct http_reply *reply);

struct http_listener;

/* The response that goes on; takes the listener. */
struct MHD_Response *http_events_response(struct http_listener **listener);
void http_listener_free(struct http_listener **listener);

#endif
