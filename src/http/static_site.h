/*
 * static_site - pages that an administrator puts beside ours
 *
 *     [http] static = /admin /usr/share/stalwart-webui
 *
 * A single-page application is built elsewhere and served here.  As with our
 * own page (http/www.h) all of it is read at start: a path that a client names
 * is looked up among what was read and never becomes the name of a file.
 * Symbolic links are not followed, and names that begin with a dot are passed
 * over.
 */
#ifndef TLSTALLY_HTTP_STATIC_SITE_H
#define TLSTALLY_HTTP_STATIC_SITE_H

#include "conf/conf.h"
#include "http/www.h"

struct static_sites;

/* Of "/PATH /DIRECTORY" each; above: the path that clients see ours below, "".
 * One that cannot be read is left out, with a warning by `tell`. */
struct static_sites *static_sites_load(const struct conf_list *settings,
                                       const char *above,
                                       void (*tell)(const struct err *err));
void static_sites_free(struct static_sites **sites);

enum static_found {
	STATIC_NONE, /* no site has that path */
	STATIC_BARE, /* the path of a site: what it refers to is below it */
	STATIC_FILE, /* a file, or the index for a place within the page */
	STATIC_GONE, /* in a site, and it has no such file */
};
enum static_found static_sites_find(const struct static_sites *sites,
                                    const char *path,
                                    const struct www_file **file);

/* The path of the i-th; NULL past the last. */
const char *static_sites_path(const struct static_sites *sites, size_t i);

#endif
