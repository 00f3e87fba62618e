/*
 * json - reading members of foreign JSON without surprises (jansson)
 *
 * Every getter names the member it missed in words.  Strings are lent by the
 * json_t they came from.
 */
#ifndef TLSTALLY_BASE_JSON_H
#define TLSTALLY_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/strbuf.h"

/* The greatest integer that I-JSON can hold (RFC 7493 section 2.2). */
#define JSON_UINT_MAX ((UINT64_C(1) << 53) - 1)

/* For auto_(). */
void json_free(json_t **json);

/* Text (pointer, length) to JSON; strict: no duplicate keys, nothing after
 * the value, no NUL inside strings; any value when `any`, else an object or
 * array.  The error says line and column. */
json_t *json_read(const char *text, size_t len, bool any, struct err *err);

/* Has the text more values than that?  Told without making any of them: each
 * has a comma or an opening bracket before it.  What is not JSON is counted
 * somehow. */
bool json_has_more_values(const char *text, size_t len, size_t most);

/* The words of that for a text that jansson did not read. */
void json_say_unread(const json_error_t *why, struct err *err);

/* Equal, where absent is null and {} is [], as a client may give them. */
bool json_same(const json_t *a, const json_t *b);

/* A whole number up to 2^53-1, above that its digits as text: I-JSON has no
 * greater numbers (RFC 7493 section 2.2). */
json_t *json_uint(uint64_t value);

/* Digits that fit 64 bits. */
bool json_uint_parse(const char *text, uint64_t *value);

/* "0", "17" as an index of an array; not "017". */
bool json_index_parse(const char *text, size_t *index);

/* Appends compact JSON, members in the order they were set. */
void json_write(const json_t *json, struct strbuf *out);

/* The same for people: indented. */
void json_write_pretty(const json_t *json, struct strbuf *out);

/* About how many bytes it is when written: never 0, and counted no further
 * than past `most`, so that what refers to one thing many times is no trap. */
size_t json_size(const json_t *json, size_t most);

/* Look-ups: 1 and the value, 0 when absent or null, ERR_PARSE naming the
 * member when it has another type. */
int json_get_string(const json_t *object, const char *name, const char **value,
                    struct err *err);
int json_get_array(const json_t *object, const char *name, const json_t **value,
                   struct err *err);

/* Set members; a NULL string is left out. */
void json_set_string(json_t *object, const char *name, const char *value);
void json_set_uint(json_t *object, const char *name, uint64_t value);
void json_set_bool(json_t *object, const char *name, bool value);

/* "2026-03-01T10:00:00Z"; 0 is left out. */
void json_set_time(json_t *object, const char *name, int64_t time);

#endif
