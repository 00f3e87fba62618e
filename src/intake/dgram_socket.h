/*
 * dgram_socket - the TLS-event socket that Postfix's smtp(8) sends to
 *
 * Postfix names it in smtp_tlsrpt_socket_name.  Made by us, or handed over by
 * systemd; in the second case it outlives us, and we neither shut it down nor
 * unlink it.
 */
#ifndef TLSTALLY_INTAKE_DGRAM_SOCKET_H
#define TLSTALLY_INTAKE_DGRAM_SOCKET_H

#include "base/err.h"
#include "base/unix_socket.h"

struct dgram_socket {
	int fd;
	struct unix_socket file; /* none for one that was handed over */
};

/* Makes the parent directory (0755, of the owner) and the socket.  ERR_BUSY:
 * somebody answers there. */
int dgram_socket_open(struct dgram_socket *sock,
                      const struct unix_socket_options *options,
                      struct err *err);

/* Takes a socket that systemd opened: AF_UNIX, SOCK_DGRAM, or ERR_PARSE. */
int dgram_socket_adopt(struct dgram_socket *sock, int fd, struct err *err);

/* Unlinks and closes ours; leaves one that was handed over as it is. */
void dgram_socket_close(struct dgram_socket *sock);

/* With a shorter queue than this, bursts get lost. */
enum { DGRAM_QUEUE_SMALL = 128 };

/* net.unix.max_dgram_qlen: how many datagrams the queue holds, read when a
 * socket is made; -1 when it cannot be read. */
int dgram_queue_length(void);

#endif
