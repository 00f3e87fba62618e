/*
 * rua - one place a domain wants its reports sent to
 *
 * "mailto:tls-reports@example.com" or "https://example.com/v1/tls"
 * (RFC 8460 section 3, RFC 6068, RFC 3986).  The same parser serves TLSRPT
 * records, settings and the API, so that what reaches SMTP or HTTP was seen
 * by it: after percent-decoding a mail address is dot-atom@host with a dot
 * and nothing else; a CR LF never gets through.
 *
 * Only https, port 443 unless the URI names another, no user info, no
 * fragment; the host is a name or an address, which the transport looks at
 * again when it opens the socket.  A mailto URI names one address.  Its
 * header fields ("?subject=") are ignored: the receiver does not choose our
 * headers.  A local part may begin with "-": no transport takes an address
 * for an option.
 */
#ifndef TLSTALLY_DOMAIN_RUA_H
#define TLSTALLY_DOMAIN_RUA_H

#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "base/err.h"

enum rua_kind {
	RUA_MAIL = 1,
	RUA_HTTPS = 2,
	RUA_DIRECTORY = 3, /* "directory:/path": settings only */
};

/* "mail", "https" or "directory", as metrics and the API have it. */
const char *rua_kind_word(enum rua_kind kind);

enum { RUA_URI_MAX = 2048, RUA_ADDRESS_MAX = 320 };

struct rua {
	enum rua_kind kind;
	/* Canonical: scheme and host in lower case, A-labels, no default
	 * port, "/" for no path, escapes of letters and digits resolved; two
	 * equal places have equal texts, and it parses to itself. */
	char uri[RUA_URI_MAX + 1];
	char address[RUA_ADDRESS_MAX + 1]; /* mail: local@domain, decoded */
	/* https: a name or an IP address without brackets; mail: the domain;
	 * else "" */
	char host[DOMAIN_TEXT];
	uint16_t port; /* https */
};

/* A URI as it stands in a TLSRPT record: a raw "!", "," or ";" is an error.
 * %21 %2C %3B are decoded in a mail address and stay as they are in a path.
 * ERR_PARSE and ERR_LIMIT say what is wrong.  A URI of a scheme other than
 * mailto and https is ERR_NOTFOUND: skip it. */
int rua_parse(const char *text, size_t len, struct rua *rua, struct err *err);

/* A bare address ("tls@example.com"), for settings and the API. */
int rua_from_address(const char *text, size_t len, struct rua *rua,
                     struct err *err);

/* "directory:/absolute/path", or the path alone; only for what the operator
 * wrote.  The path is what follows "directory:" in the uri. */
int rua_from_directory(const char *path, struct rua *rua, struct err *err);

#endif
