#include "base/http_transfer.h"

#include <errno.h>
#include <stdio.h>

#include "config.h"

#include "base/curl_handle.h"

/* CURLOPT_OPENSOCKETFUNCTION: after DNS, before the first packet.  Told "no",
 * curl tries the host's next address. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
	struct http_transfer *http = arg;
	curl_socket_t fd;

	if (http->guard != NULL &&
	    !address_guard_allows(http->guard, &address->addr, http->refused,
	                          sizeof(http->refused)))
		return CURL_SOCKET_BAD;
	http->addresses_tried++;
	fd = curl_handle_open_socket(NULL, purpose, address);
	if (fd == CURL_SOCKET_BAD && errno != EAFNOSUPPORT)
		http->no_socket = true;
	return fd;
}

/* Told less than all, curl ends the transfer. */
static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
	struct http_transfer *http = arg;

	(void)one;
	http->header_bytes += len;
	if (http->header_bytes > HTTP_HEADERS_MAX)
		return 0;
	if (http->header != NULL)
		http->header(http->arg, line, len);
	return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct http_transfer *http = arg;

	(void)one;
	strbuf_add(&http->body, data, len);
	return http->body.failed ? 0 : len;
}

static void allow_protocols(CURL *easy, bool http_too)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
	                 http_too ? "https,http" : "https");
#else
	curl_easy_setopt(
		easy, CURLOPT_PROTOCOLS,
		(long)(CURLPROTO_HTTPS | (http_too ? CURLPROTO_HTTP : 0)));
#endif
}

void http_transfer_open(struct http_transfer *http,
                        const struct http_terms *terms)
{
	int64_t connect_secs = terms->connect_secs > 0 ? terms->connect_secs
	                                               : HTTP_CONNECT_SECS;
	CURL *easy = curl_handle_new();

	*http = (struct http_transfer){.easy = easy, .guard = terms->guard};
	strbuf_init(&http->body, terms->body_max);
	allow_protocols(easy, terms->http_too);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "tlstally/" VERSION);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	                 (long)CURL_SSLVERSION_TLSv1_2);
	curl_handle_verify(easy, !terms->unverified, terms->ca_file);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)terms->timeout_secs);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
	                 (long)(connect_secs < terms->timeout_secs
	                                ? connect_secs
	                                : terms->timeout_secs));
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->words);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
}

void http_transfer_close(struct http_transfer *http)
{
	curl_easy_cleanup(http->easy);
	strbuf_clear(&http->body);
}

void http_transfer_begin(struct http_transfer *http)
{
	strbuf_reset(&http->body);
	http->header_bytes = 0;
	http->addresses_tried = 0;
	http->no_socket = false;
	http->refused[0] = http->words[0] = '\0';
}

static void say_too_long(const struct http_transfer *http, char *why,
                         size_t room)
{
	size_t kib = http->body.cap / 1024;

	if (http->header_bytes > HTTP_HEADERS_MAX)
		snprintf(why, room,
		         "the response headers are longer than %d KiB",
		         HTTP_HEADERS_MAX / 1024);
	else
		snprintf(why, room, "the response is longer than %zu %s",
		         kib < 1024 ? kib : kib / 1024,
		         kib < 1024 ? "KiB" : "MiB");
}

enum http_failure http_transfer_failure(const struct http_transfer *http,
                                        CURLcode result, char *why, size_t room)
{
	curl_handle_words(http->words, result, why, room);
	if (http->header_bytes > HTTP_HEADERS_MAX || http->body.failed) {
		say_too_long(http, why, room);
		return HTTP_TOO_LONG;
	}
	if (http->no_socket)
		return HTTP_OURS;
	if (http->refused[0] != '\0' && http->addresses_tried == 0) {
		snprintf(why, room, "%s", http->refused);
		return HTTP_REFUSED;
	}
	switch (result) {
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_ABORTED_BY_CALLBACK:
		return HTTP_OURS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_BAD_TLS;
	default:
		return HTTP_FAILED;
	}
}
