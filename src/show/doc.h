/*
 * doc - what a command found out, as a JSON document that people get as text
 *
 * `status` and `show` make their document once; --json prints it, and the
 * text for people is written out of it, so that both say the same.  Whatever
 * came from outside goes in through doc_set() and is safe for a terminal from
 * then on: valid UTF-8 without control characters.
 */
#ifndef TLSTALLY_SHOW_DOC_H
#define TLSTALLY_SHOW_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/strbuf.h"
#include "words/vocabulary.h"

/* Sets a text member, made safe; NULL and "" are left out. */
void doc_set(json_t *object, const char *name, const char *text);
/* The same for an item of an array. */
void doc_append(json_t *array, const char *text);
/* "2026-03-01" */
void doc_set_day(json_t *object, const char *name, int32_t day);

/* Makes an empty array or object the member and lends it. */
json_t *doc_array(json_t *object, const char *name);
json_t *doc_object(json_t *object, const char *name);
/* An object with the counts that are not 0, from the first word on. */
void doc_counts(json_t *object, const char *name,
                const struct vocabulary *words, int first,
                const uint64_t *counts);
/* Appends an empty object and lends it. */
json_t *doc_row(json_t *array);

/* Look-ups that never fail: "", 0, an array without items. */
const char *doc_text(const json_t *object, const char *name);
uint64_t doc_number(const json_t *object, const char *name);
const json_t *doc_get(const json_t *object, const char *name);

/* Is the member wanted?  NULL: all are. */
bool doc_wants(const json_t *wanted, const char *name);

/* Takes out of all its texts what a terminal would obey: who sent the document
 * is a stranger.  A member with such a name goes. */
void doc_make_safe(json_t *json);

/* The document, indented, with a newline after it. */
void doc_print(const json_t *json, struct strbuf *out);

/*
 * The same of a document whose last member, an array, comes in parts (name
 * NULL: the document is the array, and json is not looked at):
 *
 *     doc_print_begin(doc, "domains", &out);
 *     doc_print_items(items, "domains", true, &out);
 *     doc_print_items(more, "domains", false, &out);
 *     doc_print_end("domains", false, &out);
 */
void doc_print_begin(const json_t *json, const char *name, struct strbuf *out);
void doc_print_items(const json_t *items, const char *name, bool first,
                     struct strbuf *out);
void doc_print_end(const char *name, bool empty, struct strbuf *out);

/* A copy of the text without what a terminal would obey; "" for NULL. */
char *doc_safe_text(const char *text);

#endif
