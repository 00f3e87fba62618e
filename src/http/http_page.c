/* The web page: its files, and what a browser may do with them. */
#include "api/http_text.h"
#include "base/auto.h"
#include "http/http_exchange.h"

/* Chart.js draws on a canvas and sets styles through the DOM, so it needs no
 * more than the rest. */
#define CONTENT_POLICY                                                         \
	"default-src 'none'; script-src 'self'; style-src 'self'; "            \
	"img-src 'self'; connect-src 'self'; base-uri 'none'; "                \
	"form-action 'none'; frame-ancestors 'none'"
/* A page that somebody else made: its scripts come from here only, and its
 * styles may stand in it. */
#define FOREIGN_POLICY                                                         \
	"default-src 'none'; script-src 'self'; "                              \
	"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "       \
	"font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "     \
	"base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
/* Of the API's answers none is meant to be looked at as a page. */
#define ANSWER_POLICY "default-src 'none'; frame-ancestors 'none'; sandbox"

/* A client may have it already (RFC 9110 section 13.1.2). */
void http_answer_page(struct http_exchange *exchange, struct http_reply *reply)
{
	auto_(strbuf_clear) struct strbuf tags = {0};
	bool has_it;

	http_headers_of(exchange->connection, "If-None-Match", &tags);
	has_it = http_text_has_tag(strbuf_text(&tags), exchange->file->etag);
	reply->status = has_it ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
	reply->type = exchange->file->type;
	reply->file = exchange->file;
}

void http_page_headers(struct MHD_Response *response,
                       const struct http_reply *reply)
{
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Content-Security-Policy",
	                        reply->policy ? reply->policy
	                        : reply->file && reply->file->is_foreign
	                                ? FOREIGN_POLICY
	                        : reply->file ? CONTENT_POLICY
	                                      : ANSWER_POLICY);
	if (reply->policy != NULL)
		MHD_add_response_header(response, "X-Frame-Options", "DENY");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy",
	                        "same-origin");
	if (reply->file == NULL) {
		MHD_add_response_header(
			response, "Cache-Control",
			reply->immutable
				? "private, max-age=31536000, immutable"
				: "no-cache, no-store, must-revalidate");
		return;
	}
	/* kept, but asked for each time: pages and scripts belong together */
	MHD_add_response_header(response, "Cache-Control", "no-cache");
	MHD_add_response_header(response, "ETag", reply->file->etag);
}
