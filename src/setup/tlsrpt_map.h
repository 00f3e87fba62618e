/*
 * tlsrpt_map - a map of tlsrpt-reporter 0.6, and what its lines are in our
 * lists
 *
 *     # tlsrpt_record_map: by the reported domain
 *     domain:.example.com  DISCARD
 *     .                    APPEND mailto:archive@example.org
 *
 * Each line is MATCH ACTION [parameters]; the first that matches counts.  MATCH
 * is a name, .name for the domains below it, . for all (a leading "domain:"
 * says no more), or regexp: with a Python expression, which must match from the
 * beginning of the domain or, in the maps of mail and HTTPS, of the whole URI.
 *
 * A regular expression that only spells out one of our patterns is understood;
 * others have no counterpart.  Pure: no file is opened here.
 */
#ifndef TLSTALLY_SETUP_TLSRPT_MAP_H
#define TLSTALLY_SETUP_TLSRPT_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

enum { TLSRPT_RULES_MAX = 10000 };

enum tlsrpt_map_of {
	TLSRPT_MAP_RECORD, /* tlsrpt_record_map */
	TLSRPT_MAP_MAIL,   /* mail_destination_map */
	TLSRPT_MAP_HTTP,   /* http_upload_map */
	TLSRPT_MAPS
};

enum tlsrpt_action {
	TLSRPT_ACCEPT,
	TLSRPT_DISCARD,
	TLSRPT_REPLACE,
	TLSRPT_APPEND,
	TLSRPT_REGEXP,
};

struct tlsrpt_rule {
	unsigned line;
	bool is_regexp;
	const char *pattern;
	enum tlsrpt_action action;
	struct span parameters; /* URIs, or the two of REGEXP */
	/* The left side of an item of ours (conf/list_item.h); NULL: there is
	 * none, and why. */
	const char *what;
	const char *why;
	bool is_loose; /* an unescaped "." was taken for a dot */
};

struct tlsrpt_map {
	const char *file;
	struct tlsrpt_rule *rules; /* in their order */
	size_t count;
};

/* All lies in the arena, which has the text, too.  ERR_PARSE, ERR_LIMIT:
 * "FILE:LINE: words". */
int tlsrpt_map_read(enum tlsrpt_map_of of, const char *file, const char *text,
                    size_t len, struct arena *mem, struct tlsrpt_map *map,
                    struct err *err);

/* As it stands in a map. */
const char *tlsrpt_map_action_word(enum tlsrpt_action action);

#endif
