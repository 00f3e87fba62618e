/*
 * base_href - where the relative links of an HTML page lead
 *
 *     <head><base href="/">     becomes     <head><base href="/admin/">
 *
 * A page that was built for one place and is served at another.
 */
#ifndef TLSTALLY_API_BASE_HREF_H
#define TLSTALLY_API_BASE_HREF_H

#include <stddef.h>

#include "base/strbuf.h"

/* Appends the page with that href in the place of its first <base>; behind
 * <head> when it has none, and as it is when it has neither.  The href needs no
 * escape. */
void base_href_write(const char *html, size_t len, const char *href,
                     struct strbuf *out);

#endif
