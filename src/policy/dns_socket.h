/*
 * dns_socket - a question's bytes to a server, the answer's bytes back
 *
 * One try, by UDP or by TCP, on a socket of its own, so that the kernel picks
 * another port each time.  Nothing blocks: whoever has a loop says when it is
 * ready.  What is not the answer (another id, another question) is passed over;
 * a server, or somebody in its name, that goes on sending such is not listened
 * to any longer.
 */
#ifndef TLSTALLY_POLICY_DNS_SOCKET_H
#define TLSTALLY_POLICY_DNS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/err.h"
#include "base/strbuf.h"

struct dns_socket {
	int fd;
	bool tcp;
	uint32_t events; /* it waits for: EPOLLIN or EPOLLOUT */
	/* 1: take it, 0: not for us, negative: ours and unusable */
	int (*take)(void *arg, const uint8_t *data, size_t len,
	            struct err *err);
	void *arg;
	/* dns_socket.c's */
	struct strbuf bytes; /* TCP: what is to be sent, then what came */
	size_t sent;
	unsigned strangers; /* packets that were not for us */
};

enum { DNS_STRANGERS_MAX = 64 };

/* Sends the question, or begins to.  ERR_BUSY with the reason, ERR_LIMIT: there
 * is no descriptor left; then nothing is open. */
int dns_socket_open(struct dns_socket *dns, const struct endpoint *server,
                    const uint8_t *question, size_t len, struct err *err);
void dns_socket_close(struct dns_socket *dns);

/* It is ready.  1: take() took something, 0: it waits on, ERR_BUSY or
 * ERR_PARSE: nothing more will come.  `room` is of DNS_ANSWER_MAX bytes. */
int dns_socket_ready(struct dns_socket *dns, uint8_t *room, struct err *err);

#endif
