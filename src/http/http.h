/*
 * http - the HTTP side of the managed objects (libmicrohttpd)
 *
 *     GET  /  /app.js ...          the web page (http/www.h)
 *     GET  /.well-known/jmap       redirect to the session object
 *     GET  /jmap/session           RFC 8620 section 2
 *     POST /api  /jmap  /jmap/     requests
 *     GET  /api/schema /api/account /api/discover/NAME
 *                                  for Stalwart's WebUI (http_schema.c)
 *     GET  /oauth/authorize ...    signing in by a browser (http_oauth.c)
 *     GET  /jmap/download/...      a blob (section 6.2; outbox/rendered.h)
 *     GET  /jmap/eventsource       what changes (section 7.3)
 *     GET  /healthz                200 while the store can be read
 *     GET  /metrics                Prometheus text
 *
 * The last two also have a door of their own, without a token.  With a path in
 * [http] url all of it is below that path, too.
 *
 * A few threads, each with many connections.  libmicrohttpd's own time-out is
 * for connections on which nothing moves: one byte a second outlives it.  So
 * every connection has a moment by which its header, its body, its answer must
 * be through, and http_tick() cuts off those that are late.
 */
#ifndef TLSTALLY_HTTP_HTTP_H
#define TLSTALLY_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "http/http_tls.h"
#include "http/static_site.h"
#include "http/www.h"
#include "jmap/jmap.h"

struct http_options {
	struct jmap jmap;
	const struct www *www; /* of the web page; NULL: none.  Lent */
	const struct static_sites *sites; /* lent; NULL: none */
	int listen_fd;        /* bound and listening; http closes it */
	int metrics_fd;       /* the same for monitoring; -1: none */
	struct http_tls *tls; /* lent; NULL: no TLS */
	const char *url;      /* as clients see us; "": what they say in Host */
	const struct conf_list *redirect_uris; /* of OAuth, beside our own */
	bool open_metrics;
	unsigned max_connections;
	unsigned max_per_address;
	const struct conf_list *trusted_proxies; /* of forms that are right */
	enum conf_proxy_header proxy_header;
};

struct http;

int http_start(struct http **http, const struct http_options *options,
               struct err *err);

/* Cuts off who is late; call a few times a second. */
void http_tick(struct http *http);

/* Until which moment, by the monotonic clock, threads and workers did what
 * there was to do; as the last http_tick() saw it. */
int64_t http_progress_ms(const struct http *http);

/* Takes no more connections, lets what is being answered end for at most that
 * long, ends the threads. */
void http_stop(struct http **http, int deadline_ms);

#endif
