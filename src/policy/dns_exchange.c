#include "policy/dns_exchange.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "policy/dns_packet.h"

enum { TCP_PREFIX = 2 }; /* RFC 1035 section 4.2.2: the length before it */

static void close_socket(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Until the socket can be read or written (events); 0 or ERR_BUSY. */
static int wait_for(int fd, short events, int64_t deadline_ms, struct err *err)
{
	for (;;) {
		struct pollfd pollfd = {.fd = fd, .events = events};
		int64_t left = deadline_ms - clock_host_ms();
		int n;

		if (left <= 0)
			return err_set(err, ERR_BUSY,
			               "no answer within the time limit");
		n = poll(&pollfd, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_errno(err, ERR_BUSY, "poll");
	}
}

static int open_socket(const struct dns_exchange *exchange, struct err *err)
{
	const struct endpoint *server = exchange->server;
	int type = exchange->tcp ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(server->address.ss_family,
	                type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(err, ERR_BUSY, "socket");
	if (connect(fd, (const struct sockaddr *)&server->address,
	            server->len) < 0 &&
	    errno != EINPROGRESS) {
		err_errno(err, ERR_BUSY, "connect");
		close_socket(&fd);
		return ERR_BUSY;
	}
	return fd;
}

static int ask_by_udp(const struct dns_exchange *exchange, int fd,
                      uint8_t *answer, struct err *err)
{
	if (send(fd, exchange->question, exchange->question_len, 0) < 0)
		return err_errno(err, ERR_BUSY, "send");
	for (;;) {
		ssize_t got;
		int rc = wait_for(fd, POLLIN, exchange->deadline_ms, err);

		if (rc < 0)
			return rc;
		got = recv(fd, answer, DNS_ANSWER_MAX, 0);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return err_errno(err, ERR_BUSY, "recv");
		if (got < 0)
			continue;
		rc = exchange->take(exchange->arg, answer, (size_t)got, err);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
}

/* The length and the question in one segment, as RFC 7766 section 8 asks. */
static int tcp_send(const struct dns_exchange *exchange, int fd,
                    struct err *err)
{
	uint8_t bytes[TCP_PREFIX + DNS_QUESTION_MAX];
	size_t len = TCP_PREFIX + exchange->question_len, sent = 0;

	bytes[0] = (uint8_t)(exchange->question_len >> 8);
	bytes[1] = (uint8_t)exchange->question_len;
	memcpy(bytes + TCP_PREFIX, exchange->question, exchange->question_len);
	while (sent < len) {
		ssize_t n;

		if (wait_for(fd, POLLOUT, exchange->deadline_ms, err) < 0)
			return err->class;
		n = send(fd, bytes + sent, len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_errno(err, ERR_BUSY, "send");
		sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int tcp_receive(const struct dns_exchange *exchange, int fd,
                       uint8_t *out, size_t want, struct err *err)
{
	size_t have = 0;

	while (have < want) {
		ssize_t n;

		if (wait_for(fd, POLLIN, exchange->deadline_ms, err) < 0)
			return err->class;
		n = recv(fd, out + have, want - have, 0);
		if (n == 0)
			return err_set(err, ERR_BUSY,
			               "the connection was closed");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_errno(err, ERR_BUSY, "recv");
		have += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int ask_by_tcp(const struct dns_exchange *exchange, int fd,
                      uint8_t *answer, struct err *err)
{
	uint8_t prefix[TCP_PREFIX];
	size_t len;
	int rc;

	if (tcp_send(exchange, fd, err) < 0 ||
	    tcp_receive(exchange, fd, prefix, sizeof(prefix), err) < 0)
		return err->class;
	len = (size_t)prefix[0] << 8 | prefix[1];
	if (tcp_receive(exchange, fd, answer, len, err) < 0)
		return err->class;
	rc = exchange->take(exchange->arg, answer, len, err);
	if (rc == 0)
		return err_set(err, ERR_PARSE, "an answer to another question");
	return rc < 0 ? rc : 0;
}

int dns_exchange(const struct dns_exchange *exchange, struct err *err)
{
	auto_(xfree_str) char *answer = xmalloc(DNS_ANSWER_MAX);
	auto_(close_socket) int fd = open_socket(exchange, err);

	if (fd < 0)
		return ERR_BUSY;
	return (exchange->tcp ? ask_by_tcp : ask_by_udp)(
		exchange, fd, (uint8_t *)answer, err);
}
