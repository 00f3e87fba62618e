/*
 * http_words - what an HTTP server says of a failure, for people
 *
 *     Content-Type: application/problem+json
 *
 *     {"type": "about:blank", "title": "Too many", "detail": "100 a day"}
 *
 * are "Too many: 100 a day".  Of plain text the first line that is not empty
 * counts, of JSON the members in which servers put it: those of RFC 9457, of
 * OAuth, and "error", "message" and their like, also within an object or a
 * list.  A page of HTML says nothing to a reader of a log.
 */
#ifndef TLSTALLY_REPLY_HTTP_WORDS_H
#define TLSTALLY_REPLY_HTTP_WORDS_H

#include <stddef.h>

/*
 * `type` is the Content-Type, NULL when there was none: then what looks like
 * JSON or text is taken for it.  Out gets one printable line (utf8_show()),
 * cut to its room; "" when nothing is said.
 */
void http_words(const char *type, const char *body, size_t len, char *out,
                size_t room);

#endif
