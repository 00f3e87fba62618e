/*
 * http_client - requests to one server, with a key that nobody else gets
 *
 * One connection to one place: scheme, host and port of the URL it was opened
 * with.  It goes nowhere else, whatever the server says: a URL of another
 * place is refused, and redirects are the caller's to follow.  HTTPS with
 * verification; plain HTTP only to this very host.  No proxy, no netrc, no
 * cookies.  Answers are bounded in size and time.
 */
#ifndef TLSTALLY_CLIENT_HTTP_CLIENT_H
#define TLSTALLY_CLIENT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	HTTP_BODY_MAX = 64 * 1024 * 1024,
	HTTP_TIMEOUT_SECS = 60,
	HTTP_URL_MAX = 2048,
};

struct http_client_options {
	const char *url;
	const char *key;      /* a bearer token; NULL */
	const char *ca_file;  /* NULL: the system's */
	int64_t timeout_secs; /* of one request; 0: HTTP_TIMEOUT_SECS */
};

struct http_client_answer {
	long status;
	char type[64];               /* media type; "" */
	char location[HTTP_URL_MAX]; /* of a redirect, absolute; "" */
	struct strbuf body;
};

void http_client_answer_clear(struct http_client_answer *answer);

struct http_client;

/* ERR_PARSE: no URL that can be used, or a key that no header can hold. */
int http_client_open(const struct http_client_options *options,
                     struct http_client **client, struct err *err);
void http_client_free(struct http_client **client);

/* Is it the place of the client's URL? */
bool http_client_is_same_place(const struct http_client *client,
                               const char *url);

/* As people are to read it: of a unix socket the socket. */
const char *http_client_shown(const struct http_client *client,
                              const char *url);

/* A URL, maybe relative, as seen from another; the path is "/" at least.  That
 * of a unix socket is "http://localhost/".  ERR_PARSE.  The text is the
 * caller's. */
int http_client_url_resolve(const char *base, const char *url, char **out,
                            struct err *err);

/* GET, or POST of a JSON body.  ERR_IO: no answer; ERR_UNCERTAIN: none, but
 * the body may have arrived; ERR_LIMIT: too large.  Any status is an
 * answer. */
int http_client_ask(struct http_client *client, const char *url,
                    const struct strbuf *body,
                    struct http_client_answer *answer, struct err *err);

#endif
