/* Who is connected, and until when he may take for what he does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/lru.h"
#include "base/xalloc.h"
#include "http/http_wire.h"

enum {
	PEERS_MAX = 1 << 20, /* more than there are connections */
	NEAR_SHARE = 8,      /* one of so many connections */
	NEAR_FULL = 4,       /* libmicrohttpd's threads share what is left */
};

static const int64_t phase_ms[] = {
	[HTTP_HEADER] = 30 * 1000,
	[HTTP_BODY] = 60 * 1000,
	[HTTP_ANSWER] = 120 * 1000,
	/* half an hour, and what it takes to be sent */
	[HTTP_LISTEN] = 32 * 60 * 1000,
};

/* As limits count: an address, of IPv6 the network of 64 bits. */
static void write_peer(const struct in6_addr *address,
                       char text[HTTP_PEER_TEXT])
{
	struct in6_addr shown = *address;

	if (!IN6_IS_ADDR_V4MAPPED(&shown) && !IN6_IS_ADDR_LOOPBACK(&shown))
		memset(&shown.s6_addr[8], 0, 8);
	network_address_text(&shown, text);
}

static bool is_named(const struct sockaddr *address)
{
	struct sockaddr_in6 in6;

	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&in6, address, sizeof(in6));
	return in6.sin6_scope_id == HTTP_NAMED_SCOPE;
}

/* Who is at the other end; "local" at that of a unix socket. */
static void read_peer(const struct http_connections *all,
                      const struct sockaddr *address,
                      struct http_connection *out)
{
	struct in6_addr in;

	if (!network_address_of(address, &in)) {
		snprintf(out->peer, sizeof(out->peer), "local");
		out->is_near = true;
		out->is_proxy = all->proxies->has_unix;
		return;
	}
	write_peer(&in, out->peer);
	if (is_named(address))
		return;
	out->is_proxy = network_list_holds(all->proxies, &in);
	out->is_near = out->is_proxy || IN6_IS_ADDR_LOOPBACK(&in) ||
	               (IN6_IS_ADDR_V4MAPPED(&in) && in.s6_addr[12] == 127);
}

void http_connections_init(struct http_connections *all, unsigned max,
                           unsigned max_per_peer,
                           const struct network_list *proxies,
                           struct clock *clock)
{
	memset(all, 0, sizeof(*all));
	all->proxies = proxies;
	pthread_mutex_init(&all->lock, NULL);
	all->max = max;
	all->max_per_peer = max_per_peer;
	all->clock = clock;
	all->took_ms = clock_monotonic_ms(clock);
	all->peers = lru_new(PEERS_MAX, sizeof(unsigned), NULL);
}

void http_connections_clear(struct http_connections *all)
{
	lru_free(&all->peers);
	pthread_mutex_destroy(&all->lock);
}

bool http_connections_room(struct http_connections *all,
                           const struct sockaddr *address)
{
	struct http_connection who = {.next = NULL};
	const unsigned *count;
	bool fits;

	read_peer(all, address, &who);
	pthread_mutex_lock(&all->lock);
	all->took_ms = clock_monotonic_ms(all->clock);
	count = lru_find(all->peers, who.peer, strlen(who.peer));
	fits = (who.is_near || all->far < all->max - all->max / NEAR_SHARE) &&
	       (address == NULL || who.is_proxy || count == NULL ||
	        *count < all->max_per_peer);
	pthread_mutex_unlock(&all->lock);
	return fits;
}

bool http_connections_full(struct http_connections *all)
{
	bool full;

	pthread_mutex_lock(&all->lock);
	full = all->count + NEAR_FULL > all->max;
	pthread_mutex_unlock(&all->lock);
	return full;
}

bool http_connections_trust(const struct http_connections *all,
                            const struct sockaddr *address)
{
	struct http_connection who = {.next = NULL};

	read_peer(all, address, &who);
	return who.is_proxy;
}

/* By one more or one less; under the lock.  What it is then. */
static unsigned count_peer(struct http_connections *all, const char *peer,
                           bool more)
{
	size_t len = strlen(peer);
	unsigned *count = lru_use(all->peers, peer, len);
	unsigned now = *count += more ? 1 : -1U;

	if (now == 0)
		lru_forget(all->peers, peer, len);
	return now;
}

static void count_connection(struct http_connections *all,
                             const struct http_connection *connection,
                             bool more)
{
	count_peer(all, connection->peer, more);
	all->count += more ? 1 : -1U;
	if (!connection->is_near)
		all->far += more ? 1 : -1U;
}

/* Under the lock. */
static void leave_client(struct http_connections *all,
                         struct http_connection *connection)
{
	if (connection->client[0] == '\0')
		return;
	count_peer(all, connection->client, false);
	connection->client[0] = '\0';
}

struct http_connection *http_connection_add(struct http_connections *all,
                                            int fd,
                                            const struct sockaddr *address)
{
	struct http_connection *connection = xcalloc(1, sizeof(*connection));

	connection->fd = fd;
	read_peer(all, address, connection);
	connection->deadline_ms =
		clock_monotonic_ms(all->clock) + phase_ms[HTTP_HEADER];
	pthread_mutex_lock(&all->lock);
	connection->next = all->first;
	if (all->first != NULL)
		all->first->prev = connection;
	all->first = connection;
	count_connection(all, connection, true);
	pthread_mutex_unlock(&all->lock);
	return connection;
}

void http_connection_drop(struct http_connections *all,
                          struct http_connection **connection)
{
	struct http_connection *gone = *connection;

	if (gone == NULL)
		return;
	pthread_mutex_lock(&all->lock);
	if (gone->prev != NULL)
		gone->prev->next = gone->next;
	else
		all->first = gone->next;
	if (gone->next != NULL)
		gone->next->prev = gone->prev;
	leave_client(all, gone);
	count_connection(all, gone, false);
	all->busy -= gone->busy;
	pthread_mutex_unlock(&all->lock);
	free(gone);
	*connection = NULL;
}

void http_connection_enter(struct http_connections *all,
                           struct http_connection *connection,
                           enum http_phase phase)
{
	bool busy = phase == HTTP_BODY || phase == HTTP_ANSWER;

	pthread_mutex_lock(&all->lock);
	connection->deadline_ms =
		clock_monotonic_ms(all->clock) + phase_ms[phase];
	all->busy += (unsigned)busy - (unsigned)connection->busy;
	connection->busy = busy;
	if (phase == HTTP_HEADER)
		leave_client(all, connection);
	pthread_mutex_unlock(&all->lock);
}

bool http_connection_serve(struct http_connections *all,
                           struct http_connection *connection,
                           const struct in6_addr *client)
{
	bool fits;

	pthread_mutex_lock(&all->lock);
	leave_client(all, connection);
	write_peer(client, connection->client);
	fits = count_peer(all, connection->client, true) <= all->max_per_peer;
	pthread_mutex_unlock(&all->lock);
	return fits;
}

struct auth_from http_connection_from(const struct http_connection *connection)
{
	if (connection->client[0] != '\0')
		return (struct auth_from){.address = connection->client};
	return (struct auth_from){.address = connection->peer,
	                          .is_shared = connection->is_near};
}

/* A connection is dropped under the lock before libmicrohttpd closes its
 * socket, so the number is still this connection's. */
int64_t http_connections_cut(struct http_connections *all, bool waits)
{
	int64_t now = clock_monotonic_ms(all->clock), went_on = now;

	pthread_mutex_lock(&all->lock);
	for (struct http_connection *c = all->first; c != NULL; c = c->next) {
		if (c->deadline_ms <= now)
			shutdown(c->fd, SHUT_RDWR);
		if (c->deadline_ms < went_on)
			went_on = c->deadline_ms;
	}
	/* a full house takes nobody up */
	if (!waits || all->count + NEAR_FULL > all->max)
		all->took_ms = now;
	if (all->took_ms < went_on)
		went_on = all->took_ms;
	pthread_mutex_unlock(&all->lock);
	return went_on;
}

unsigned http_connections_busy(struct http_connections *all)
{
	unsigned busy;

	pthread_mutex_lock(&all->lock);
	busy = all->busy;
	pthread_mutex_unlock(&all->lock);
	return busy;
}

/* A token that nobody uses is not here, so there are never more rows than
 * connections. */
struct http_callers {
	pthread_mutex_t lock;
	struct lru *counts;
};

enum { CALLERS_MAX = 65536 };

struct http_callers *http_callers_new(void)
{
	struct http_callers *callers = xcalloc(1, sizeof(*callers));

	pthread_mutex_init(&callers->lock, NULL);
	callers->counts = lru_new(CALLERS_MAX, sizeof(unsigned), NULL);
	return callers;
}

void http_callers_free(struct http_callers **callers)
{
	if (*callers == NULL)
		return;
	lru_free(&(*callers)->counts);
	pthread_mutex_destroy(&(*callers)->lock);
	free(*callers);
	*callers = NULL;
}

bool http_callers_enter(struct http_callers *callers, const char *name)
{
	unsigned *count;
	bool fits;

	pthread_mutex_lock(&callers->lock);
	count = lru_use(callers->counts, name, strlen(name));
	fits = *count < JMAP_MAX_CONCURRENT;
	*count += fits;
	pthread_mutex_unlock(&callers->lock);
	return fits;
}

void http_callers_leave(struct http_callers *callers, const char *name)
{
	unsigned *count;

	pthread_mutex_lock(&callers->lock);
	count = lru_find(callers->counts, name, strlen(name));
	if (count != NULL && --*count == 0)
		lru_forget(callers->counts, name, strlen(name));
	pthread_mutex_unlock(&callers->lock);
}
