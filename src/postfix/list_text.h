/*
 * list_text - settings of Postfix that are lists, one item more or less
 *
 *     inet:127.0.0.1:8891, { inet:127.0.0.1:8892, default_action=accept }
 *
 * Items have commas and spaces between them; one in braces is one item, and
 * what it is about is its first word.  What else stands in the list stays as
 * it was written.
 */
#ifndef TLSTALLY_POSTFIX_LIST_TEXT_H
#define TLSTALLY_POSTFIX_LIST_TEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

/* The next item as it was written; false at the end. */
bool list_text_next(const char **rest, struct span *item);

/* Is an item about the same there, in braces or not? */
bool list_text_has(const char *list, const char *item);

/* The list with the item behind its last one; the arena's. */
const char *list_text_with(const char *list, const char *item,
                           struct arena *arena);

/* The list without exactly that item and what separated it; the arena's. */
const char *list_text_without(const char *list, const char *item,
                              struct arena *arena);

/* The list with `item` where exactly `old` stands; as it was without that. */
const char *list_text_replaced(const char *list, const char *old,
                               const char *item, struct arena *arena);

#endif
