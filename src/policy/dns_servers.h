/*
 * dns_servers - whom the resolver asks
 */
#ifndef TLSTALLY_POLICY_DNS_SERVERS_H
#define TLSTALLY_POLICY_DNS_SERVERS_H

#include <stddef.h>

#include "base/endpoint.h"
#include "base/err.h"

enum { DNS_SERVERS_MAX = 3, DNS_PORT = 53 }; /* as resolv.conf(5) */

struct dns_servers {
	struct endpoint server[DNS_SERVERS_MAX];
	size_t count;
};

/* The one that a setting names (base/endpoint.h). */
int dns_servers_set(struct dns_servers *servers, const char *address,
                    struct err *err);

/* The nameserver lines of a file like /etc/resolv.conf; without one, and
 * without the file, this host. */
int dns_servers_read(struct dns_servers *servers, const char *path,
                     struct err *err);

#endif
