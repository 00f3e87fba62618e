/*
 * dgram_socket - the TLS-event socket that Postfix's smtp(8) sends to
 *
 * Postfix names it in smtp_tlsrpt_socket_name.  Made by us, or handed over by
 * systemd; in the second case it outlives us, and we neither shut it down nor
 * unlink it.
 *
 * A socket on which somebody still answers is never taken over; one that a
 * killed daemon left behind is replaced.  A lock file beside it ("SOCKET.lock")
 * decides between two daemons that start at the same moment.
 */
#ifndef TLSTALLY_INTAKE_DGRAM_SOCKET_H
#define TLSTALLY_INTAKE_DGRAM_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct dgram_socket_options {
	const char *path;
	uid_t owner;
	gid_t group;
	mode_t mode;
};

struct dgram_socket {
	int fd;
	int lock_fd; /* -1 for one that was handed over */
	char *path;  /* NULL for one that was handed over */
	bool ours;
	dev_t dev; /* of ours, where the path led to it */
	ino_t ino;
};

/* Makes the parent directory (0755, of the owner) and the socket.  ERR_BUSY:
 * somebody answers there. */
int dgram_socket_open(struct dgram_socket *sock,
                      const struct dgram_socket_options *options,
                      struct err *err);

/* Takes a socket that systemd opened: AF_UNIX, SOCK_DGRAM, or ERR_PARSE. */
int dgram_socket_adopt(struct dgram_socket *sock, int fd, struct err *err);

/* ERR_IO when somebody removed or replaced ours: senders do not reach us any
 * more, and nobody else would say so.  Call every few seconds. */
int dgram_socket_check(const struct dgram_socket *sock, struct err *err);

/* Unlinks and closes ours; leaves one that was handed over as it is. */
void dgram_socket_close(struct dgram_socket *sock);

/* With a shorter queue than this, bursts get lost. */
enum { DGRAM_QUEUE_SMALL = 128 };

/* net.unix.max_dgram_qlen: how many datagrams the queue holds, read when a
 * socket is made; -1 when it cannot be read. */
int dgram_queue_length(void);

#endif
