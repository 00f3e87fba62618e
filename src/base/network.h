/*
 * network - addresses and the networks they are in
 *
 *     "192.0.2.1"  "192.0.2.0/24"  "2001:db8::/32"
 *
 * An address is an in6_addr, of IPv4 the mapped one (::ffff:192.0.2.1), so
 * that a client is the same on whatever socket it comes in.
 */
#ifndef TLSTALLY_BASE_NETWORK_H
#define TLSTALLY_BASE_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"

struct network {
	struct in6_addr address;
	unsigned bits; /* of 128 */
};

/* False for what is not an IP address, written without port and brackets. */
bool network_address_read(const char *text, size_t len, struct in6_addr *out);
/* False for NULL and what is not IP. */
bool network_address_of(const struct sockaddr *address, struct in6_addr *out);
/* As people write it; returns text. */
const char *network_address_text(const struct in6_addr *address,
                                 char text[INET6_ADDRSTRLEN]);

/* ADDRESS, or ADDRESS/BITS without a bit behind those.  ERR_PARSE. */
int network_read(const char *text, struct network *network, struct err *err);
bool network_holds(const struct network *network,
                   const struct in6_addr *address);

/* Networks, and perhaps the unix socket. */
struct network_list {
	struct network *items;
	size_t count;
	bool has_unix;
};

/* "unix" stands for the socket. */
int network_list_add(struct network_list *list, const char *text,
                     struct err *err);
void network_list_clear(struct network_list *list);
bool network_list_holds(const struct network_list *list,
                        const struct in6_addr *address);

#endif
