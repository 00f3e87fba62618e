/* Who is connected, and until when he may take for what he does. */
#include <arpa/inet.h>
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
};

/* A client as limits count: an address, of IPv6 the network of 64 bits;
 * "local" for a unix socket.  True: it is on this host. */
static bool read_peer(const struct sockaddr *address, char text[HTTP_PEER_TEXT])
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	bool near = true, mapped;

	snprintf(text, HTTP_PEER_TEXT, "local");
	if (address != NULL && address->sa_family == AF_INET) {
		memcpy(&in, address, sizeof(in));
		near = ntohl(in.sin_addr.s_addr) >> 24 == 127;
		inet_ntop(AF_INET, &in.sin_addr, text, HTTP_PEER_TEXT);
	} else if (address != NULL && address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof(in6));
		mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
		near = IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) ||
		       (mapped && in6.sin6_addr.s6_addr[12] == 127);
		if (!near && !mapped)
			memset(&in6.sin6_addr.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &in6.sin6_addr, text, HTTP_PEER_TEXT);
	}
	return near;
}

void http_connections_init(struct http_connections *all, unsigned max,
                           unsigned max_per_peer, struct clock *clock)
{
	memset(all, 0, sizeof(*all));
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
	char peer[HTTP_PEER_TEXT];
	bool near = read_peer(address, peer), fits;
	const unsigned *count;

	pthread_mutex_lock(&all->lock);
	all->took_ms = clock_monotonic_ms(all->clock);
	count = lru_find(all->peers, peer, strlen(peer));
	fits = (near || all->far < all->max - all->max / NEAR_SHARE) &&
	       (address == NULL || count == NULL || *count < all->max_per_peer);
	pthread_mutex_unlock(&all->lock);
	return fits;
}

/* By one more or one less; under the lock. */
static void count_peer(struct http_connections *all,
                       const struct http_connection *connection, bool more)
{
	size_t len = strlen(connection->peer);
	unsigned *count = lru_use(all->peers, connection->peer, len);

	*count += more ? 1 : -1U;
	all->count += more ? 1 : -1U;
	if (!connection->is_near)
		all->far += more ? 1 : -1U;
	if (*count == 0)
		lru_forget(all->peers, connection->peer, len);
}

struct http_connection *http_connection_add(struct http_connections *all,
                                            int fd,
                                            const struct sockaddr *address)
{
	struct http_connection *connection = xcalloc(1, sizeof(*connection));

	connection->fd = fd;
	connection->is_near = read_peer(address, connection->peer);
	connection->deadline_ms =
		clock_monotonic_ms(all->clock) + phase_ms[HTTP_HEADER];
	pthread_mutex_lock(&all->lock);
	connection->next = all->first;
	if (all->first != NULL)
		all->first->prev = connection;
	all->first = connection;
	count_peer(all, connection, true);
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
	count_peer(all, gone, false);
	all->busy -= gone->busy;
	pthread_mutex_unlock(&all->lock);
	free(gone);
	*connection = NULL;
}

void http_connection_enter(struct http_connections *all,
                           struct http_connection *connection,
                           enum http_phase phase)
{
	bool busy = phase != HTTP_HEADER;

	pthread_mutex_lock(&all->lock);
	connection->deadline_ms =
		clock_monotonic_ms(all->clock) + phase_ms[phase];
	all->busy += (unsigned)busy - (unsigned)connection->busy;
	connection->busy = busy;
	pthread_mutex_unlock(&all->lock);
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
