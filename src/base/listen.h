/*
 * listen - a socket that a daemon of ours serves on
 *
 * "inet:127.0.0.1:8460", "inet:[::1]:8460" or "unix:/run/tlstally/http.sock"
 * (base/unix_socket.h).
 */
#ifndef TLSTALLY_BASE_LISTEN_H
#define TLSTALLY_BASE_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/unix_socket.h"

struct listen_options {
	const char *who; /* the program, for "another ... has the socket" */
	const char *where;
	uid_t owner; /* of a unix socket */
	gid_t group;
	mode_t mode;
	int handed_fd; /* by the service manager; -1: none */
};

/* The descriptor, listening: the one handed over, or one of ours; or a class
 * with words.  `file` is that of a unix socket, to be closed by the caller
 * after it; of others it is none. */
int listen_open(struct unix_socket *file, const struct listen_options *options,
                struct err *err);

/* Only this host can connect. */
bool listen_is_local(const char *where);

#endif
