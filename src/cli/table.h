/*
 * table - rows of text in columns, for a terminal
 *
 *     static const struct table_column columns[] = {
 *             {"domain", TABLE_LEFT}, {"failed", TABLE_RIGHT}};
 *     auto_(table_free) struct table *table = table_new(columns, 2);
 *
 *     table_text(table, "example.com");
 *     table_number(table, 3);
 *     table_print(table, "  ", &out);
 *
 * A cell is as wide as it has characters (code points); what a terminal would
 * obey is taken out of it.  The last column is not padded.
 */
#ifndef TLSTALLY_CLI_TABLE_H
#define TLSTALLY_CLI_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *title; /* lent */
	enum table_align align;
};

struct table;

/* columns is lent. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table **table);

/* The next cell, from left to right and row by row; NULL and "" are empty. */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, uint64_t number);

/* Titles and rows, each after the indent; nothing when there is no row. */
void table_print(const struct table *table, const char *indent,
                 struct strbuf *out);

#endif
