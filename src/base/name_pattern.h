/*
 * name_pattern - the names of a list of the operator's
 *
 *     example.com      that name alone
 *     .example.com     all names below it, not itself
 *     .                all names
 *
 * As in Postfix's tables with smtp_tls_policy_maps and the like, where a
 * leading dot is for subdomains.  A pattern is canonical like the names that it
 * is compared with (base/domain.h): case and a final dot do not matter, and
 * U-labels are A-labels.
 */
#ifndef TLSTALLY_BASE_NAME_PATTERN_H
#define TLSTALLY_BASE_NAME_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/err.h"

enum name_pattern_kind {
	NAME_PATTERN_EXACT,
	NAME_PATTERN_BELOW,
	NAME_PATTERN_ALL
};

struct name_pattern {
	enum name_pattern_kind kind;
	char name[DOMAIN_TEXT]; /* canonical; "" of NAME_PATTERN_ALL */
};

/* ERR_PARSE, ERR_LIMIT: domain_canonical()'s words. */
int name_pattern_parse(const char *text, size_t len,
                       struct name_pattern *pattern, struct err *err);

/* The name is canonical. */
bool name_pattern_matches(const struct name_pattern *pattern, const char *name);

/* Does `wide` match whatever `narrow` does? */
bool name_pattern_covers(const struct name_pattern *wide,
                         const struct name_pattern *narrow);

#endif
