/*
 * span - a part of somebody else's text: pointer and length
 *
 *     struct span rest = {text, len}, part;
 *     bool more;
 *
 *     do {
 *             more = span_split(&rest, ';', &part);
 *             take(span_trim(part));
 *     } while (more);
 *
 * Nothing is copied and nothing owned: a span lives as long as the text.
 */
#ifndef TLSTALLY_BASE_SPAN_H
#define TLSTALLY_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *at;
	size_t len;
};

/* Exactly this text? */
bool span_is(struct span span, const char *text);

/* Without the spaces and tabs at both ends, or at its end alone. */
struct span span_trim(struct span span);
struct span span_trim_end(struct span span);

/* What stands before the delimiter, untrimmed; *rest becomes what follows it.
 * False when there is no delimiter: then it is all of the rest. */
bool span_split(struct span *rest, char delimiter, struct span *part);

#endif
