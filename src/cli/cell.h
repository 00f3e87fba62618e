/*
 * cell - a value of JSON as the text of one cell, of a table or of CSV
 *
 * A text or a number stands there as it is, lists and sets of those with commas
 * between them, null as nothing, and all else as JSON.
 */
#ifndef TLSTALLY_CLI_CELL_H
#define TLSTALLY_CLI_CELL_H

#include <stdbool.h>

#include <jansson.h>

/* Does the value stand in one cell without being JSON? */
bool cell_takes(const json_t *value);

/* The caller's, safe for a terminal and on one line; NULL is null. */
char *cell_text(const json_t *value);

#endif
