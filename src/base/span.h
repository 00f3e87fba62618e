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
#include <stdint.h>

struct span {
	const char *at;
	size_t len;
};

/* All of a text. */
struct span span_of(const char *text);

/* Exactly this text?  Does it begin with it? */
bool span_is(struct span span, const char *text);
bool span_starts(struct span span, const char *text);

/* Without the spaces and tabs at both ends, or at its end alone. */
struct span span_trim(struct span span);
struct span span_trim_end(struct span span);

/* What stands before the delimiter, untrimmed; *rest becomes what follows it.
 * False when there is no delimiter: then it is all of the rest. */
bool span_split(struct span *rest, char delimiter, struct span *part);

/* Taking a text apart from the left.  Each is true and moves past what it
 * names, or is false and moves nothing: n bytes (n at most its length); this
 * text; what stands before a delimiter, and the delimiter; the same with one
 * of several characters; at most `most` (18) digits. */
void span_drop(struct span *rest, size_t n);
bool span_skip(struct span *rest, const char *text);
bool span_until(struct span *rest, char delimiter, struct span *part);
bool span_until_text(struct span *rest, const char *delimiter,
                     struct span *part);
bool span_number(struct span *rest, size_t most, int64_t *number);

/* The length of the dot-atom (RFC 5322 section 3.2.3) at its left end; 0: there
 * is none. */
size_t span_dot_atom(struct span text);

#endif
