#include "http/http_events.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "jmap/jmap_push.h"

enum {
	LOOK_MS = 1000,
	QUIET_MS = 30 * 1000, /* proxies cut who says nothing for a minute */
	PING_LEAST = 5,
	PING_MOST = 300,
	LIFE_MS = 30 * 60 * 1000,
	BLOCK = 4096,
	LATER_SECS = 60,
	/* What is sent to who is there is acknowledged. */
	LOST_MS = 20 * 1000,
};

struct http_listener {
	struct http_events *events;
	struct http_listener *next, **link; /* NULL: not on the list yet */
	struct MHD_Connection *connection;
	struct http_connection *place;
	char *authorization;
	char name[API_TOKEN_NAME_TEXT];
	unsigned types;
	bool closes_after; /* the first event */
	int64_t ping_ms;   /* 0: none asked for */
	int64_t said_ms, pinged_ms, ends_ms;
	struct jmap_states told;
	struct strbuf text; /* to be sent */
	size_t sent;        /* of it */
	bool suspended, ended;
	bool gone; /* and has no place any more */
};

struct http_events {
	struct http *http;
	pthread_mutex_t lock;
	struct http_listener *first;
	unsigned count, max; /* of those that are there */
	int64_t looked_ms;
	bool stopping;
};

struct http_events *http_events_new(struct http *http, unsigned max)
{
	struct http_events *events = xcalloc(1, sizeof(*events));

	events->http = http;
	events->max = max;
	pthread_mutex_init(&events->lock, NULL);
	return events;
}

void http_events_free(struct http_events **events)
{
	if (*events == NULL)
		return;
	pthread_mutex_destroy(&(*events)->lock);
	free(*events);
	*events = NULL;
}

static int64_t now_ms(const struct http_events *events)
{
	return clock_monotonic_ms(events->http->jmap.clock);
}

/* --- one that listens --- */

/* Under the lock. */
static void wake(struct http_listener *listener)
{
	if (!listener->suspended)
		return;
	listener->suspended = false;
	MHD_resume_connection(listener->connection);
}

/* Has the client closed it?  libmicrohttpd does not look at one that is put
 * aside.  Who has only closed his own direction has nothing to say any more,
 * and counts as gone, as for proxies.  Under the lock. */
static void look_whether_gone(struct http_listener *listener)
{
	struct pollfd socket = {.fd = listener->place->fd, .events = POLLRDHUP};

	if (listener->gone || poll(&socket, 1, 0) <= 0)
		return;
	listener->gone = listener->ended = true;
	listener->events->count--;
	wake(listener);
}

static void look_who_is_gone(struct http_events *events)
{
	for (struct http_listener *l = events->first; l != NULL; l = l->next)
		look_whether_gone(l);
}

void http_listener_free(struct http_listener **freed)
{
	struct http_listener *listener = *freed;
	struct http_events *events;

	if (listener == NULL)
		return;
	events = listener->events;
	pthread_mutex_lock(&events->lock);
	*listener->link = listener->next;
	if (listener->next != NULL)
		listener->next->link = listener->link;
	events->count -= !listener->gone;
	pthread_mutex_unlock(&events->lock);
	strbuf_clear(&listener->text);
	free(listener->authorization);
	free(listener);
	*freed = NULL;
}

static void free_callback(void *arg)
{
	struct http_listener *listener = arg;

	http_listener_free(&listener);
}

/* libmicrohttpd asks for the next bytes, and is put aside when there are
 * none. */
static ssize_t read_events(void *arg, uint64_t position, char *out, size_t max)
{
	struct http_listener *listener = arg;
	struct http_events *events = listener->events;
	bool over = false;
	size_t left;

	(void)position;
	pthread_mutex_lock(&events->lock);
	left = listener->text.len - listener->sent;
	if (left > max)
		left = max;
	if (left > 0) {
		memcpy(out, listener->text.data + listener->sent, left);
		listener->sent += left;
		if (listener->sent == listener->text.len) {
			strbuf_reset(&listener->text);
			listener->sent = 0;
		}
	} else if (!listener->ended && !events->stopping) {
		listener->suspended = true;
		MHD_suspend_connection(listener->connection);
	} else {
		over = true;
	}
	pthread_mutex_unlock(&events->lock);
	/* one who was put aside may have been woken by now */
	return over ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)left;
}

struct MHD_Response *http_events_response(struct http_listener **taken)
{
	struct http_listener *listener = *taken;
	struct MHD_Response *response;

	http_connection_enter(
		&listener->events->http->doors[DOOR_API].connections,
		listener->place, HTTP_LISTEN);
	response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK, read_events, listener, free_callback);
	if (response != NULL)
		*taken = NULL;
	return response;
}

/* --- a request to listen --- */

static const char *argument(const struct http_exchange *exchange,
                            const char *name)
{
	const char *value = MHD_lookup_connection_value(
		exchange->connection, MHD_GET_ARGUMENT_KIND, name);

	return value != NULL ? value : "";
}

/* Seconds, 0 for none. */
static bool read_ping(const char *text, int64_t *ping_ms)
{
	size_t len = strspn(text, "0123456789");
	long secs = strtol(text, NULL, 10);

	if (len == 0 || len > 9 || text[len] != '\0')
		return false;
	if (secs > 0 && secs < PING_LEAST)
		secs = PING_LEAST;
	if (secs > PING_MOST)
		secs = PING_MOST;
	*ping_ms = secs * 1000;
	return true;
}

/* Under the lock. */
static unsigned listeners_of(const struct http_events *events, const char *name)
{
	unsigned n = 0;

	for (const struct http_listener *l = events->first; l; l = l->next)
		n += !l->gone && strcmp(l->name, name) == 0;
	return n;
}

/* Under the lock. */
static bool has_room(const struct http_events *events, const char *name)
{
	return events->count < events->max &&
	       listeners_of(events, name) < HTTP_EVENTS_OF_TOKEN;
}

/* False: there is no room. */
static bool join(struct http_events *events, struct http_listener *listener)
{
	bool fits;

	pthread_mutex_lock(&events->lock);
	if (!has_room(events, listener->name))
		look_who_is_gone(events);
	fits = !events->stopping && has_room(events, listener->name);
	if (fits) {
		listener->next = events->first;
		listener->link = &events->first;
		if (listener->next != NULL)
			listener->next->link = &listener->next;
		events->first = listener;
		events->count++;
	}
	pthread_mutex_unlock(&events->lock);
	return fits;
}

/* What it missed while it was not here. */
static void begin_text(struct http_listener *listener, const char *last_id)
{
	char id[JMAP_PUSH_ID];

	strbuf_puts(&listener->text, ":\n\n");
	if (last_id == NULL || listener->types == 0 ||
	    strcmp(last_id, jmap_push_id(&listener->told, id)) == 0)
		return;
	jmap_push_event(&listener->told, listener->types, &listener->text);
	listener->ended = listener->closes_after;
}

/* A client that went without a word, as a laptop does that is shut, is known by
 * what it does not acknowledge.  A unix socket has no such thing. */
static void notice_loss(const struct http_listener *listener)
{
	unsigned ms = LOST_MS;

	setsockopt(listener->place->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms,
	           sizeof(ms));
}

static struct http_listener *make_listener(struct http_exchange *exchange,
                                           int64_t ping_ms, bool closes_after)
{
	struct http_events *events = exchange->http->events;
	struct http_listener *listener = xcalloc(1, sizeof(*listener));
	int64_t now = now_ms(events);

	listener->events = events;
	listener->connection = exchange->connection;
	listener->place = http_place_of(exchange->connection);
	listener->authorization =
		xstrdup(http_header_of(exchange->connection, "Authorization"));
	snprintf(listener->name, sizeof(listener->name), "%s",
	         exchange->who.name);
	listener->types = jmap_push_types(argument(exchange, "types"),
	                                  exchange->who.permissions);
	listener->closes_after = closes_after;
	listener->ping_ms = ping_ms;
	listener->said_ms = listener->pinged_ms = now;
	listener->ends_ms = now + LIFE_MS;
	return listener;
}

static void throw_away(struct http_listener *listener)
{
	strbuf_clear(&listener->text);
	free(listener->authorization);
	free(listener);
}

void http_answer_events(struct http_exchange *exchange,
                        struct http_reply *reply)
{
	struct http_events *events = exchange->http->events;
	const char *close = argument(exchange, "closeafter");
	struct http_listener *listener;
	struct err err = {0};
	int64_t ping_ms;

	if (!read_ping(argument(exchange, "ping"), &ping_ms) ||
	    (strcmp(close, "no") != 0 && strcmp(close, "state") != 0) ||
	    argument(exchange, "types")[0] == '\0') {
		http_refuse(reply, MHD_HTTP_BAD_REQUEST,
		            "eventsource needs types, closeafter (no or state) "
		            "and ping (seconds)");
		return;
	}
	listener =
		make_listener(exchange, ping_ms, strcmp(close, "state") == 0);
	if (jmap_push_read(exchange->http->jmap.db, &listener->told, &err) <
	    0) {
		throw_away(listener);
		http_refuse(reply, MHD_HTTP_SERVICE_UNAVAILABLE, err.text);
		return;
	}
	begin_text(listener,
	           http_header_of(exchange->connection, "Last-Event-ID"));
	if (!join(events, listener)) {
		throw_away(listener);
		reply->retry_after = LATER_SECS;
		http_refuse(reply, MHD_HTTP_TOO_MANY_REQUESTS,
		            "too many listeners");
		return;
	}
	notice_loss(listener);
	reply->status = MHD_HTTP_OK;
	reply->type = TYPE_EVENTS;
	reply->listener = listener;
}

/* --- once a second --- */

/* Is the token still good?  What cannot be known now is no reason to go. */
static bool may_stay(const struct http_listener *listener)
{
	struct auth_answer who;

	auth_check(listener->events->http->auth, listener->authorization,
	           (struct auth_from){"events", true, true}, &who);
	return who.result == AUTH_OK || who.result == AUTH_UNAVAILABLE;
}

/* Under the lock. */
static void tell(struct http_listener *listener, const struct jmap_states *now,
                 int64_t now_ms)
{
	unsigned changed = jmap_push_changed(&listener->told, now);
	bool pings = listener->ping_ms > 0 &&
	             now_ms - listener->pinged_ms >= listener->ping_ms;

	listener->ended |= now_ms >= listener->ends_ms;
	if (changed & listener->types) {
		jmap_push_event(now, changed & listener->types,
		                &listener->text);
		listener->ended |= listener->closes_after;
	} else if (pings) {
		listener->pinged_ms = now_ms;
		strbuf_printf(&listener->text,
		              "event: ping\ndata: {\"interval\":%d}\n\n",
		              (int)(listener->ping_ms / 1000));
	} else if (now_ms - listener->said_ms >= QUIET_MS) {
		strbuf_puts(&listener->text, ":\n\n");
	}
	listener->told = *now;
	if (listener->text.len == 0 && !listener->ended)
		return;
	if (!may_stay(listener)) {
		strbuf_reset(&listener->text);
		listener->sent = 0;
		listener->ended = true;
	}
	listener->said_ms = now_ms;
	wake(listener);
}

void http_events_tick(struct http_events *events)
{
	int64_t now = now_ms(events);
	struct jmap_states states;
	struct err ignored;

	if (events->count == 0 || now - events->looked_ms < LOOK_MS)
		return;
	events->looked_ms = now;
	pthread_mutex_lock(&events->lock);
	look_who_is_gone(events);
	pthread_mutex_unlock(&events->lock);
	if (jmap_push_read(events->http->jmap.db, &states, &ignored) < 0)
		return;
	pthread_mutex_lock(&events->lock);
	for (struct http_listener *l = events->first; l != NULL; l = l->next)
		/* who does not read what he got is told the last later */
		if (l->text.len == 0 && !l->ended)
			tell(l, &states, now);
	pthread_mutex_unlock(&events->lock);
}

void http_events_stop(struct http_events *events)
{
	pthread_mutex_lock(&events->lock);
	events->stopping = true;
	for (struct http_listener *l = events->first; l != NULL; l = l->next)
		wake(l);
	pthread_mutex_unlock(&events->lock);
}
