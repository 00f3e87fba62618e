/*
 * gzip - RFC 1952 bytes, made and read in memory (zlib)
 *
 * The same input always gives the same bytes: no time, no name, no system in
 * the header.  What is read is foreign: it never grows past max.
 */
#ifndef TLSTALLY_BASE_GZIP_H
#define TLSTALLY_BASE_GZIP_H

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

/* A compressor that is used again and again: making one costs more than
 * compressing a small report. */
struct gzip;

struct gzip *gzip_new(void);
void gzip_free(struct gzip **gzip);

/* Appends the compressed bytes to out. */
void gzip_pack(struct gzip *gzip, const void *data, size_t len,
               struct strbuf *out);

/* Appends the plain bytes to out, at most max of them: ERR_LIMIT past that,
 * ERR_PARSE for bytes that are no whole gzip stream. */
int gzip_unpack(const void *data, size_t len, size_t max, struct strbuf *out,
                struct err *err);

#endif
