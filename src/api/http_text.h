/*
 * http_text - what clients write into headers and paths
 *
 *     Authorization: Bearer tally_...
 *     GET /jmap/download/tally/b0000000001g0-j/report.json.gz?accept=...
 *
 * All of it is a stranger's, and some of it comes back in an answer's header.
 */
#ifndef TLSTALLY_API_HTTP_TEXT_H
#define TLSTALLY_API_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_BLOB_ID_TEXT = 64, HTTP_PASSWORD_TEXT = 192 };

/* The token behind "Bearer", in any case of letters (RFC 6750 section 2.1);
 * NULL: none, or it is too long for one. */
const char *http_text_bearer(const char *header);

/* The password of "Basic dXNlcjpwYXNz" (RFC 7617); the user name may be
 * anything.  False: it is none, or longer than a token can be. */
bool http_text_basic(const char *header, char password[HTTP_PASSWORD_TEXT]);

/* "attachment; filename=..." (RFC 6266), the caller's: what could end it, or
 * lead elsewhere, or is not ASCII becomes "_". */
char *http_text_disposition(const char *name);

/* Is gzip among the codings of an Accept-Encoding (RFC 9110 section 12.5.3),
 * and not with a weight of 0? */
bool http_text_takes_gzip(const char *codings);

/* May it stand in Content-Type: "application/gzip", without parameters? */
bool http_text_is_media_type(const char *type);

/* Is our entity tag, with its quotes, in an If-None-Match (RFC 9110 sections
 * 8.8.3 and 13.1.2)?  Compared weakly, and also as a proxy that compresses
 * hands it on: Apache makes "tag-gzip" of "tag", and asks us with that. */
bool http_text_has_tag(const char *list, const char *tag);

/* "ACCOUNT/ID/NAME" (RFC 8620 section 6.2); NULL when it is not like that,
 * else NAME. */
const char *http_text_blob_path(const char *path, const char *account,
                                char id[HTTP_BLOB_ID_TEXT]);

#endif
