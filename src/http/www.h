/*
 * www - the files of the web page, read once, served from memory
 *
 * What the folder has at start: a path that a client names is looked up among
 * these and never becomes the name of a file.
 */
#ifndef TLSTALLY_HTTP_WWW_H
#define TLSTALLY_HTTP_WWW_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"

enum { WWW_NAME_MAX = 62 };

struct www_file {
	char *path;       /* "/app.js"; "/": index.html; owned */
	const char *type; /* of its content */
	struct strbuf data;
	char etag[19];   /* quoted */
	bool is_foreign; /* not of our page (http/static_site.h) */
};

/* Its entity tag, by its data. */
void www_file_tag(struct www_file *file);

struct www;

/*
 * The HTML, CSS, SVG and scripts of that folder, /vocabulary.js, which is made
 * of words/words.h, and, from where configure found
 * it, Chart.js, without which the page has its tables only.  ERR_IO and no www
 * when there is no index.html, or one of them cannot be read.
 */
int www_load(struct www **www, const char *directory, struct err *err);
void www_free(struct www **www);

/* NULL: none has that path.  A www of NULL has no files. */
const struct www_file *www_find(const struct www *www, const char *path);

#endif
