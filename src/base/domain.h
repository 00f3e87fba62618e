/*
 * domain - domain names in the one form that counts and compares
 *
 * A-labels, lower case, no final dot, at most 253 bytes, labels of 1 to 63
 * letters, digits, hyphens and underscores (RFC 5890, RFC 8460 section 4.4).
 */
#ifndef TLSTALLY_BASE_DOMAIN_H
#define TLSTALLY_BASE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { DOMAIN_MAX = 253, DOMAIN_TEXT = DOMAIN_MAX + 1 };

/*
 * Foreign text to the canonical form: U-labels to A-labels (libidn2, IDNA2008
 * non-transitional), lower case, final dot dropped.  ERR_PARSE, ERR_LIMIT.
 */
int domain_canonical(const char *text, size_t len, char out[DOMAIN_TEXT],
                     struct err *err);

/* Is the text already canonical? */
bool domain_is_canonical(const char *text);

/* The same for an MX pattern of an STS policy: "*.example.com" or a name
 * (RFC 8461 section 3.2). */
int domain_pattern_canonical(const char *text, size_t len,
                             char out[DOMAIN_TEXT], struct err *err);

/* A name with at least one dot whose last label is not all digits: what may
 * stand right of an @ or in a URI. */
bool domain_is_host(const char *canonical);

/* IPv4 dotted decimal or IPv6 in any spelling to RFC 5952 text;
 * false when it is no address.  out has room for INET6_ADDRSTRLEN. */
bool domain_ip_canonical(const char *text, char *out);
bool domain_is_ip(const char *text);

#endif
