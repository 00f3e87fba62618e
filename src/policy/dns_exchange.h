/*
 * dns_exchange - a question's bytes to a server, the answer's bytes back
 *
 * One try, by UDP or by TCP, on a socket of its own, so that the kernel picks
 * another port each time.  What is not the answer (another id, another
 * question) is passed over until the deadline.
 */
#ifndef TLSTALLY_POLICY_DNS_EXCHANGE_H
#define TLSTALLY_POLICY_DNS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/err.h"

struct dns_exchange {
	const struct endpoint *server;
	bool tcp;
	int64_t deadline_ms; /* of clock_host_ms() */
	const uint8_t *question;
	size_t question_len;
	/* 1: take it, 0: not for us, negative: ours and unusable */
	int (*take)(void *arg, const uint8_t *data, size_t len,
	            struct err *err);
	void *arg;
};

/* 0 when take() took something, ERR_BUSY or ERR_PARSE with the reason. */
int dns_exchange(const struct dns_exchange *exchange, struct err *err);

#endif
