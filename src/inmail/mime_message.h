/*
 * mime_message - a stranger's message, taken apart by GMime
 */
#ifndef TLSTALLY_INMAIL_MIME_MESSAGE_H
#define TLSTALLY_INMAIL_MIME_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <gmime/gmime.h>

#include "base/span.h"

/* For auto_(): of any object of GMime's. */
void mime_unref(void *object);

/* NULL: it is no message.  May be called in any thread. */
GMimeMessage *mime_message_parse(const void *message, size_t len);

enum {
	MIME_DEPTH_MAX = 8, /* multiparts in multiparts */
	MIME_PARTS_MAX = 64,
};

struct mime_search {
	size_t parts;
	bool cut; /* a limit was met: not all was looked at */
};

typedef bool mime_wanted_fn(GMimePart *part);

/* The first part at or below this one that is wanted, lent; NULL: none.  What
 * is in a message/rfc822 was sent back or forwarded and is not of this mail. */
GMimePart *mime_find_part(struct mime_search *search, GMimeObject *top,
                          mime_wanted_fn *wanted);

/* Decodes its content into the stream, one in memory that is empty; the bytes
 * are lent by the stream. */
struct span mime_part_text(GMimePart *part, GMimeStream *decoded);

/* Both; false: there is none. */
bool mime_find_text(struct mime_search *search, GMimeObject *top,
                    mime_wanted_fn *wanted, GMimeStream *decoded,
                    struct span *text);

#endif
