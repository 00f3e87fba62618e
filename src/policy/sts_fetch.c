/*
 * libcurl, one handle a fetch, whose sockets and timer are the loop's.  The
 * host's addresses come from our own resolver, so that its deadline holds and a
 * test's DNS is all there is; libcurl would keep them for all handles of a
 * thread, so each has a cache of its own.
 *
 * libcurl falls back to the certificate's common name when there is no
 * subjectAltName.  RFC 8461 section 3.3 does not want that, so the names are
 * looked at again, in the list that libcurl makes of the certificate
 * (CURLINFO_CERTINFO): only a certificate with a DNS name in it will do.
 */
#include "policy/sts_fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/http_transfer.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "policy/turns.h"

enum {
	TIMEOUT_SECS = 60, /* RFC 8461 section 3.3 */
	AT_ONCE = 64,
	OWNERS = 4,   /* of domains have all places */
	NETWORKS = 2, /* of policy hosts have them, as one serves many */
	OF_OWNER = 4, /* an owner may be so many times as slow where only others
	                 of his have to wait */
	QUEUE_MS = 30 * 1000,
	ROOM_MS = 100, /* between two looks whether one is slow */
	HURRIED_MS =
		3 * 1000, /* what a policy takes that is worth waiting for */
	HTTP_OK = 200,
	WORDS = 160, /* of curl, in a problem */
};

struct transfer {
	struct loop_timer timer; /* in the queue */
	struct curl_fetcher *self;
	struct sts_call *call;
	struct http_transfer http; /* easy: NULL in the queue */
	CURLSH *addresses;
	struct curl_slist *host_at;
	const char *host; /* "mta-sts.example.com" */
	struct arena *arena;
	struct sts_reply *reply;
	struct turn turn;
};

struct curl_fetcher {
	struct sts_fetcher fetcher;
	struct sts_fetch_options options;
	struct address_guard *guard;
	struct loop *loop;
	struct loop_timer timer; /* libcurl's */
	CURLM *multi;
	struct turns turns;
	struct loop_timer room_timer; /* when to end those that are slow */
};

/* A socket of libcurl's. */
struct curl_watch {
	struct loop_watch watch;
	struct curl_fetcher *self;
};

static void fail(struct transfer *t, enum view_status status, const char *words)
{
	char safe[WORDS];

	t->reply->status = status;
	t->reply->problem = arena_printf(
		t->arena, "%s: %s", t->host,
		utf8_show(safe, sizeof(safe), words, strlen(words)));
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

	t->addresses = curl_share_init();
	if (t->addresses == NULL)
		abort(); /* memory, and nothing else */
	curl_share_setopt(t->addresses, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	http_transfer_open(&t->http, &terms);
	easy = t->http.easy;
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	                 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_SHARE, t->addresses);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
}

/* Where to connect to. */
static void set_place(struct transfer *t)
{
	bool fixed = t->self->fetcher.knows_the_place;
	char *text =
		fixed ? xasprintf("::%s", t->self->options.resolve_to)
		      : xasprintf("%s:443:%s", t->host, t->call->addresses);

	t->host_at = curl_slist_append(NULL, text);
	free(text);
	curl_easy_setopt(t->http.easy,
	                 fixed ? CURLOPT_CONNECT_TO : CURLOPT_RESOLVE,
	                 t->host_at);
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

/* --- from the queue to the end --- */

static void transfer_free(struct transfer *t)
{
	struct curl_fetcher *self = t->self;

	t->call->work = NULL;
	loop_drop(self->loop, &t->timer);
	turns_end(&self->turns, &t->turn);
	if (t->http.easy != NULL) {
		curl_multi_remove_handle(self->multi, t->http.easy);
		http_transfer_close(&t->http);
		curl_share_cleanup(t->addresses);
		curl_slist_free_all(t->host_at);
	}
	free(t);
}

static void tell(struct transfer *t)
{
	struct sts_call *call = t->call;

	transfer_free(t);
	call->done(call);
}

static void begin(struct transfer *t)
{
	struct curl_fetcher *self = t->self;
	char *url = xasprintf("https://%s/.well-known/mta-sts.txt", t->host);

	turns_begin(&self->turns, &t->turn, clock_host_ms());
	loop_drop(self->loop, &t->timer);
	open_transfer(t);
	set_place(t);
	http_transfer_begin(&t->http);
	curl_easy_setopt(t->http.easy, CURLOPT_URL, url);
	free(url);
	curl_multi_add_handle(self->multi, t->http.easy);
}

/* The place of a host that is slow, for one that waits. */
static bool make_room(struct curl_fetcher *self)
{
	int64_t hurried_ms = self->options.hurried_ms;
	int64_t now_ms = clock_host_ms();
	struct turn *turn = turns_in_the_way(&self->turns, now_ms - hurried_ms,
	                                     now_ms - OF_OWNER * hurried_ms);
	struct transfer *t;
	char words[WORDS];

	if (turn == NULL)
		return false;
	t = container_of(turn, struct transfer, turn);
	snprintf(words, sizeof(words),
	         "no policy within %" PRId64 " ms, while other policy hosts "
	         "had to wait",
	         now_ms - turn->begun_ms);
	fail(t, VIEW_TEMPFAIL, words);
	t->reply->hurried = true;
	tell(t);
	return true;
}

/* As many as there may be, those that somebody waits for first. */
static void begin_next(struct curl_fetcher *self)
{
	struct turns *turns = &self->turns;
	struct turn *turn;

	do {
		while ((turn = turns_next(turns, false)) != NULL ||
		       (turn = turns_next(turns, true)) != NULL)
			begin(container_of(turn, struct transfer, turn));
	} while (make_room(self));
	if (turns->waiting[0] + turns->waiting[1] > 0)
		loop_at(self->loop, &self->room_timer,
		        clock_host_ms() + ROOM_MS);
}

static void on_room(struct loop_timer *timer)
{
	begin_next(container_of(timer, struct curl_fetcher, room_timer));
}

/* Its turn has not come: too many hosts before it are slow. */
static void on_queue_timeout(struct loop_timer *timer)
{
	struct transfer *t = container_of(timer, struct transfer, timer);

	fail(t, VIEW_TEMPFAIL,
	     "not fetched, because too many other policy hosts are slow");
	tell(t);
}

/* --- libcurl in the loop --- */

static void take_ended(struct curl_fetcher *self)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
		CURLcode result = message->data.result;
		struct transfer *t = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		                  (char **)&t);
		judge_end(t, result);
		tell(t);
	}
	begin_next(self);
}

static void on_socket(struct loop_watch *watch, uint32_t events)
{
	struct curl_fetcher *self =
		container_of(watch, struct curl_watch, watch)->self;
	int what =
		((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
		((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
		((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
	int running;

	curl_multi_socket_action(self->multi, watch->fd, what, &running);
	take_ended(self);
}

/* CURLMOPT_SOCKETFUNCTION */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
                        void *socket_arg)
{
	struct curl_fetcher *self = arg;
	struct curl_watch *watch = socket_arg;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch != NULL)
			loop_unwatch(self->loop, &watch->watch);
		free(watch);
		return 0;
	}
	if (watch == NULL) {
		watch = xcalloc(1, sizeof(*watch));
		watch->watch.fd = fd;
		watch->watch.ready = on_socket;
		watch->self = self;
		curl_multi_assign(self->multi, fd, watch);
	}
	loop_watch(self->loop, &watch->watch,
	           ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) |
	                   ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u));
	return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct curl_fetcher *self = arg;

	(void)multi;
	if (timeout_ms < 0)
		loop_drop(self->loop, &self->timer);
	else
		loop_at(self->loop, &self->timer, clock_host_ms() + timeout_ms);
	return 0;
}

static void on_timer(struct loop_timer *timer)
{
	struct curl_fetcher *self =
		container_of(timer, struct curl_fetcher, timer);
	int running;

	curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_ended(self);
}

/* --- the port --- */

/* "192.0.2.1,[2001:db8::1]": its network by the first; hosts of one owner have
 * all of them there. */
static uint64_t share_of_host(const char *addresses)
{
	struct span rest = span_of(addresses != NULL ? addresses : ""), first;

	span_split(&rest, ',', &first);
	if (span_skip(&first, "[") && first.len > 0)
		first.len--;
	return first.len > 0 ? turns_share_of_address(first.at, first.len) : 0;
}

static void fetch(struct sts_fetcher *fetcher, struct sts_call *call)
{
	struct curl_fetcher *self = (struct curl_fetcher *)fetcher;
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->timer.due = on_queue_timeout;
	t->self = self;
	t->call = call;
	t->host = arena_printf(call->arena, "mta-sts.%s", call->domain);
	t->arena = call->arena;
	t->reply = &call->reply;
	call->reply = (struct sts_reply){.status = VIEW_UNKNOWN};
	call->work = t;
	t->turn.background = call->background;
	t->turn.shares[0] = call->share;
	t->turn.shares[1] = share_of_host(call->addresses);
	turns_wait(&self->turns, &t->turn);
	loop_at(self->loop, &t->timer, clock_host_ms() + QUEUE_MS);
	begin_next(self);
}

static void drop(struct sts_fetcher *fetcher, struct sts_call *call)
{
	struct curl_fetcher *self = (struct curl_fetcher *)fetcher;

	if (call->work == NULL)
		return;
	transfer_free(call->work);
	/* others have their turn, unless the loop runs no more */
	loop_at(self->loop, &self->timer, clock_host_ms());
}

static void free_fetcher(struct sts_fetcher **fetcher)
{
	struct curl_fetcher *self = (struct curl_fetcher *)*fetcher;

	if (self == NULL)
		return;
	if (self->multi != NULL)
		curl_multi_cleanup(self->multi);
	loop_drop(self->loop, &self->timer);
	loop_drop(self->loop, &self->room_timer);
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

static int open_multi(struct curl_fetcher *self, struct err *err)
{
	self->multi = curl_multi_init();
	if (self->multi == NULL)
		return err_set(err, ERR_IO,
		               "cannot create a libcurl multi handle");
	curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
	curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
	return 0;
}

int sts_fetch_open(const struct sts_fetch_options *options, struct loop *loop,
                   struct sts_fetcher **fetcher, struct err *err)
{
	size_t places = options->at_once > 0 ? options->at_once : AT_ONCE;
	struct curl_fetcher *self;

	if (check(options, err) < 0)
		return err->class;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_IO, "cannot initialize libcurl");
	self = xcalloc(1, sizeof(*self));
	self->fetcher = (struct sts_fetcher){
		.fetch = fetch,
		.drop = drop,
		.free = free_fetcher,
		.knows_the_place = options->resolve_to != NULL &&
	                           options->resolve_to[0] != '\0',
	};
	self->options = *options;
	if (self->options.hurried_ms <= 0)
		self->options.hurried_ms = HURRIED_MS;
	self->loop = loop;
	self->timer.due = on_timer;
	self->room_timer.due = on_room;
	turns_init(&self->turns);
	self->turns.places = places;
	self->turns.background_places = places < 2 ? places : places / 2;
	self->turns.places_each[0] = places < OWNERS ? 1 : places / OWNERS;
	self->turns.places_each[1] = places < NETWORKS ? 1 : places / NETWORKS;
	self->guard = address_guard_new(options->allow_private, err);
	*fetcher = &self->fetcher;
	if (self->guard != NULL && open_multi(self, err) == 0)
		return 0;
	free_fetcher(fetcher);
	return ERR_IO;
}
