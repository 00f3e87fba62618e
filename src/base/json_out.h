/*
 * json_out - JSON written value by value, without a tree of it
 *
 *     struct json_out json = json_out_into(&buf);
 *
 *     json_out_begin(&json, NULL, '{');
 *     json_out_text(&json, "domain", "example.com");
 *     json_out_uint(&json, "sessions", 17);
 *     json_out_end(&json, '}');
 *
 * The bytes are those of json_write() for the same.  A list's values have no
 * name (NULL); names are ours and have nothing to escape.
 */
#ifndef TLSTALLY_BASE_JSON_OUT_H
#define TLSTALLY_BASE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

struct json_out {
	struct strbuf *out;
	bool follows; /* a value stands before, on the same level */
};

struct json_out json_out_into(struct strbuf *out);

/* '{' or '[' and what ends it. */
void json_out_begin(struct json_out *json, const char *name, char bracket);
void json_out_end(struct json_out *json, char bracket);

/* False: it is not UTF-8, which has no place in JSON, and is left out. */
bool json_out_text(struct json_out *json, const char *name, const char *text);
void json_out_uint(struct json_out *json, const char *name, uint64_t n);

#endif
