/*
 * http_framing - where a request ends, by its header
 *
 * A proxy before us that reads two lengths, or a length and pieces, otherwise
 * than our HTTP library would take the end of one client's request for the
 * beginning of another's (RFC 9112 section 11.2): such requests are refused,
 * and the connection with them.
 *
 * The library has taken the header apart already, in its place in memory, and
 * says where each name and value is.  What it passed over shows as a gap: a
 * value that has a NUL in it ends there, and the next name begins much later.
 */
#ifndef TLSTALLY_API_HTTP_FRAMING_H
#define TLSTALLY_API_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

struct http_framing {
	unsigned hosts, lengths, encodings;
	bool is_chunked;
	const char *fault; /* the first; NULL: none */
	const char *end;   /* of the field before; NULL */
};

/* One field, in the order that they came.  The value may be NULL. */
void http_framing_field(struct http_framing *framing, const char *name,
                        const char *value);

/* Where the whole header ends, behind its empty line; when all fields have
 * been. */
void http_framing_end(struct http_framing *framing, const char *end);

/* When all have been: 0; 400 or 501 and the fault in words (RFC 9112 sections
 * 3.2, 5.1, 5.2, 6.1 and 6.3). */
int http_framing_verdict(struct http_framing *framing, const char *version);

#endif
