/*
 * www - the files of the web page, read once, served from memory
 *
 * A fixed list: a path that a client names is looked up in it and never
 * becomes the name of a file.  Adding a file to src/www is a row in www.c and
 * a line in src/www/Makefile.inc; tests/lint/www.sh compares the three.
 */
#ifndef TLSTALLY_HTTP_WWW_H
#define TLSTALLY_HTTP_WWW_H

#include "base/err.h"
#include "base/strbuf.h"

struct www_file {
	const char *path; /* "/app.js" */
	const char *type; /* of its content */
	struct strbuf data;
	char etag[19]; /* quoted */
};

struct www;

/*
 * The files of that folder and, from where configure found it, Chart.js,
 * without which the page has its tables only.  ERR_IO and no www when one of
 * the others cannot be read.
 */
int www_load(struct www **www, const char *directory, struct err *err);
void www_free(struct www **www);

/* NULL: none has that path.  A www of NULL has no files. */
const struct www_file *www_find(const struct www *www, const char *path);

#endif
