#include "http/http_exchange.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/xalloc.h"

enum { HOST_LONG = 260 };

struct http_connection *http_place_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	                               MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	        ->socket_context;
}

/* A proxy that is trusted and brings somebody has said by the URL of the
 * settings how it is reached. */
struct auth_from http_exchange_from(const struct http_exchange *exchange)
{
	const struct http *http = exchange->http;
	const struct http_connection *place =
		http_place_of(exchange->connection);
	struct auth_from from = http_connection_from(place);

	from.is_private =
		http->tls ||
		(place->is_proxy ? strncasecmp(http->url, "https:", 6) == 0
	                         : place->is_near);
	return from;
}

static bool is_host(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
	                          "stuvwxyz0123456789.-_:[]");

	return len > 0 && len < HOST_LONG && text[len] == '\0';
}

char *http_exchange_base(const struct http_exchange *exchange,
                         struct http_reply *reply)
{
	const struct http *http = exchange->http;
	const char *host = http_header_of(exchange->connection, "Host");

	if (http->url[0] != '\0')
		return xstrdup(http->url);
	if (host != NULL && is_host(host))
		return xasprintf("%s://%s", http->tls ? "https" : "http", host);
	http_refuse(reply, MHD_HTTP_BAD_REQUEST,
	            "the Host header is missing or not valid");
	return NULL;
}

void http_redirect(const struct http_exchange *exchange, unsigned status,
                   const char *place, struct http_reply *reply)
{
	reply->status = status;
	reply->type = TYPE_TEXT;
	reply->location = xasprintf("%s%s", exchange->http->path, place);
	strbuf_printf(&reply->body, "see %s\n", reply->location);
}

const char *http_header_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

struct lines {
	const char *name;
	struct strbuf *out;
};

static enum MHD_Result add_line(void *arg, enum MHD_ValueKind kind,
                                const char *name, const char *value)
{
	const struct lines *lines = arg;

	(void)kind;
	if (value != NULL && strcasecmp(name, lines->name) == 0)
		strbuf_printf(lines->out, "%s%s", lines->out->len ? ", " : "",
		              value);
	return MHD_YES;
}

void http_headers_of(struct MHD_Connection *connection, const char *name,
                     struct strbuf *out)
{
	struct lines lines = {name, out};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, add_line,
	                          &lines);
}

void http_problem(struct http_reply *reply, const struct jmap_problem *what)
{
	reply->status = (unsigned)what->status;
	reply->type = TYPE_PROBLEM;
	jmap_problem_write(what, &reply->body);
}

void http_refuse(struct http_reply *reply, int status, const char *detail)
{
	struct jmap_problem what = {.status = status, .type = "about:blank"};

	snprintf(what.detail, sizeof(what.detail), "%.255s", detail);
	http_problem(reply, &what);
}

void http_refuse_permission(struct http_reply *reply, unsigned needed)
{
	char detail[96];

	snprintf(detail, sizeof(detail), "the token lacks the permission %s",
	         jmap_permission_word(needed));
	http_refuse(reply, MHD_HTTP_FORBIDDEN, detail);
}

bool http_is_type(const char *type, const char *wanted)
{
	size_t len = strlen(wanted);

	return type != NULL && strncasecmp(type, wanted, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}
