#include "policy/dns_socket.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/dns_packet.h"

enum {
	TCP_PREFIX = 2, /* RFC 1035 section 4.2.2: the length before it */
	AT_ONCE = 16,   /* packets, then others have their turn */
};

void dns_socket_close(struct dns_socket *dns)
{
	if (dns->fd >= 0)
		close(dns->fd);
	dns->fd = -1;
	strbuf_clear(&dns->bytes);
}

/* The length and the question in one segment, as RFC 7766 section 8 asks. */
static void keep_question(struct dns_socket *dns, const uint8_t *question,
                          size_t len)
{
	const uint8_t prefix[TCP_PREFIX] = {(uint8_t)(len >> 8), (uint8_t)len};

	strbuf_add(&dns->bytes, prefix, sizeof(prefix));
	strbuf_add(&dns->bytes, question, len);
	dns->events = EPOLLOUT;
}

int dns_socket_open(struct dns_socket *dns, const struct endpoint *server,
                    const uint8_t *question, size_t len, struct err *err)
{
	int type = dns->tcp ? SOCK_STREAM : SOCK_DGRAM;

	strbuf_init(&dns->bytes, TCP_PREFIX + DNS_ANSWER_MAX);
	dns->sent = 0;
	dns->strangers = 0;
	dns->events = EPOLLIN;
	dns->fd = socket(server->address.ss_family,
	                 type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (dns->fd < 0)
		return err_errno(err,
		                 errno == EMFILE || errno == ENFILE ? ERR_LIMIT
		                                                    : ERR_BUSY,
		                 "socket");
	if (connect(dns->fd, (const struct sockaddr *)&server->address,
	            server->len) < 0 &&
	    errno != EINPROGRESS)
		err_errno(err, ERR_BUSY, "connect");
	else if (dns->tcp)
		keep_question(dns, question, len);
	else if (send(dns->fd, question, len, 0) < 0)
		err_errno(err, ERR_BUSY, "send");
	if (err->class != 0)
		dns_socket_close(dns);
	return err->class;
}

static bool is_passing(int number)
{
	return number == EAGAIN || number == EINTR;
}

static int receive_udp(struct dns_socket *dns, uint8_t *room, struct err *err)
{
	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t got = recv(dns->fd, room, DNS_ANSWER_MAX, 0);
		int rc;

		if (got < 0)
			return is_passing(errno)
			               ? 0
			               : err_errno(err, ERR_BUSY, "recv");
		rc = dns->take(dns->arg, room, (size_t)got, err);
		if (rc != 0)
			return rc;
		if (++dns->strangers >= DNS_STRANGERS_MAX)
			return err_set(err, ERR_PARSE,
			               "%d answers to other questions",
			               DNS_STRANGERS_MAX);
	}
	return 0;
}

static int send_tcp(struct dns_socket *dns, struct err *err)
{
	ssize_t n = send(dns->fd, dns->bytes.data + dns->sent,
	                 dns->bytes.len - dns->sent, MSG_NOSIGNAL);

	if (n < 0)
		return is_passing(errno) ? 0 : err_errno(err, ERR_BUSY, "send");
	dns->sent += (size_t)n;
	if (dns->sent < dns->bytes.len)
		return 0;
	strbuf_reset(&dns->bytes);
	dns->events = EPOLLIN;
	return 0;
}

static int receive_tcp(struct dns_socket *dns, uint8_t *room, struct err *err)
{
	const uint8_t *bytes;
	size_t want;
	ssize_t got = recv(dns->fd, room, DNS_ANSWER_MAX, 0);
	int rc;

	if (got == 0)
		return err_set(err, ERR_BUSY, "the connection was closed");
	if (got < 0)
		return is_passing(errno) ? 0 : err_errno(err, ERR_BUSY, "recv");
	strbuf_add(&dns->bytes, room, (size_t)got);
	bytes = (const uint8_t *)dns->bytes.data;
	if (dns->bytes.failed)
		return err_set(err, ERR_PARSE, "more than one answer");
	if (dns->bytes.len < TCP_PREFIX)
		return 0;
	want = (size_t)bytes[0] << 8 | bytes[1];
	if (dns->bytes.len < TCP_PREFIX + want)
		return 0;
	rc = dns->take(dns->arg, bytes + TCP_PREFIX, want, err);
	return rc != 0 ? rc
	               : err_set(err, ERR_PARSE,
	                         "an answer to another question");
}

int dns_socket_ready(struct dns_socket *dns, uint8_t *room, struct err *err)
{
	if (!dns->tcp)
		return receive_udp(dns, room, err);
	return dns->events == EPOLLOUT ? send_tcp(dns, err)
	                               : receive_tcp(dns, room, err);
}
