/*
 * dns_servers - whom the resolver asks
 */
#ifndef TLSTALLY_POLICY_DNS_SERVERS_H
#define TLSTALLY_POLICY_DNS_SERVERS_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/endpoint.h"
#include "base/err.h"

enum { DNS_SERVERS_MAX = 3, DNS_PORT = 53 }; /* as resolv.conf(5) */

struct dns_servers {
	struct endpoint server[DNS_SERVERS_MAX];
	size_t count;
	struct stat file; /* as it was when it was read; zeros: not there */
};

/* The one that a setting names (base/endpoint.h). */
int dns_servers_set(struct dns_servers *servers, const char *address,
                    struct err *err);

/* The nameserver lines of a file like /etc/resolv.conf; without one, and
 * without the file, this host. */
int dns_servers_read(struct dns_servers *servers, const char *path,
                     struct err *err);

/* Again, if it is another file or was changed, as the C library does: at boot
 * it is often not there yet, and DHCP writes it when the network changes.  Who
 * was asked until now stays when it is gone or cannot be read. */
void dns_servers_refresh(struct dns_servers *servers, const char *path);

#endif
