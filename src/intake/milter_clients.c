#include "intake/milter_clients.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/network.h"
#include "base/xalloc.h"

struct milter_clients {
	pthread_rwlock_t lock;
	struct address_guard *interfaces; /* NULL: not known */
	bool filtered;
	struct in6_addr filters[MILTER_SIGHT_FILTERS]; /* IPv4 as mapped */
	size_t filter_count;
};

struct milter_clients *milter_clients_new(void)
{
	struct milter_clients *clients = xcalloc(1, sizeof(*clients));

	pthread_rwlock_init(&clients->lock, NULL);
	return clients;
}

void milter_clients_free(struct milter_clients **clients)
{
	if (*clients == NULL)
		return;
	address_guard_free(&(*clients)->interfaces);
	pthread_rwlock_destroy(&(*clients)->lock);
	free(*clients);
	*clients = NULL;
}

int milter_clients_refresh(struct milter_clients *clients, struct err *err)
{
	struct address_guard *now = address_guard_new(false, err), *before;

	if (now == NULL)
		return err->class;
	pthread_rwlock_wrlock(&clients->lock);
	before = clients->interfaces;
	clients->interfaces = now;
	pthread_rwlock_unlock(&clients->lock);
	address_guard_free(&before);
	return 0;
}

/* "192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1" */
static bool parse(const char *text, struct in6_addr *out)
{
	static const char prefix[] = "IPv6:";

	if (strncasecmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	return network_address_read(text, strlen(text), out);
}

void milter_clients_set_sight(struct milter_clients *clients,
                              const struct milter_sight *sight)
{
	pthread_rwlock_wrlock(&clients->lock);
	clients->filtered = sight->filtered;
	clients->filter_count = 0;
	for (size_t i = 0; i < sight->filter_count; i++)
		clients->filter_count +=
			parse(sight->filters[i],
		              &clients->filters[clients->filter_count]);
	pthread_rwlock_unlock(&clients->lock);
}

static bool is_filter(const struct milter_clients *clients,
                      const struct in6_addr *address)
{
	for (size_t i = 0; i < clients->filter_count; i++)
		if (IN6_ARE_ADDR_EQUAL(&clients->filters[i], address))
			return true;
	return false;
}

enum inbound_client milter_clients_look_up(struct milter_clients *clients,
                                           const struct sockaddr *address,
                                           const char *called)
{
	struct in6_addr bytes, server;
	enum inbound_client client;
	bool own;

	if (address == NULL || !network_address_of(address, &bytes))
		return INBOUND_LOCAL;
	pthread_rwlock_rdlock(&clients->lock);
	own = IN6_IS_ADDR_LOOPBACK(&bytes) ||
	      (IN6_IS_ADDR_V4MAPPED(&bytes) && bytes.s6_addr[12] == 127) ||
	      (called != NULL && parse(called, &server) &&
	       IN6_ARE_ADDR_EQUAL(&bytes, &server)) ||
	      (clients->interfaces != NULL &&
	       address_guard_is_own(clients->interfaces, address));
	if (clients->filtered && (own || is_filter(clients, &bytes)))
		client = INBOUND_FILTERED;
	else
		client = own ? INBOUND_LOCAL : INBOUND_MX;
	pthread_rwlock_unlock(&clients->lock);
	return client;
}
