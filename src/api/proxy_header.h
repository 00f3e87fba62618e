/*
 * proxy_header - what a proxy says before the first byte of its client
 *
 *     PROXY TCP4 203.0.113.9 192.0.2.1 56324 443
 *
 * The PROXY protocol of HAProxy, version 1 (that line) and 2 (binary).  It
 * comes before TLS and HTTP and once a connection, so whoever reads it must
 * leave what follows to others: proxy_header_read() says how many bytes can be
 * read without going too far.
 */
#ifndef TLSTALLY_API_PROXY_HEADER_H
#define TLSTALLY_API_PROXY_HEADER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Version 2 may be longer; what is not an address is nothing to us. */
enum { PROXY_HEADER_MAX = 2048 };

struct proxy_header {
	bool has_client; /* else it is the proxy's own connection */
	struct in6_addr client;
	in_port_t port;
};

/* 0: that is the header, all of it.  So many bytes more may be read: a number
 * over 0.  ERR_PARSE: it is none; ERR_LIMIT: too long for us. */
int proxy_header_read(const uint8_t *bytes, size_t len,
                      struct proxy_header *header, struct err *err);

#endif
