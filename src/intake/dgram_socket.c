#include "intake/dgram_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define QLEN_FILE "/proc/sys/net/unix/max_dgram_qlen"

int dgram_queue_length(void)
{
	FILE *f = fopen(QLEN_FILE, "re");
	int length = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%d", &length) != 1)
		length = -1;
	fclose(f);
	return length;
}

int dgram_socket_open(struct dgram_socket *sock,
                      const struct unix_socket_options *options,
                      struct err *err)
{
	*sock = (struct dgram_socket){.fd = -1};
	sock->fd = unix_socket_open(&sock->file, options, 0, err);
	return sock->fd < 0 ? err->class : 0;
}

int dgram_socket_adopt(struct dgram_socket *sock, int fd, struct err *err)
{
	int type = 0, domain = 0;
	socklen_t len = sizeof(int);

	*sock = (struct dgram_socket){.fd = fd, .file = {.lock_fd = -1}};
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return err_errno(err, ERR_PARSE,
		                 "the descriptor from the service manager is "
		                 "not a socket");
	if (type != SOCK_DGRAM || domain != AF_UNIX)
		return err_set(
			err, ERR_PARSE,
			"the socket from the service manager is not a unix "
			"datagram socket (ListenDatagram= in the socket unit)");
	/* we wait in recvmmsg(2), not in poll(2) */
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_errno(err, ERR_IO,
		                 "the socket from the service manager");
	return 0;
}

void dgram_socket_close(struct dgram_socket *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	unix_socket_close(&sock->file);
	sock->fd = -1;
}
