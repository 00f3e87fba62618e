/*
 * listen - the socket that the API is served on
 *
 * "127.0.0.1:8460", "[::1]:8460" or "unix:/run/tlstally/http.sock".  A unix
 * socket on which somebody still answers is not taken over; one that a killed
 * server left behind is replaced.
 */
#ifndef TLSTALLY_ADMIN_LISTEN_H
#define TLSTALLY_ADMIN_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct listen_options {
	const char *where;
	uid_t owner; /* of a unix socket */
	gid_t group;
	mode_t mode;
};

/* The descriptor, listening; or a class with words. */
int listen_open(const struct listen_options *options, struct err *err);

/* Only this host can connect. */
bool listen_is_local(const char *where);

/* Removes the file of a unix socket; nothing for others. */
void listen_remove(const char *where);

#endif
