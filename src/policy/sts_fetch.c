/*
 * libcurl, one handle a fetch: nothing of one policy host is left for the
 * next.  The host's addresses come from our own resolver, so that its deadline
 * holds and a test's DNS is all there is.
 *
 * libcurl falls back to the certificate's common name when there is no
 * subjectAltName.  RFC 8461 section 3.3 does not want that, so the names are
 * looked at again, in the list that libcurl makes of the certificate
 * (CURLINFO_CERTINFO): only a certificate with a DNS name in it will do.
 */
#include "policy/sts_fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/address.h"
#include "base/http_transfer.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"

enum {
	TIMEOUT_SECS = 60, /* RFC 8461 section 3.3 */
	ADDRESSES_MAX = 16,
	HTTP_OK = 200,
	WORDS = 160, /* of curl, in a problem */
};

struct curl_fetcher {
	struct sts_fetcher fetcher;
	struct sts_fetch_options options;
	struct address_guard *guard;
};

struct transfer {
	struct curl_fetcher *self;
	struct http_transfer http;
	const char *host; /* "mta-sts.example.com" */
	struct arena *arena;
	struct sts_reply *reply;
};

static void fail(struct transfer *t, enum view_status status, const char *words)
{
	char safe[WORDS];

	t->reply->status = status;
	t->reply->problem = arena_printf(
		t->arena, "%s: %s", t->host,
		utf8_show(safe, sizeof(safe), words, strlen(words)));
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down,
                       curl_off_t up_total, curl_off_t up)
{
	const struct transfer *t = arg;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return t->self->options.stop != NULL &&
	       atomic_load(t->self->options.stop);
}

static void open_transfer(struct transfer *t)
{
	const struct sts_fetch_options *options = &t->self->options;
	const struct http_terms terms = {
		.guard = t->self->guard,
		.ca_file = options->ca_file,
		.timeout_secs = options->timeout_secs > 0
	                                ? options->timeout_secs
	                                : TIMEOUT_SECS,
		.body_max = STS_POLICY_MAX,
	};
	CURL *easy;

	http_transfer_open(&t->http, &terms);
	easy = t->http.easy;
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	                 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, t);
}

/* Appends ",192.0.2.1,[2001:db8::1]".  No answer is no fact about the host. */
static unsigned add_addresses(struct transfer *t, enum dns_type type,
                              struct strbuf *list, enum view_status *status,
                              const char **problem)
{
	struct resolver *resolver = t->self->options.resolver;
	size_t bytes = type == DNS_A ? 4 : 16;
	unsigned added = 0;
	struct dns_answer answer;

	resolver->query(resolver, t->host, type, t->arena, &answer);
	if (answer.problem != NULL)
		*problem = answer.problem;
	if (answer.status == VIEW_TEMPFAIL)
		*status = VIEW_TEMPFAIL;
	for (size_t i = 0; i < answer.count && added < ADDRESSES_MAX; i++) {
		char text[INET6_ADDRSTRLEN];

		if (answer.records[i].len != bytes)
			continue;
		inet_ntop(type == DNS_A ? AF_INET : AF_INET6,
		          answer.records[i].data, text, sizeof(text));
		strbuf_printf(list, type == DNS_A ? ",%s" : ",[%s]", text);
		added++;
	}
	return added;
}

/* Where to connect to; NULL with the reply filled in when that is unknown. */
static struct curl_slist *find_host(struct transfer *t)
{
	enum view_status status = VIEW_FETCH_ERROR;
	const char *problem = "has no address";
	struct strbuf list = {0}, entry = {0};
	struct curl_slist *slist = NULL;
	unsigned found;

	found = add_addresses(t, DNS_AAAA, &list, &status, &problem);
	found += add_addresses(t, DNS_A, &list, &status, &problem);
	if (found == 0) {
		fail(t, status, problem);
	} else {
		strbuf_printf(&entry, "%s:443:%s", t->host, list.data + 1);
		slist = curl_slist_append(NULL, entry.data);
	}
	strbuf_clear(&list);
	strbuf_clear(&entry);
	return slist;
}

static struct curl_slist *set_place(struct transfer *t)
{
	const char *to = t->self->options.resolve_to;
	bool fixed = to != NULL && to[0] != '\0';
	struct curl_slist *place;

	if (fixed) {
		char *text = xasprintf("::%s", to);

		place = curl_slist_append(NULL, text);
		free(text);
	} else {
		place = find_host(t);
	}
	curl_easy_setopt(t->http.easy,
	                 fixed ? CURLOPT_CONNECT_TO : CURLOPT_RESOLVE, place);
	return place;
}

/* "DNS:mta-sts.example.com, DNS:example.com": has it a DNS name? */
static bool lists_dns_name(const char *names)
{
	for (;;) {
		names += strspn(names, " ");
		if (strncmp(names, "DNS:", 4) == 0)
			return true;
		names = strchr(names, ',');
		if (names == NULL)
			return false;
		names++;
	}
}

static bool certificate_has_dns_name(const struct transfer *t)
{
	static const char title[] = "X509v3 Subject Alternative Name:";
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(t->http.easy, CURLINFO_CERTINFO, &info) !=
	            CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return false;
	for (const struct curl_slist *i = info->certinfo[0]; i != NULL;
	     i = i->next)
		if (strncmp(i->data, title, sizeof(title) - 1) == 0 &&
		    lists_dns_name(i->data + sizeof(title) - 1))
			return true;
	return false;
}

/* Somebody who says no is there. */
static bool was_missed(const struct transfer *t)
{
	long error = 0;

	curl_easy_getinfo(t->http.easy, CURLINFO_OS_ERRNO, &error);
	return !t->reply->connected && t->http.addresses_tried > 0 &&
	       error != ECONNREFUSED;
}

static void judge_failure(struct transfer *t, CURLcode result)
{
	static const enum view_status statuses[] = {
		[HTTP_FAILED] = VIEW_FETCH_ERROR,
		[HTTP_BAD_TLS] = VIEW_WEBPKI_ERROR,
		[HTTP_TOO_LONG] = VIEW_FETCH_ERROR,
		[HTTP_REFUSED] = VIEW_FETCH_ERROR,
		[HTTP_OURS] = VIEW_TEMPFAIL,
	};
	char words[CURL_ERROR_SIZE];

	fail(t,
	     statuses[http_transfer_failure(&t->http, result, words,
	                                    sizeof(words))],
	     words);
	t->reply->missed =
		t->reply->status == VIEW_FETCH_ERROR && was_missed(t);
}

/* Section 3.2: the media type should be text/plain; it is told, no more. */
static void check_media_type(struct transfer *t)
{
	static const char want[] = "text/plain";
	size_t len = sizeof(want) - 1;
	const char *type = NULL;
	char words[WORDS];

	curl_easy_getinfo(t->http.easy, CURLINFO_CONTENT_TYPE, &type);
	if (type == NULL)
		type = "";
	if (strncasecmp(type, want, len) == 0 &&
	    (type[len] == '\0' || strchr("; \t", type[len]) != NULL))
		return;
	snprintf(words, sizeof(words), "media type '%.60s' is not text/plain",
	         type);
	fail(t, VIEW_OK, words);
}

static void judge_end(struct transfer *t, CURLcode result)
{
	curl_off_t connect_us = 0;
	long status = 0;
	char words[80];

	curl_easy_getinfo(t->http.easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	t->reply->connected = connect_us > 0;
	curl_easy_getinfo(t->http.easy, CURLINFO_RESPONSE_CODE, &status);
	if (result != CURLE_OK) {
		judge_failure(t, result);
	} else if (!certificate_has_dns_name(t)) {
		fail(t, VIEW_WEBPKI_ERROR,
		     "the certificate has no DNS name in subjectAltName");
	} else if (status != HTTP_OK) {
		/* RFC 8461 section 3.3: any other is a failure, redirects too
		 */
		snprintf(words, sizeof(words), "HTTP status %ld%s", status,
		         status / 100 == 3 ? ", and redirects are not followed"
		                           : " instead of 200");
		fail(t, VIEW_FETCH_ERROR, words);
	} else {
		t->reply->status = VIEW_OK;
		check_media_type(t);
		t->reply->len = t->http.body.len;
		t->reply->body = arena_strndup(
			t->arena, strbuf_text(&t->http.body), t->http.body.len);
	}
}

static void perform(struct transfer *t)
{
	struct curl_slist *place = set_place(t);
	char *url;

	if (place == NULL)
		return;
	url = xasprintf("https://%s/.well-known/mta-sts.txt", t->host);
	curl_easy_setopt(t->http.easy, CURLOPT_URL, url);
	judge_end(t, curl_easy_perform(t->http.easy));
	free(url);
	curl_slist_free_all(place);
}

static void fetch(struct sts_fetcher *fetcher, const char *domain,
                  struct arena *arena, struct sts_reply *reply)
{
	struct transfer t = {
		.self = (struct curl_fetcher *)fetcher,
		.host = arena_printf(arena, "mta-sts.%s", domain),
		.arena = arena,
		.reply = reply,
	};

	memset(reply, 0, sizeof(*reply));
	open_transfer(&t);
	perform(&t);
	http_transfer_close(&t.http);
}

static void free_fetcher(struct sts_fetcher **fetcher)
{
	struct curl_fetcher *self = (struct curl_fetcher *)*fetcher;

	if (self == NULL)
		return;
	address_guard_free(&self->guard);
	free(self);
	*fetcher = NULL;
	curl_global_cleanup();
}

/* What this needs of libcurl and of the settings, before anybody waits for
 * it. */
static int check(const struct sts_fetch_options *options, struct err *err)
{
	const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;

	if (tls == NULL ||
	    (strncmp(tls, "OpenSSL", 7) != 0 && strncmp(tls, "LibreSSL", 8)))
		return err_set(err, ERR_IO,
		               "MTA-STS needs a libcurl that was built with "
		               "OpenSSL, and this one uses %s",
		               tls != NULL ? tls : "no TLS");
	if (options->ca_file != NULL && options->ca_file[0] != '\0' &&
	    access(options->ca_file, R_OK) < 0)
		return err_errno(err, ERR_IO, "%s", options->ca_file);
	return 0;
}

int sts_fetch_open(const struct sts_fetch_options *options,
                   struct sts_fetcher **fetcher, struct err *err)
{
	struct curl_fetcher *self;

	if (check(options, err) < 0)
		return err->class;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_IO, "cannot initialize libcurl");
	self = xcalloc(1, sizeof(*self));
	self->fetcher.fetch = fetch;
	self->fetcher.free = free_fetcher;
	self->options = *options;
	self->guard = address_guard_new(options->allow_private, err);
	*fetcher = &self->fetcher;
	if (self->guard != NULL)
		return 0;
	free_fetcher(fetcher);
	return ERR_IO;
}
