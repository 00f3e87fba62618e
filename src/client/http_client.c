#include "client/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/ascii.h"
#include "base/auto.h"
#include "base/curl_handle.h"
#include "base/http_transfer.h"
#include "base/io.h"
#include "base/xalloc.h"

enum { CONNECT_SECS = 10, CA_FILE_MAX = 16 * 1024 * 1024 };

struct http_client {
	struct http_transfer http;
	char *place;        /* "https://tally.example.com:443", "unix:/PATH" */
	const char *socket; /* of a unix socket: its path; NULL */
	struct curl_slist *get_headers, *post_headers;
};

void http_client_answer_clear(struct http_client_answer *answer)
{
	strbuf_clear(&answer->body);
}

/* --- URLs --- */

static void free_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void free_part(char **part)
{
	curl_free(*part);
	*part = NULL;
}

static int no_url(const char *text, const char *words, struct err *err)
{
	return err_set(err, ERR_PARSE, "'%.100s': %s", text, words);
}

static const char unix_scheme[] = "unix:";

static bool is_unix(const char *text)
{
	return strncmp(text, unix_scheme, strlen(unix_scheme)) == 0;
}

static char *unix_place(const char *text, struct err *err)
{
	const char *path = text + strlen(unix_scheme);
	const struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (path[0] != '/')
		no_url(text, "not an absolute path, like unix:/run/tally.sock",
		       err);
	else if (strlen(path) >= sizeof(address.sun_path))
		no_url(text, "the path is too long for a unix socket", err);
	else
		return xstrdup(text);
	return NULL;
}

/* "https://host:port", lower case; NULL and words when we go nowhere like
 * that. */
static char *place_of(const char *text, struct err *err)
{
	auto_(free_url) CURLU *url = curl_url();
	auto_(free_part) char *scheme = NULL;
	auto_(free_part) char *host = NULL;
	auto_(free_part) char *port = NULL;
	auto_(free_part) char *user = NULL;
	char *place;

	if (is_unix(text))
		return unix_place(text, err);
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) !=
	            CURLUE_OK) {
		no_url(text, "not a URL like https://tally.example.com", err);
		return NULL;
	}
	if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) {
		no_url(text, "the scheme is not https or http", err);
		return NULL;
	}
	if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK) {
		/* not shown: a password may stand there */
		err_set(err, ERR_PARSE,
		        "a user name in the URL is not supported; use "
		        "--api-key-file");
		return NULL;
	}
	place = xasprintf("%s://%s:%s", scheme, host, port);
	for (char *c = place; *c != '\0'; c++)
		*c = ascii_lower(*c);
	return place;
}

/* Only to this host may the key go in clear text. */
static int check_clear_text(const char *place, const char *text,
                            struct err *err)
{
	static const char *const here[] = {
		"http://localhost:", "http://127.0.0.1:", "http://[::1]:"};

	if (strncmp(place, "https:", 6) == 0 || is_unix(place))
		return 0;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		if (strncmp(place, here[i], strlen(here[i])) == 0)
			return 0;
	return no_url(text,
	              "http:// sends the token in clear text, and is allowed "
	              "only for localhost, 127.0.0.1 and [::1]; use https://",
	              err);
}

bool http_client_is_same_place(const struct http_client *client,
                               const char *url)
{
	struct err ignored;
	auto_(xfree_str) char *place = place_of(url, &ignored);

	return place != NULL &&
	       (client->socket != NULL || strcmp(place, client->place) == 0);
}

const char *http_client_shown(const struct http_client *client, const char *url)
{
	return client->socket != NULL ? client->place : url;
}

int http_client_url_resolve(const char *base, const char *text, char **out,
                            struct err *err)
{
	auto_(free_url) CURLU *url = curl_url();
	auto_(free_part) char *whole = NULL;

	if (strlen(text) >= HTTP_URL_MAX)
		return no_url(text, "the URL is too long", err);
	if (base == NULL && is_unix(text)) {
		*out = xstrdup("http://localhost/");
		return 0;
	}
	if ((base != NULL &&
	     curl_url_set(url, CURLUPART_URL, base, 0) != CURLUE_OK) ||
	    curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return no_url(text, "not a URL like https://tally.example.com",
		              err);
	*out = xstrdup(whole);
	return 0;
}

/* What goes through a unix socket has no place but that socket, whatever the
 * server says of its own: the path alone is asked for. */
static int set_url(struct http_client *client, const char *text,
                   struct err *err)
{
	CURL *easy = client->http.easy;
	auto_(free_url) CURLU *url = curl_url();
	auto_(free_part) char *whole = NULL;

	if (client->socket == NULL) {
		curl_easy_setopt(easy, CURLOPT_URL, text);
		return 0;
	}
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_SCHEME, "http", 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_HOST, "localhost", 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_PORT, NULL, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return no_url(text, "not a URL", err);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	curl_easy_setopt(easy, CURLOPT_URL, whole);
	return 0;
}

/* --- one request --- */

static void keep_text(CURL *easy, CURLINFO what, char *out, size_t room)
{
	char *text = NULL;

	out[0] = '\0';
	if (curl_easy_getinfo(easy, what, &text) == CURLE_OK && text != NULL &&
	    strlen(text) < room)
		snprintf(out, room, "%s", text);
}

/* A body may have arrived once there was a connection. */
static int say_failure(struct http_client *client, const char *url,
                       CURLcode result, bool has_body, struct err *err)
{
	char why[CURL_ERROR_SIZE];
	enum http_failure how =
		http_transfer_failure(&client->http, result, why, sizeof(why));
	long sent = 0, number = 0;

	if (client->socket != NULL && result == CURLE_COULDNT_CONNECT &&
	    curl_easy_getinfo(client->http.easy, CURLINFO_OS_ERRNO, &number) ==
	            CURLE_OK &&
	    number != 0)
		snprintf(why, sizeof(why), "%s", strerror((int)number));
	curl_easy_getinfo(client->http.easy, CURLINFO_REQUEST_SIZE, &sent);
	return err_set(err,
	               how == HTTP_TOO_LONG   ? ERR_LIMIT
	               : has_body && sent > 0 ? ERR_UNCERTAIN
	                                      : ERR_IO,
	               "%.200s: %s", http_client_shown(client, url), why);
}

int http_client_ask(struct http_client *client, const char *url,
                    const struct strbuf *body,
                    struct http_client_answer *answer, struct err *err)
{
	CURL *easy = client->http.easy;
	CURLcode result;

	*answer = (struct http_client_answer){.status = 0};
	if (!http_client_is_same_place(client, url))
		return err_set(
			err, ERR_PARSE,
			"%.200s is not at %s, and the token is not sent there",
			url, client->place);
	http_transfer_begin(&client->http);
	if (set_url(client, url, err) < 0)
		return err->class;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
	                 body ? client->post_headers : client->get_headers);
	if (body != NULL) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, strbuf_text(body));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		                 (curl_off_t)body->len);
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	result = curl_easy_perform(easy);
	if (result != CURLE_OK)
		return say_failure(client, url, result, body != NULL, err);
	answer->body = client->http.body;
	strbuf_init(&client->http.body, HTTP_BODY_MAX);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
	keep_text(easy, CURLINFO_CONTENT_TYPE, answer->type,
	          sizeof(answer->type));
	keep_text(easy, CURLINFO_REDIRECT_URL, answer->location,
	          sizeof(answer->location));
	return 0;
}

/* --- life --- */

/* RFC 6750 section 2.1. */
static bool is_token(const char *key)
{
	return key[0] != '\0' &&
	       key[strspn(key,
	                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                  "abcdefghijklmnopqrstuvwxyz0123456789-._~+/=")] ==
	               '\0';
}

static void add_header(struct http_client *client, const char *line)
{
	client->get_headers = curl_slist_append(client->get_headers, line);
	client->post_headers = curl_slist_append(client->post_headers, line);
}

static int set_headers(struct http_client *client, const char *key,
                       struct err *err)
{
	auto_(xfree_str) char *line = NULL;

	add_header(client, "Accept: application/json");
	client->post_headers = curl_slist_append(
		client->post_headers, "Content-Type: application/json");
	/* no 100-continue: it costs a second where nobody knows it */
	client->post_headers =
		curl_slist_append(client->post_headers, "Expect:");
	if (key == NULL)
		return 0;
	if (!is_token(key))
		return err_set(err, ERR_PARSE,
		               "the token is empty, or has characters that are "
		               "not allowed in a bearer token");
	line = xasprintf("Authorization: Bearer %s", key);
	add_header(client, line);
	return 0;
}

/* Read at once: whoever opens a client as root is somebody else when it
 * connects, and may not read root's file then. */
static int use_authorities(struct http_client *client, const char *path,
                           struct err *err)
{
	CURL *easy = client->http.easy;
#if LIBCURL_VERSION_NUM >= 0x074d00
	auto_(strbuf_clear) struct strbuf text = {0};
	struct curl_blob blob = {.flags = CURL_BLOB_COPY};

	strbuf_init(&text, CA_FILE_MAX);
	if (io_read_file(path, &text, err) < 0)
		return err->class;
	if (strstr(strbuf_text(&text), "-----BEGIN ") == NULL)
		return err_set(err, ERR_IO, "%s: no certificate in PEM format",
		               path);
	blob.data = text.data;
	blob.len = text.len;
	curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
#else
	if (access(path, R_OK) < 0)
		return err_errno(err, ERR_IO, "%s", path);
	curl_handle_verify(easy, true, path);
#endif
	return 0;
}

int http_client_open(const struct http_client_options *options,
                     struct http_client **out, struct err *err)
{
	const struct http_terms terms = {
		.http_too = true,
		.connect_secs = CONNECT_SECS,
		.timeout_secs = options->timeout_secs ? options->timeout_secs
	                                              : HTTP_TIMEOUT_SECS,
		.body_max = HTTP_BODY_MAX,
	};
	char *place = place_of(options->url, err);
	struct http_client *client;

	if (place == NULL)
		return ERR_PARSE;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	client = xcalloc(1, sizeof(*client));
	client->place = place;
	client->socket = is_unix(place) ? place + strlen(unix_scheme) : NULL;
	http_transfer_open(&client->http, &terms);
	*out = client;
	if ((options->ca_file == NULL ||
	     use_authorities(client, options->ca_file, err) == 0) &&
	    check_clear_text(place, options->url, err) == 0 &&
	    set_headers(client, options->key, err) == 0)
		return 0;
	http_client_free(out);
	return err->class;
}

void http_client_free(struct http_client **client)
{
	if (*client == NULL)
		return;
	http_transfer_close(&(*client)->http);
	curl_slist_free_all((*client)->get_headers);
	curl_slist_free_all((*client)->post_headers);
	free((*client)->place);
	free(*client);
	*client = NULL;
	curl_global_cleanup();
}
