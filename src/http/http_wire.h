/*
 * http_wire - between http.c and the rest of it; nobody else includes this
 */
#ifndef TLSTALLY_HTTP_HTTP_WIRE_H
#define TLSTALLY_HTTP_HTTP_WIRE_H

#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "base/log.h"
#include "base/network.h"
#include "base/strbuf.h"
#include "http/auth.h"
#include "http/http.h"

enum { HTTP_PEER_TEXT = 64 };

/* sin6_scope_id of a client that a proxy names by the PROXY protocol: his
 * loopback is not ours, and he is no proxy. */
#define HTTP_NAMED_SCOPE UINT32_MAX

/* One connection and what it has to be through with. */
struct http_connection {
	struct http_connection *next, *prev;
	int fd;
	char peer[HTTP_PEER_TEXT];
	/* Whose request it is that a proxy brings; "": the peer's, or nobody
	 * knows. */
	char client[HTTP_PEER_TEXT];
	bool is_near;
	bool is_proxy;       /* a trusted one */
	int64_t deadline_ms; /* of the monotonic clock */
	bool busy;           /* a request of it is being answered */
};

/*
 * Limits count by peer; behind a trusted proxy by the client whose request is
 * under way, and the proxy itself has none.  Loopback, trusted proxies and the
 * unix socket always have an eighth of all connections to themselves: whoever
 * takes all he can get from outside keeps out neither monitoring nor a proxy.
 */
struct http_connections {
	pthread_mutex_t lock;
	struct http_connection *first;
	struct lru *peers; /* connections of each; in no use with none */
	const struct network_list *proxies;
	unsigned max, max_per_peer;
	unsigned count, far; /* of them, from elsewhere */
	unsigned busy;
	struct clock *clock;
	int64_t took_ms; /* when one was taken up last */
};

/* What a connection has to do next, and how long that may take. */
enum http_phase {
	HTTP_HEADER, /* also the wait for the next request */
	HTTP_BODY,
	HTTP_ANSWER, /* until it is sent */
	HTTP_LISTEN, /* until nothing more is told */
};

/* Before 1.0 libmicrohttpd passes over NUL, bare CR and folded lines, takes a
 * bare LF for the end of a chunk's line, of which nobody hears, and where it
 * may be strict it reads on behind what it refused.  Since then it refuses all
 * of that when told to be strict.  It may be newer than its header. */
bool http_is_lenient(void);

/* Decodes %XX of a path or an argument in its place; the length then. */
size_t http_unescape(void *arg, struct MHD_Connection *connection, char *text);

void http_connections_init(struct http_connections *all, unsigned max,
                           unsigned max_per_peer,
                           const struct network_list *proxies,
                           struct clock *clock);
void http_connections_clear(struct http_connections *all);
/* May one more come from there? */
bool http_connections_room(struct http_connections *all,
                           const struct sockaddr *address);
/* Is there no room for another, wherever it comes from? */
bool http_connections_full(struct http_connections *all);
/* Is it a proxy that we believe? */
bool http_connections_trust(const struct http_connections *all,
                            const struct sockaddr *address);
struct http_connection *http_connection_add(struct http_connections *all,
                                            int fd,
                                            const struct sockaddr *address);
void http_connection_drop(struct http_connections *all,
                          struct http_connection **connection);
/* The request that a proxy's connection begins is of this client, until the
 * connection waits for the next.  False: he has as many as he may. */
bool http_connection_serve(struct http_connections *all,
                           struct http_connection *connection,
                           const struct in6_addr *client);
/* Who it is that limits and logs are about. */
struct auth_from http_connection_from(const struct http_connection *connection);
void http_connection_enter(struct http_connections *all,
                           struct http_connection *connection,
                           enum http_phase phase);
/* Shuts down the sockets of those that are late; libmicrohttpd then ends them,
 * when they are not with a worker.  With `waits` somebody wants to connect. The
 * moment until which threads and workers did what there was to do: now, or when
 * one had to end that is still here, or when the last was taken up. */
int64_t http_connections_cut(struct http_connections *all, bool waits);
unsigned http_connections_busy(struct http_connections *all);

struct http_callers;
struct http_entrance;
struct http_schema;
struct http_events;
struct http_workers;

/* A socket that the server listens on.  Each has connections of its own, so
 * that those who crowd the API do not keep out monitoring. */
struct http_door {
	struct http *http;
	struct MHD_Daemon *daemon;
	struct http_entrance *entrance;
	int listen_fd; /* -1: nobody is let in here */
	bool for_metrics;
	struct http_connections connections;
};

enum http_door_id { DOOR_API, DOOR_METRICS, DOORS };

/* What becomes of a report that is not kept; each has lines of its own. */
enum http_report_fate {
	REPORT_AGAIN,
	REPORT_DROPPED,
	REPORT_BAD,
	REPORT_TOO_LARGE,
	REPORT_NOT_STORED,
	REPORT_FATES
};

/* The server. */
struct http {
	struct jmap jmap;
	const struct www *www;
	struct http_door doors[DOORS];
	int64_t went_on_ms; /* of http_progress_ms() */
	struct auth *auth;
	struct http_callers *callers;
	struct http_workers *workers;
	struct http_events *events;
	atomic_size_t bodies; /* bytes of them that are here, or to come */
	/* The same of reports of others; how many are being read. */
	atomic_size_t report_bodies;
	atomic_uint reports;
	/* Until then (monotonic ms) none is read, since no more are kept. */
	atomic_int_least64_t no_reports_ms;
	pthread_mutex_t report_lock;
	struct log_limit report_limits[REPORT_FATES];
	char *url;        /* without a slash at its end; "" */
	const char *path; /* of it, "/tls"; "": none */
	const struct conf_list *redirect_uris;
	const struct static_sites *sites;
	struct http_schema *schema;
	bool tls;
	bool open_metrics;
	struct network_list proxies;
	enum conf_proxy_header proxy_header;
	atomic_flag told_of_proxy;
	atomic_uint_fast64_t requests; /* to the API */
	atomic_uint_fast64_t problems; /* of them, refused as a whole */
};

/* What Stalwart's WebUI asks of our objects, plain and compressed. */
struct http_schema *http_schema_new(void);
void http_schema_free(struct http_schema **schema);

/* Requests of one token at the same time. */
struct http_callers *http_callers_new(void);
void http_callers_free(struct http_callers **callers);
/* False: it has JMAP_MAX_CONCURRENT under way. */
bool http_callers_enter(struct http_callers *callers, const char *name);
void http_callers_leave(struct http_callers *callers, const char *name);

#endif
