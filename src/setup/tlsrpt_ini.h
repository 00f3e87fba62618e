/*
 * tlsrpt_ini - a settings file of tlsrpt-reporter, taken apart
 *
 *     [tlsrpt_reportd]
 *     organization_name = Example
 *     fetchers = tlsrpt-fetcher,
 *         ssh mx2 tlsrpt-fetcher
 *
 * It is read as Python's configparser does, which is not as our own settings
 * are (conf/read.c, libinih): a line that begins with a space continues the
 * value before it, there are no comments behind a value, names are in any case,
 * [DEFAULT] is for all sections, and % begins an interpolation.
 *
 * Pure: no file is opened here.
 */
#ifndef TLSTALLY_SETUP_TLSRPT_INI_H
#define TLSTALLY_SETUP_TLSRPT_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum { TLSRPT_FILE_MAX = 1024 * 1024, TLSRPT_OPTIONS_MAX = 1000 };

struct tlsrpt_option {
	const char *section;
	const char *name;  /* in lower case */
	const char *value; /* its lines joined by a space; "%%" is "%" */
	const char *file;
	unsigned line;
	bool is_interpolated; /* "%(name)s": not resolved */
};

struct tlsrpt_ini {
	struct tlsrpt_option *options; /* in their order */
	size_t count;
	size_t sections; /* how many there were */
};

/* All lies in the arena.  ERR_PARSE, ERR_LIMIT: "FILE:LINE: words". */
int tlsrpt_ini_read(const char *file, const char *text, size_t len,
                    struct arena *mem, struct tlsrpt_ini *ini, struct err *err);

/* A text of ours: UTF-8 without control characters but white space, and not too
 * long.  ERR_PARSE, ERR_LIMIT: "FILE:LINE: words".  The map reader asks, too.
 */
int tlsrpt_ini_check_text(const char *file, const char *text, size_t len,
                          struct err *err);

/* Some of a foreign text for an error: ASCII, in the arena. */
const char *tlsrpt_ini_shown(struct arena *mem, const char *text, size_t len);

#endif
