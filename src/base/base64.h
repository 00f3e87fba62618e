/*
 * base64 - RFC 2045 section 6.8, for the parts of a mail
 */
#ifndef TLSTALLY_BASE_BASE64_H
#define TLSTALLY_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* Appends the text in one run, without line ends (RFC 2047 words). */
void base64_write(const void *data, size_t len, struct strbuf *out);

/* Appends it in lines of 76 characters, CRLF after each, the last too. */
void base64_write_lines(const void *data, size_t len, struct strbuf *out);

/* Appends the bytes of what base64_write() made; false: it is none of that. */
bool base64_read(const char *text, struct strbuf *out);

#endif
