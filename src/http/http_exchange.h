/*
 * http_exchange - a request that is under way, and what it is answered with
 *
 * Shared by http_request.c and the files that answer one kind of request:
 * http_page.c the web page, http_download.c blobs.
 */
#ifndef TLSTALLY_HTTP_HTTP_EXCHANGE_H
#define TLSTALLY_HTTP_HTTP_EXCHANGE_H

#include "http/http_wire.h"
#include "http/http_workers.h"
#include "http/www.h"

#define TYPE_JSON "application/json"
#define TYPE_PROBLEM "application/problem+json"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_EVENTS "text/event-stream"
#define TYPE_FORM "application/x-www-form-urlencoded"
#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct http_listener;
struct http_route;

struct http_reply {
	unsigned status;
	const char *type;
	struct strbuf body;
	const struct www_file *file;    /* its bytes instead of body */
	struct http_listener *listener; /* events instead; owned; NULL */
	char *disposition;              /* of an attachment; owned; NULL */
	char *location;                 /* owned; NULL */
	char *policy;         /* Content-Security-Policy; owned; NULL: usual */
	char *cookie;         /* Set-Cookie; owned; NULL */
	const char *encoding; /* of the body; NULL: none */
	bool immutable;       /* it may be kept for good */
	const char *allow;
	bool challenge; /* 401 */
	bool close;     /* the connection ends with it */
	int64_t retry_after;
};

struct http_exchange {
	struct http_job job; /* of a worker, where the route takes long */
	struct http *http;
	struct http_door *door; /* that it came in by */
	struct MHD_Connection *connection;
	const struct http_route *route;
	const struct www_file *file; /* of the page; NULL */
	const char *below;           /* of the path, what its route leaves */
	struct strbuf body;
	size_t counted; /* of the body, in http->bodies or ->report_bodies */
	struct auth_answer who;
	bool entered;            /* counts among its token's requests */
	struct http_reply reply; /* its status is 0 until there is one */
	bool closes;             /* the connection ends with the answer */
};

struct http_route {
	const char *method; /* GET stands for HEAD, too */
	const char *path;
	bool needs_token;
	unsigned permission; /* that the token must have; 0: any token */
	void (*answer)(struct http_exchange *exchange,
	               struct http_reply *reply);
	bool has_more;     /* the path goes on: exchange->below */
	bool takes_form;   /* POST of a form, not of JSON */
	bool takes_report; /* POST of a report of others */
	bool takes_none;   /* POST, and answered before its body comes */
	bool takes_long;   /* for a worker to answer */
	bool is_metrics;   /* at the door for metrics, too, without a token */
};

struct http_connection *http_place_of(struct MHD_Connection *connection);

/* Who it is that limits and logs are about, and whether anybody else reads
 * what he sends. */
struct auth_from http_exchange_from(const struct http_exchange *exchange);
/* "https://tally.example.com:8460", as clients see us, with the path; NULL: it
 * cannot be told, and the reply says so.  The caller's. */
char *http_exchange_base(const struct http_exchange *exchange,
                         struct http_reply *reply);
/* To a place below the path that clients see. */
void http_redirect(const struct http_exchange *exchange, unsigned status,
                   const char *place, struct http_reply *reply);

/* NULL: it was not sent. */
const char *http_header_of(struct MHD_Connection *connection, const char *name);

/* Of a field that is a list: its lines, in order, as one (RFC 9110 section
 * 5.3).  Nothing: it was not sent. */
void http_headers_of(struct MHD_Connection *connection, const char *name,
                     struct strbuf *out);

/* With or without parameters (RFC 8620 section 3.1); NULL is none. */
bool http_is_type(const char *type, const char *wanted);

/* A problem document (RFC 7807) of HTTP's own. */
void http_refuse(struct http_reply *reply, int status, const char *detail);

/* False: it is not clear where the request ends; the reply refuses it.
 * *closes: it is, but nothing may follow on the connection.  method: as
 * libmicrohttpd has it, the first bytes of the request. */
bool http_framing_check(struct MHD_Connection *connection, const char *method,
                        const char *version, bool *closes,
                        struct http_reply *reply);

void http_refuse_permission(struct http_reply *reply, unsigned needed);
/* One of JMAP's. */
void http_problem(struct http_reply *reply, const struct jmap_problem *what);

void http_answer_schema_place(struct http_exchange *exchange,
                              struct http_reply *reply);
void http_answer_schema(struct http_exchange *exchange,
                        struct http_reply *reply);
void http_answer_account(struct http_exchange *exchange,
                         struct http_reply *reply);
/* The endpoints of OAuth, for the WebUI and by RFC 8414. */
void http_answer_endpoints(struct http_exchange *exchange,
                           struct http_reply *reply);
void http_answer_login(struct http_exchange *exchange,
                       struct http_reply *reply);
void http_answer_token(struct http_exchange *exchange,
                       struct http_reply *reply);
void http_answer_logout(struct http_exchange *exchange,
                        struct http_reply *reply);
void http_answer_download(struct http_exchange *exchange,
                          struct http_reply *reply);
void http_check_report(struct http_exchange *exchange,
                       struct http_reply *reply);
void http_answer_report(struct http_exchange *exchange,
                        struct http_reply *reply);
void http_answer_page(struct http_exchange *exchange, struct http_reply *reply);
/* What a browser may do with an answer. */
void http_page_headers(struct MHD_Response *response,
                       const struct http_reply *reply);

#endif
