#include "base/network.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum {
	V4_AT = 12, /* in a mapped one */
	V4_SHIFT = 96,
	V6_BITS = 128,
};

static void map_v4(const void *v4, struct in6_addr *out)
{
	*out = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
	memcpy(out->s6_addr + V4_AT, v4, sizeof(struct in_addr));
}

bool network_address_read(const char *text, size_t len, struct in6_addr *out)
{
	char copy[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET6, copy, out) == 1)
		return true;
	if (inet_pton(AF_INET, copy, &v4) != 1)
		return false;
	map_v4(&v4, out);
	return true;
}

bool network_address_of(const struct sockaddr *address, struct in6_addr *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address != NULL && address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		map_v4(&v4.sin_addr, out);
		return true;
	}
	if (address == NULL || address->sa_family != AF_INET6)
		return false;
	memcpy(&v6, address, sizeof(v6));
	*out = v6.sin6_addr;
	return true;
}

const char *network_address_text(const struct in6_addr *address,
                                 char text[INET6_ADDRSTRLEN])
{
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(address);

	return inet_ntop(is_v4 ? AF_INET : AF_INET6,
	                 address->s6_addr + (is_v4 ? V4_AT : 0), text,
	                 INET6_ADDRSTRLEN);
}

/* The first `bits` of it. */
static struct in6_addr cut_to(const struct in6_addr *address, unsigned bits)
{
	struct in6_addr out = {.s6_addr = {0}};
	unsigned whole = bits / 8, rest = bits % 8;

	memcpy(out.s6_addr, address->s6_addr, whole);
	if (rest > 0)
		out.s6_addr[whole] =
			address->s6_addr[whole] & (uint8_t)(0xff << (8 - rest));
	return out;
}

int network_read(const char *text, struct network *network, struct err *err)
{
	size_t len = strcspn(text, "/");
	const char *bits = text[len] == '/' ? text + len + 1 : NULL;
	unsigned before, most;
	struct in6_addr first;
	char shown[INET6_ADDRSTRLEN];

	if (!network_address_read(text, len, &network->address))
		return err_set(err, ERR_PARSE,
		               "'%.80s' is not an address or a network, like "
		               "192.0.2.1 or 2001:db8::/32",
		               text);
	before = memchr(text, ':', len) != NULL ? 0 : V4_SHIFT;
	most = V6_BITS - before;
	network->bits = V6_BITS;
	if (bits == NULL)
		return 0;
	if (bits[0] == '\0' || strlen(bits) > 3 ||
	    bits[strspn(bits, "0123456789")] != '\0' ||
	    strtoul(bits, NULL, 10) > most)
		return err_set(err, ERR_PARSE,
		               "'%.80s': the prefix length is not 0 to %u",
		               text, most);
	network->bits = before + (unsigned)strtoul(bits, NULL, 10);
	first = cut_to(&network->address, network->bits);
	if (!IN6_ARE_ADDR_EQUAL(&first, &network->address))
		return err_set(err, ERR_PARSE,
		               "'%.80s' has bits behind its prefix: %s/%s?",
		               text, network_address_text(&first, shown), bits);
	return 0;
}

bool network_holds(const struct network *network,
                   const struct in6_addr *address)
{
	struct in6_addr first = cut_to(address, network->bits);

	return IN6_ARE_ADDR_EQUAL(&first, &network->address);
}

int network_list_add(struct network_list *list, const char *text,
                     struct err *err)
{
	struct network network;

	if (strcmp(text, "unix") == 0) {
		list->has_unix = true;
		return 0;
	}
	if (network_read(text, &network, err) < 0)
		return err->class;
	list->items = xrealloc(list->items, list->count + 1, sizeof(network));
	list->items[list->count++] = network;
	return 0;
}

void network_list_clear(struct network_list *list)
{
	free(list->items);
	*list = (struct network_list){.items = NULL};
}

bool network_list_holds(const struct network_list *list,
                        const struct in6_addr *address)
{
	for (size_t i = 0; i < list->count; i++)
		if (network_holds(&list->items[i], address))
			return true;
	return false;
}
