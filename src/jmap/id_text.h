/*
 * id_text - a text (a domain, a mail address) as part of an Id
 *
 * RFC 8620 section 1.2 has A-Z a-z 0-9 - _ only, 255 at most, and advises
 * against ids that begin with a digit or "-" and against those that differ by
 * case only.  Lower-case letters other than "q", digits and "-" stand for
 * themselves, "_" for a dot; any other byte, and a first one that is no letter,
 * is "Q" and two hex digits:
 *
 *     tls-reports@example.com        tls-reportsQ40example_com
 *
 * A text that gets too long is "QZ" and 32 hex digits of a hash: whoever looks
 * for one of those compares ids, since there is no way back.
 */
#ifndef TLSTALLY_JMAP_ID_TEXT_H
#define TLSTALLY_JMAP_ID_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "jmap/jmap_type.h"

enum { ID_TEXT_PREFIX = 16 }; /* room for what stands before it */

void id_text_write(const char *text, char out[JMAP_ID_TEXT]);

/* False: it is none of ours, does not fit, or is a hash (*hashed). */
bool id_text_read(const char *id, char *out, size_t room, bool *hashed);

/* For types whose key is the id itself. */
void id_text_of_key(const struct jmap_key *key, char out[JMAP_ID_TEXT]);

#endif
