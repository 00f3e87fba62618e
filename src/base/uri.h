/*
 * uri - the characters and escapes of a URI (RFC 3986 section 2)
 *
 * What is no URI at all ("noscheme", "https://a b", "https://a/%zz") is told
 * here from what is one but not for us; whether we can send there is rua's to
 * say (domain/rua.h).
 */
#ifndef TLSTALLY_BASE_URI_H
#define TLSTALLY_BASE_URI_H

#include <stddef.h>

#include "base/strbuf.h"

/* The length of the scheme before the first ':', 0 when there is none. */
size_t uri_scheme_len(const char *text, size_t len);

/* NULL when the text has a scheme, none but URI characters and whole escapes;
 * else what is wrong with it, for "... in 'URI'". */
const char *uri_fault(const char *text, size_t len);

/* Append to out; the text must be one that has no fault. */

/* Escapes become the bytes they stand for, any byte. */
void uri_decode(const char *text, size_t len, struct strbuf *out);

/* Escapes of unreserved characters are resolved, the others get upper-case
 * digits (RFC 3986 section 6.2.2). */
void uri_normalize(const char *text, size_t len, struct strbuf *out);

/* Bytes become escapes unless they are unreserved or stand in `keep`. */
void uri_encode(const char *bytes, size_t len, const char *keep,
                struct strbuf *out);

#endif
