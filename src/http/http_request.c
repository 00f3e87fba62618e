#include "http/http_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/form_text.h"
#include "api/http_forwarded.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "http/http_events.h"
#include "http/http_exchange.h"
#include "show/metrics.h"

enum {
	BODIES_MAX = 64 * 1024 * 1024, /* of all requests that are here */
	REPORT_BODIES_MAX = 64 * 1024 * 1024, /* and of reports of others */
};

static void answer_well_known(struct http_exchange *exchange,
                              struct http_reply *reply)
{
	http_redirect(exchange, MHD_HTTP_TEMPORARY_REDIRECT, "/jmap/session",
	              reply);
}

/* "/tls", "/admin": what the page refers to is below "/tls/". */
static void answer_bare_path(struct http_exchange *exchange,
                             struct http_reply *reply)
{
	auto_(xfree_str) char *place = xasprintf("%s/", exchange->below);

	http_redirect(exchange, MHD_HTTP_TEMPORARY_REDIRECT, place, reply);
}

static void answer_health(struct http_exchange *exchange,
                          struct http_reply *reply)
{
	auto_(db_abort) struct db_txn *txn =
		db_begin_read(exchange->http->jmap.db);
	bool fails = db_failed(txn);

	reply->status = fails ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
	reply->type = TYPE_TEXT;
	strbuf_puts(&reply->body,
	            fails ? "the store cannot be read\n" : "ok\n");
}

static void answer_session(struct http_exchange *exchange,
                           struct http_reply *reply)
{
	const struct http *http = exchange->http;
	struct jmap_caller caller = {
		.name = exchange->who.name,
		.permissions = exchange->who.permissions,
	};
	auto_(xfree_str) char *base = http_exchange_base(exchange, reply);

	if (base == NULL)
		return;
	reply->status = MHD_HTTP_OK;
	reply->type = TYPE_JSON;
	jmap_session_write(&http->jmap, &caller, base, &reply->body);
}

static void answer_jmap(struct http_exchange *exchange,
                        struct http_reply *reply)
{
	struct http *http = exchange->http;
	struct jmap_caller caller = {
		.name = exchange->who.name,
		.permissions = exchange->who.permissions,
		.dialect = strcmp(exchange->route->path, "/api") == 0
	                           ? DIALECT_REFERENCE
	                           : DIALECT_STALWART,
	};
	struct jmap_problem what = {0};

	reply->status = MHD_HTTP_OK;
	reply->type = TYPE_JSON;
	jmap_answer(&http->jmap, &caller, exchange->body.data,
	            exchange->body.len, &reply->body, &what);
	if (what.status == 0)
		return;
	http->problems++;
	http_problem(reply, &what);
}

static void refuse_limit(struct http_reply *reply, int status,
                         const char *limit, const char *detail)
{
	struct jmap_problem what = {
		.status = status,
		.type = "urn:ietf:params:jmap:error:limit",
		.limit = limit,
	};

	snprintf(what.detail, sizeof(what.detail), "%s", detail);
	http_problem(reply, &what);
}

/* RFC 8620 section 6.1: the session says that none may have a byte. */
static void answer_upload(struct http_exchange *exchange,
                          struct http_reply *reply)
{
	(void)exchange;
	refuse_limit(reply, MHD_HTTP_CONTENT_TOO_LARGE, "maxSizeUpload",
	             "maxSizeUpload is 0: blobs cannot be uploaded");
}

static void answer_metrics(struct http_exchange *exchange,
                           struct http_reply *reply)
{
	struct http *http = exchange->http;
	struct metrics_http counts = {http->requests, http->problems};
	struct err err = {0};

	if (metrics_write(http->jmap.db, http->jmap.conf,
	                  clock_secs(http->jmap.clock), &counts, &reply->body,
	                  &err) < 0) {
		http_refuse(reply, MHD_HTTP_SERVICE_UNAVAILABLE, err.text);
		return;
	}
	reply->status = MHD_HTTP_OK;
	reply->type = TYPE_METRICS;
}

static const struct http_route routes[] = {
	{.method = "GET",
         .path = "/.well-known/jmap",
         .answer = answer_well_known},
	{.method = "GET",
         .path = "/.well-known/oauth-authorization-server",
         .answer = http_answer_endpoints},
	{.method = "GET",
         .path = "/jmap/session",
         .answer = answer_session,
         .needs_token = true},
	{.method = "POST",
         .path = "/api",
         .answer = answer_jmap,
         .needs_token = true,
         .takes_long = true},
	{.method = "POST",
         .path = "/jmap",
         .answer = answer_jmap,
         .needs_token = true,
         .takes_long = true},
	{.method = "POST",
         .path = "/jmap/",
         .answer = answer_jmap,
         .needs_token = true,
         .takes_long = true},
	{.method = "GET",
         .path = "/api/schema",
         .answer = http_answer_schema_place,
         .needs_token = true},
	{.method = "GET",
         .path = "/api/schema/",
         .answer = http_answer_schema,
         .needs_token = true,
         .has_more = true},
	{.method = "GET",
         .path = "/api/account",
         .answer = http_answer_account,
         .needs_token = true},
	{.method = "GET",
         .path = "/api/discover/",
         .answer = http_answer_endpoints,
         .has_more = true},
	{.method = "GET",
         .path = "/oauth/authorize",
         .answer = http_answer_login},
	{.method = "POST",
         .path = "/oauth/authorize",
         .answer = http_answer_login,
         .takes_form = true,
         .takes_long = true},
	{.method = "POST",
         .path = "/oauth/token",
         .answer = http_answer_token,
         .takes_form = true,
         .takes_long = true},
	{.method = "GET",
         .path = "/oauth/logout",
         .answer = http_answer_logout,
         .takes_long = true},
	{.method = "GET",
         .path = "/jmap/eventsource",
         .answer = http_answer_events,
         .needs_token = true},
	{.method = "POST",
         .path = "/jmap/upload/",
         .answer = answer_upload,
         .needs_token = true,
         .has_more = true,
         .takes_none = true},
	{.method = "GET",
         .path = "/jmap/download/",
         .answer = http_answer_download,
         .needs_token = true,
         .has_more = true,
         .takes_long = true},
	{.method = "GET",
         .path = "/healthz",
         .answer = answer_health,
         .is_metrics = true},
	{.method = "GET",
         .path = "/metrics",
         .answer = answer_metrics,
         .needs_token = true,
         .permission = PERMIT_TALLY_READ,
         .is_metrics = true},
};

/* GET is for HEAD, too. */
static bool has_method(const struct http_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(route->method, "GET") == 0 &&
	        strcmp(method, "HEAD") == 0);
}

/* Also one with that path and another method; NULL: nothing has that path. */
static const struct http_route *route_of(struct http_exchange *exchange,
                                         const char *url, const char *method)
{
	static const struct http_route page = {.method = "GET",
	                                       .answer = http_answer_page};
	static const struct http_route bare = {.method = "GET",
	                                       .answer = answer_bare_path};
	static const struct http_route report = {.method = "POST",
	                                         .answer = http_answer_report,
	                                         .takes_report = true,
	                                         .takes_long = true};
	const struct http_route *found = NULL;
	const char *path = exchange->http->path;
	const char *post_path = exchange->http->jmap.conf->received.post_path;
	size_t path_len = strlen(path);

	if (path_len > 0 && strncmp(url, path, path_len) == 0) {
		if (url[path_len] == '\0') {
			exchange->below = "";
			return &bare;
		}
		if (url[path_len] == '/')
			url += path_len;
	}

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		size_t len = strlen(routes[i].path);

		if (strncmp(routes[i].path, url, len) != 0 ||
		    (url[len] != '\0' && !routes[i].has_more) ||
		    (exchange->door->for_metrics && !routes[i].is_metrics))
			continue;
		exchange->below = url + len;
		found = &routes[i];
		if (has_method(found, method))
			return found;
	}
	if (found != NULL || exchange->door->for_metrics)
		return found;
	if (post_path[0] != '\0' && strcmp(url, post_path) == 0)
		return &report;
	exchange->below = url;
	switch (static_sites_find(exchange->http->sites, url,
	                          &exchange->file)) {
	case STATIC_BARE:
		return &bare;
	case STATIC_GONE:
		return NULL;
	case STATIC_NONE:
		exchange->file = www_find(exchange->http->www, url);
		break;
	case STATIC_FILE:
		break;
	}
	return exchange->file ? &page : NULL;
}

static void find_route(struct http_exchange *exchange, const char *url,
                       const char *method, struct http_reply *reply)
{
	const struct http_route *route = route_of(exchange, url, method);

	if (route == NULL) {
		http_refuse(reply, MHD_HTTP_NOT_FOUND, "not found");
	} else if (has_method(route, method)) {
		exchange->route = route;
	} else {
		reply->allow = strcmp(route->method, "GET") == 0 ? "GET, HEAD"
		                                                 : "POST";
		http_refuse(reply, MHD_HTTP_METHOD_NOT_ALLOWED,
		            "method not allowed");
	}
}

/* Once a run, and only when nobody could hide behind it. */
static void tell_of_proxy(struct http_exchange *exchange, const char *peer)
{
	struct http *http = exchange->http;

	if (http_header_of(exchange->connection, "X-Forwarded-For") == NULL &&
	    http_header_of(exchange->connection, "Forwarded") == NULL)
		return;
	if (!atomic_flag_test_and_set(&http->told_of_proxy))
		log_warning("a request from %s names another client; if that "
		            "is your proxy, add it to [http] trusted_proxies: "
		            "until then limits are about the proxy",
		            peer);
}

/* Whose request it is, when a proxy brings it. */
static void see_client(struct http_exchange *exchange, struct http_reply *reply)
{
	static const struct {
		const char *field;
		enum http_forwarded form;
	} forms[] = {
		[CONF_X_FORWARDED_FOR] = {"X-Forwarded-For",
	                                  HTTP_X_FORWARDED_FOR},
		[CONF_FORWARDED] = {"Forwarded", HTTP_FORWARDED},
	};
	const struct http *http = exchange->http;
	struct http_connection *connection =
		http_place_of(exchange->connection);
	auto_(strbuf_clear) struct strbuf list = {0};
	struct in6_addr client;

	if (http->proxy_header == CONF_PROXY_PROTOCOL)
		return;
	if (!connection->is_proxy) {
		tell_of_proxy(exchange, connection->peer);
		return;
	}
	http_headers_of(exchange->connection, forms[http->proxy_header].field,
	                &list);
	if (http_forwarded_client(forms[http->proxy_header].form,
	                          strbuf_text(&list), &http->proxies,
	                          &client) &&
	    !http_connection_serve(&exchange->door->connections, connection,
	                           &client))
		http_refuse(reply, MHD_HTTP_TOO_MANY_REQUESTS,
		            "too many simultaneous requests from this address");
}

static void check_token(struct http_exchange *exchange,
                        struct http_reply *reply)
{
	struct auth_answer *who = &exchange->who;
	unsigned needed = exchange->route->permission;

	struct auth_from from = http_exchange_from(exchange);

	auth_check(exchange->http->auth,
	           http_header_of(exchange->connection, "Authorization"), from,
	           who);
	if (who->is_last)
		log_warning("%s: too many wrong tokens: requests with a token "
		            "are refused for a minute",
		            from.address);
	switch (who->result) {
	case AUTH_OK:
		if ((who->permissions & needed) != needed)
			http_refuse_permission(reply, needed);
		return;
	case AUTH_MISSING:
	case AUTH_IN_CLEAR:
	case AUTH_WRONG:
		reply->challenge = true;
		http_refuse(reply, MHD_HTTP_UNAUTHORIZED,
		            who->result == AUTH_MISSING
		                    ? "a bearer token is required"
		            : who->result == AUTH_IN_CLEAR
		                    ? "Basic is accepted over TLS or from this "
		                      "host only"
		                    : "the token is unknown or has expired");
		return;
	case AUTH_TOO_MANY:
		reply->retry_after = who->retry_after;
		http_refuse(reply, MHD_HTTP_TOO_MANY_REQUESTS,
		            "too many wrong tokens from this address");
		return;
	case AUTH_UNAVAILABLE:
		http_refuse(reply, MHD_HTTP_SERVICE_UNAVAILABLE, who->err.text);
		return;
	}
}

static void refuse_size(struct http_reply *reply)
{
	refuse_limit(reply, MHD_HTTP_CONTENT_TOO_LARGE, "maxSizeRequest",
	             "the request is too large");
}

static bool is_report(const struct http_exchange *exchange)
{
	return exchange->route != NULL && exchange->route->takes_report;
}

static void leave_room(struct http_exchange *exchange)
{
	struct http *http = exchange->http;

	atomic_fetch_sub(is_report(exchange) ? &http->report_bodies
	                                     : &http->bodies,
	                 exchange->counted);
	exchange->counted = 0;
}

/* Room for a body of so many bytes; false: there is none, nor what it had. */
static bool make_room(struct http_exchange *exchange, size_t bytes)
{
	struct http *http = exchange->http;
	bool report = is_report(exchange);
	size_t all;

	if (bytes <= exchange->counted)
		return true;
	bytes -= exchange->counted;
	exchange->counted += bytes;
	all = bytes +
	      atomic_fetch_add(report ? &http->report_bodies : &http->bodies,
	                       bytes);
	if (all <= (report ? REPORT_BODIES_MAX : BODIES_MAX))
		return true;
	leave_room(exchange);
	return false;
}

static void check_form(struct http_exchange *exchange, struct http_reply *reply)
{
	if (!http_is_type(http_header_of(exchange->connection, "Content-Type"),
	                  TYPE_FORM))
		http_refuse(reply, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		            "the Content-Type is not " TYPE_FORM);
}

static void check_body(struct http_exchange *exchange, struct http_reply *reply)
{
	const char *length =
		http_header_of(exchange->connection, "Content-Length");
	struct jmap_problem what = {
		.status = MHD_HTTP_BAD_REQUEST,
		.type = "urn:ietf:params:jmap:error:notJSON",
		.detail = "the Content-Type is not application/json",
	};

	if (!http_is_type(http_header_of(exchange->connection, "Content-Type"),
	                  TYPE_JSON))
		http_problem(reply, &what);
	else if (length != NULL &&
	         strtoull(length, NULL, 10) > JMAP_MAX_REQUEST)
		refuse_size(reply);
}

/* The body is there.  Before, it is a connection that is slow, which costs
 * nobody else of its token anything. */
static void enter(struct http_exchange *exchange, struct http_reply *reply)
{
	exchange->entered =
		http_callers_enter(exchange->http->callers, exchange->who.name);
	if (!exchange->entered)
		refuse_limit(reply, MHD_HTTP_TOO_MANY_REQUESTS,
		             "maxConcurrentRequests",
		             "too many simultaneous requests with this token");
}

static void add_headers(struct MHD_Response *response,
                        const struct http_reply *reply, bool closes)
{
	char secs[24];

	MHD_add_response_header(response, "Content-Type", reply->type);
	http_page_headers(response, reply);
	if (reply->disposition != NULL)
		MHD_add_response_header(response, "Content-Disposition",
		                        reply->disposition);
	if (reply->cookie != NULL)
		MHD_add_response_header(response, "Set-Cookie", reply->cookie);
	if (reply->encoding != NULL)
		MHD_add_response_header(response, "Content-Encoding",
		                        reply->encoding);
	if (reply->immutable)
		MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (reply->location != NULL)
		MHD_add_response_header(response, "Location", reply->location);
	if (reply->allow != NULL)
		MHD_add_response_header(response, "Allow", reply->allow);
	if (closes)
		MHD_add_response_header(response, "Connection", "close");
	/* nginx keeps what it gets until it is much, unless it is told */
	if (strcmp(reply->type, TYPE_EVENTS) == 0)
		MHD_add_response_header(response, "X-Accel-Buffering", "no");
	if (reply->challenge)
		MHD_add_response_header(response, "WWW-Authenticate",
		                        "Bearer realm=\"tlstally\"");
	if (reply->retry_after > 0) {
		snprintf(secs, sizeof(secs), "%lld",
		         (long long)reply->retry_after);
		MHD_add_response_header(response, "Retry-After", secs);
	}
}

static struct MHD_Response *make_response(struct http_reply *reply)
{
	size_t len = reply->body.len;

	if (reply->listener != NULL)
		return http_events_response(&reply->listener);
	if (reply->file != NULL)
		return MHD_create_response_from_buffer(
			reply->status == MHD_HTTP_OK ? reply->file->data.len
						     : 0,
			reply->file->data.data, MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_buffer(len, strbuf_take(&reply->body),
	                                       MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result send_reply(struct http_exchange *exchange,
                                  struct http_reply *reply)
{
	struct MHD_Response *response;
	enum MHD_Result rc;

	http_connection_enter(&exchange->door->connections,
	                      http_place_of(exchange->connection), HTTP_ANSWER);
	response = make_response(reply);
	if (response == NULL)
		return MHD_NO;
	add_headers(response, reply, exchange->closes || reply->close);
	rc = MHD_queue_response(exchange->connection, reply->status, response);
	MHD_destroy_response(response);
	return rc;
}

/* The header is there. */
static void look_at_header(struct http_exchange *exchange, const char *url,
                           const char *method, const char *version)
{
	struct http *http = exchange->http;
	struct http_reply *reply = &exchange->reply;

	if (!http_framing_check(exchange->connection, method, version,
	                        &exchange->closes, reply))
		return;
	see_client(exchange, reply);
	if (reply->status == 0)
		find_route(exchange, url, method, reply);
	/* what comes without a token waits its turn by its address */
	if (reply->status == 0 && !exchange->route->needs_token)
		snprintf(exchange->who.name, sizeof(exchange->who.name),
		         "from %.50s", http_exchange_from(exchange).address);
	if (reply->status == 0 && exchange->route->needs_token &&
	    !(exchange->route->is_metrics &&
	      (exchange->door->for_metrics || http->open_metrics)))
		check_token(exchange, reply);
	if (reply->status == 0 &&
	    strcmp(exchange->route->method, "POST") == 0) {
		if (exchange->route->takes_none) {
			exchange->route->answer(exchange, reply);
		} else if (exchange->route->takes_report) {
			http_check_report(exchange, reply);
		} else if (exchange->route->takes_form) {
			check_form(exchange, reply);
		} else {
			http->requests++;
			check_body(exchange, reply);
		}
	}
}

static enum MHD_Result begin(struct http_door *door,
                             struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version,
                             void **context)
{
	struct http_exchange *exchange = xcalloc(1, sizeof(*exchange));

	*context = exchange;
	exchange->http = door->http;
	exchange->door = door;
	exchange->connection = connection;
	http_connection_enter(&door->connections, http_place_of(connection),
	                      HTTP_BODY);
	look_at_header(exchange, url, method, version);
	strbuf_init(&exchange->body,
	            is_report(exchange)
	                    ? door->http->jmap.conf->received.max_size
	            : exchange->route != NULL && exchange->route->takes_form
	                    ? FORM_TEXT_MAX
	                    : JMAP_MAX_REQUEST);
	/* With a body to come a refusal goes out at once and the connection is
	 * closed; without one it can be used again. */
	if (exchange->reply.status != 0 &&
	    (exchange->reply.close || strcmp(method, "POST") == 0 ||
	     strcmp(method, "PUT") == 0))
		return send_reply(exchange, &exchange->reply);
	return MHD_YES;
}

/* A piece of the body.  One without a length shows itself here; its answer has
 * to wait for its end. */
static void take_piece(struct http_exchange *exchange, const char *data,
                       size_t size)
{
	if (exchange->reply.status != 0)
		return;
	if (!make_room(exchange, exchange->body.len + size)) {
		strbuf_clear(&exchange->body);
		exchange->reply.retry_after = 1;
		http_refuse(&exchange->reply, MHD_HTTP_SERVICE_UNAVAILABLE,
		            "too many simultaneous responses: try again");
		return;
	}
	strbuf_add(&exchange->body, data, size);
}

/* --- by a worker --- */

static struct http_exchange *exchange_of(struct http_job *job)
{
	return (struct http_exchange *)job;
}

static void run_job(struct http_job *job)
{
	struct http_exchange *exchange = exchange_of(job);

	exchange->route->answer(exchange, &exchange->reply);
}

static void drop_job(struct http_job *job)
{
	http_refuse(&exchange_of(job)->reply, MHD_HTTP_SERVICE_UNAVAILABLE,
	            "the server is stopping");
}

static void end_job(struct http_job *job)
{
	MHD_resume_connection(exchange_of(job)->connection);
}

/* Comes back to http_request_go_on() when there is an answer. */
static void give_away(struct http_exchange *exchange)
{
	struct http_job *job = &exchange->job;

	job->who = exchange->who.name;
	job->bytes = exchange->body.len;
	job->run = run_job;
	job->drop = drop_job;
	job->done = end_job;
	http_connection_enter(&exchange->door->connections,
	                      http_place_of(exchange->connection), HTTP_ANSWER);
	MHD_suspend_connection(exchange->connection);
	if (!http_workers_give(exchange->http->workers, job)) {
		drop_job(job);
		end_job(job);
	}
}

enum MHD_Result http_request_go_on(void *arg, struct MHD_Connection *connection,
                                   const char *url, const char *method,
                                   const char *version, const char *data,
                                   size_t *size, void **context)
{
	struct http_exchange *exchange = *context;

	if (exchange == NULL)
		return begin(arg, connection, url, method, version, context);
	if (*size > 0) {
		take_piece(exchange, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (exchange->reply.status == 0 && exchange->body.failed) {
		if (is_report(exchange))
			http_refuse(&exchange->reply,
			            MHD_HTTP_CONTENT_TOO_LARGE,
			            "the report is too large");
		else
			refuse_size(&exchange->reply);
	}
	if (exchange->reply.status == 0 &&
	    strcmp(exchange->route->method, "POST") == 0)
		enter(exchange, &exchange->reply);
	if (exchange->reply.status == 0 && exchange->route->takes_long) {
		give_away(exchange);
		return MHD_YES;
	}
	if (exchange->reply.status == 0)
		exchange->route->answer(exchange, &exchange->reply);
	return send_reply(exchange, &exchange->reply);
}

void http_request_end(void *arg, struct MHD_Connection *connection,
                      void **context, enum MHD_RequestTerminationCode code)
{
	struct http_exchange *exchange = *context;
	struct http_door *door = arg;
	struct http *http = door->http;

	(void)code;
	if (exchange == NULL)
		return;
	if (exchange->entered)
		http_callers_leave(http->callers, exchange->who.name);
	http_connection_enter(&door->connections, http_place_of(connection),
	                      HTTP_HEADER);
	leave_room(exchange);
	strbuf_clear(&exchange->body);
	strbuf_clear(&exchange->reply.body);
	xfree_str(&exchange->reply.disposition);
	xfree_str(&exchange->reply.location);
	xfree_str(&exchange->reply.policy);
	xfree_str(&exchange->reply.cookie);
	http_listener_free(&exchange->reply.listener);
	free(exchange);
	*context = NULL;
}
