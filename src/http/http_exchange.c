#include "http/http_exchange.h"

#include <stdio.h>
#include <strings.h>

struct http_connection *http_place_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	                               MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	        ->socket_context;
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
