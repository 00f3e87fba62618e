/*
 * http_transfer - requests over HTTP that the other side cannot abuse
 *
 * Policies are fetched from hosts that strangers name, reports are sent to
 * such, and the API is asked at one that the operator names.  What none of
 * them may do to us stands here, once:
 *
 *     where to        https (http too where the caller says so); no proxy and
 *                     no netrc; redirects are not followed; the address guard
 *                     is asked when the socket is opened (base/address.h)
 *     TLS             1.2 or later (RFC 8996), certificate and name verified
 *     how much        64 KiB of headers together, body_max bytes of body
 *     how long        to the connection, and altogether
 *     in our words    all that a failure shows to people is printable
 *
 *     http_transfer_open(&http, &terms);
 *     curl_easy_setopt(http.easy, CURLOPT_URL, url);
 *     http_transfer_begin(&http);
 *     result = curl_easy_perform(http.easy);
 *     if (result != CURLE_OK)
 *             how = http_transfer_failure(&http, result, why, sizeof(why));
 *     http_transfer_close(&http);
 *
 * One handle may be used for one request after another.
 */
#ifndef TLSTALLY_BASE_HTTP_TRANSFER_H
#define TLSTALLY_BASE_HTTP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/address.h"
#include "base/strbuf.h"

enum { HTTP_CONNECT_SECS = 30, HTTP_HEADERS_MAX = 65536 };

struct http_terms {
	struct address_guard *guard; /* lent; NULL: to any address */
	const char *ca_file;         /* as for curl_handle_verify() */
	bool unverified;
	bool http_too;
	int64_t connect_secs; /* 0: HTTP_CONNECT_SECS */
	int64_t timeout_secs; /* of a request */
	size_t body_max;
};

/* Stays where it is while it is open: libcurl knows its address. */
struct http_transfer {
	CURL *easy;
	struct address_guard *guard;
	/* Each line of the headers, "HTTP/1.1 200 OK" too; NULL: not wanted. */
	void (*header)(void *arg, const char *line, size_t len);
	void *arg;
	/* of the request under way */
	struct strbuf body;
	size_t header_bytes;
	unsigned addresses_tried;
	bool no_socket;    /* we have none left */
	char refused[128]; /* why the last address was refused */
	char words[CURL_ERROR_SIZE];
};

void http_transfer_open(struct http_transfer *http,
                        const struct http_terms *terms);
void http_transfer_close(struct http_transfer *http);

/* Before each request. */
void http_transfer_begin(struct http_transfer *http);

/* Whose fault is it that there is no answer, or no whole one? */
enum http_failure {
	HTTP_FAILED,   /* the way to it, or the server */
	HTTP_BAD_TLS,  /* its certificate, or TLS itself */
	HTTP_TOO_LONG, /* what it sent */
	HTTP_REFUSED,  /* by the address guard: nothing was tried */
	HTTP_OURS,     /* no list of authorities, no memory, no socket, or a
	                  callback of ours said no: nobody else can be blamed */
};

/* `why` gets it in words, without the server's name. */
enum http_failure http_transfer_failure(const struct http_transfer *http,
                                        CURLcode result, char *why,
                                        size_t room);

#endif
