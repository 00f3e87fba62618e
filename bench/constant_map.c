/*
 * constant_map - a socketmap server that answers one text, whatever is asked
 *
 *     constant_map PATH BYTES
 *
 * What a server of this kind costs that knows nothing: read, find the end of a
 * netstring, write.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

static char reply[100100];
static size_t reply_len;

/* A client of bench/policy_load sends a request at once, or several. */
static void serve(int fd)
{
	char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n <= 0) {
		close(fd);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] == ',' &&
		    send(fd, reply, reply_len, MSG_NOSIGNAL) < 0)
			return;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct epoll_event events[256], event = {.events = EPOLLIN};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int epoll_fd = epoll_create1(0);
	size_t bytes;

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		die("usage: constant_map PATH BYTES");
	bytes = strtoul(argv[2], NULL, 10) % 99990;
	reply_len = (size_t)sprintf(reply, "%zu:OK ", bytes + 3);
	memset(reply + reply_len, 'x', bytes);
	reply_len += bytes;
	reply[reply_len++] = ',';
	strcpy(address.sun_path, argv[1]);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 1024) < 0)
		die("cannot listen");
	event.data.fd = fd;
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, 256, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd != fd) {
				serve(events[i].data.fd);
				continue;
			}
			event.data.fd = accept(fd, NULL, NULL);
			epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event.data.fd,
			          &event);
		}
	}
}
