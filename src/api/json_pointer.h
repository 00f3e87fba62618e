/*
 * json_pointer - RFC 6901 pointers, and what JMAP makes of them
 *
 * A result reference (RFC 8620 section 3.7) may have "*" for "each item of
 * the array here", and arrays that come of it are one:
 *
 *     {"list":[{"ids":["a","b"]},{"ids":["c"]}]}   "/list/(asterisk)/ids"
 *     gives ["a","b","c"]
 *
 * A patch (section 5.3) has pointers without the first "/" for its keys:
 *
 *     {"deliverAt":"2026-03-02T10:00:00Z",     sets
 *      "report/organizationName":null,         gives its default back
 *      "mailRua/tls@example.com":true,         adds to a list
 *      "mailRua/old@example.com":false}        takes out of it
 *
 * Into an array no pointer may lead but the last form, for lists of texts and
 * of numbers: true adds the item, false and null take it away.
 */
#ifndef TLSTALLY_API_JSON_POINTER_H
#define TLSTALLY_API_JSON_POINTER_H

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"
#include "base/strbuf.h"

/* The value there, the caller's; NULL and words when there is none. */
json_t *json_pointer_get(json_t *root, const char *pointer, struct err *err);

/*
 * Changes the object.  ERR_PARSE: a pointer is malformed, leads through what
 * is not there or into an array, or is the beginning of another (then the
 * object may be changed by half).
 */
int json_pointer_patch(json_t *object, json_t *patch, struct err *err);

/* For who follows pointers by other rules (api/notation.h): the next token,
 * decoded; false when an escape is none.  *rest is NULL after the last. */
bool json_pointer_next(const char **rest, struct strbuf *token);
/* ERR_PARSE: one pointer is the beginning of another. */
int json_pointer_check_patch(json_t *patch, struct err *err);

#endif
