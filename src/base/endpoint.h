/*
 * endpoint - an IP address and a port, as settings write them
 *
 *     "inet:127.0.0.1:5353"  "inet:[::1]:5353"  "unix:/run/x.sock"
 *
 * and without "inet:", as others do: "127.0.0.1", "::1", "fe80::1%eth0".
 *
 * No names: whoever is asked for names cannot have one.
 */
#ifndef TLSTALLY_BASE_ENDPOINT_H
#define TLSTALLY_BASE_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

enum { ENDPOINT_TEXT = 80 };

struct endpoint {
	struct sockaddr_storage address;
	socklen_t len;
};

/* `port` is for a text that names none.  ERR_PARSE. */
int endpoint_parse(const char *text, uint16_t port, struct endpoint *endpoint,
                   struct err *err);

/* The path of "unix:/path"; NULL for all others. */
const char *endpoint_path(const char *text);

/* "inet:127.0.0.1:53"; returns out. */
const char *endpoint_format(const struct endpoint *endpoint,
                            char out[ENDPOINT_TEXT]);

/* Nobody but this host can answer from there. */
bool endpoint_is_loopback(const struct endpoint *endpoint);

#endif
