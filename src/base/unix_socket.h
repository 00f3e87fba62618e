/*
 * unix_socket - a unix socket of ours in the file system, of any type
 *
 * One on which somebody still answers is never taken over; one that a killed
 * daemon left behind is replaced.  A lock file beside it ("SOCKET.lock")
 * decides between two daemons that start at the same moment.
 *
 *     unix_socket_open()       all of it; or, where a library binds:
 *     unix_socket_prepare()    the directory, the lock, the path is free
 *     bind(2)                  the caller's, under umask 0177
 *     unix_socket_bound()      owner and mode
 */
#ifndef TLSTALLY_BASE_UNIX_SOCKET_H
#define TLSTALLY_BASE_UNIX_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/err.h"

struct unix_socket_options {
	const char *path;
	int type; /* SOCK_DGRAM, SOCK_STREAM */
	uid_t owner;
	gid_t group;
	mode_t mode;
	const char *who; /* the program, for "another ... has the socket" */
};

struct unix_socket {
	int lock_fd; /* -1 */
	char *path;  /* NULL: there is none */
	bool ours;
	dev_t dev; /* of ours, where the path led to it */
	ino_t ino;
};

/* The descriptor, bound and close-on-exec, with these flags (SOCK_NONBLOCK); or
 * a class, and there is nothing to close. */
int unix_socket_open(struct unix_socket *sock,
                     const struct unix_socket_options *options, int flags,
                     struct err *err);

/* Makes the parent directory (0755, of the owner), takes the lock, removes what
 * nobody answers on.  ERR_BUSY: somebody does. */
int unix_socket_prepare(struct unix_socket *sock,
                        const struct unix_socket_options *options,
                        struct sockaddr_un *address, struct err *err);
int unix_socket_bound(struct unix_socket *sock,
                      const struct unix_socket_options *options,
                      struct err *err);

/* ERR_IO when somebody removed or replaced ours: senders do not reach us any
 * more, and nobody else would say so.  Call every few seconds. */
int unix_socket_check(const struct unix_socket *sock, struct err *err);

/* Unlinks it, if it is still ours. */
void unix_socket_close(struct unix_socket *sock);

#endif
