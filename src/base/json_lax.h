/*
 * json_lax - JSON of which one bad value does not spoil the rest
 *
 *     {"domain":"a\u0000b", "failedSessionCount":99999999999999999999}
 *
 * is good JSON, but jansson refuses all of it.  Which property cannot have
 * such a value is for its reader to say, so here it becomes one that no
 * reader takes: U+0001 stands for U+0000 in a text, and a number that fits no
 * 64 bits is a fraction (at most the greatest there is).
 */
#ifndef TLSTALLY_BASE_JSON_LAX_H
#define TLSTALLY_BASE_JSON_LAX_H

#include <stddef.h>

#include <jansson.h>

#include "base/err.h"

enum {
	/* U+0000 stays in texts, where only json_string_length() sees what is
	 * behind it; names have U+0001 all the same. */
	JSON_LAX_NUL = 1 << 0,
	/* Great whole numbers become text, for who only shows them. */
	JSON_LAX_BIG_TEXT = 1 << 1,
};

/* As json_read() with `any`. */
json_t *json_lax_read(const char *text, size_t len, unsigned flags,
                      struct err *err);

/* The text; NULL for what is none, or has U+0000. */
const char *json_lax_text(const json_t *json);

/* The same value, or a copy that has U+0001 for each U+0000; the caller's. */
json_t *json_lax_without_nul(json_t *json);

#endif
