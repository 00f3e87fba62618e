#include "base/gzip.h"

#define ZLIB_CONST
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/xalloc.h"

enum {
	GZIP_WINDOW = 15 + 16, /* 16: with a gzip header (zlib.h) */
	GZIP_MEMORY = 8,
	CHUNK = 16384,
};

struct gzip {
	z_stream z;
};

struct gzip *gzip_new(void)
{
	struct gzip *gzip = xcalloc(1, sizeof(*gzip));

	if (deflateInit2(&gzip->z, 6, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
	                 Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	return gzip;
}

void gzip_free(struct gzip **gzip)
{
	if (*gzip == NULL)
		return;
	deflateEnd(&(*gzip)->z);
	free(*gzip);
	*gzip = NULL;
}

void gzip_pack(struct gzip *gzip, const void *data, size_t len,
               struct strbuf *out)
{
	unsigned char chunk[CHUNK];
	z_stream *z = &gzip->z;
	int rc;

	if (len > UINT_MAX) {
		out->failed = true;
		return;
	}
	deflateReset(z);
	z->next_in = data;
	z->avail_in = (uInt)len;
	do {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		rc = deflate(z, Z_FINISH);
		strbuf_add(out, chunk, sizeof(chunk) - z->avail_out);
	} while (rc == Z_OK);
	if (rc != Z_STREAM_END)
		out->failed = true;
}

static int unpack_all(z_stream *z, size_t max, struct strbuf *out,
                      struct err *err)
{
	unsigned char chunk[CHUNK];
	size_t total = 0;
	int rc = Z_OK;

	while (rc == Z_OK) {
		size_t got;

		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		rc = inflate(z, Z_NO_FLUSH);
		got = sizeof(chunk) - z->avail_out;
		if (rc == Z_BUF_ERROR ||
		    (rc == Z_OK && got == 0 && z->avail_in == 0))
			break;
		if (got > max - total)
			return err_set(err, ERR_LIMIT,
			               "gzip: more than %zu bytes", max);
		total += got;
		strbuf_add(out, chunk, got);
	}
	if (rc != Z_STREAM_END)
		return err_set(err, ERR_PARSE, "gzip: %s",
		               z->msg ? z->msg : "unexpected end of the data");
	if (out->failed)
		return err_set(err, ERR_LIMIT,
		               "gzip: the output buffer is too small");
	return 0;
}

int gzip_unpack(const void *data, size_t len, size_t max, struct strbuf *out,
                struct err *err)
{
	z_stream z = {0};
	int rc;

	if (len > UINT_MAX)
		return err_set(err, ERR_LIMIT, "gzip: too much input");
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		abort();
	z.next_in = data;
	z.avail_in = (uInt)len;
	rc = unpack_all(&z, max, out, err);
	inflateEnd(&z);
	return rc;
}
