/*
 * table - objects of a JSON array as rows of text in columns, for a terminal
 *
 *     static const struct table_column columns[] = {
 *             TABLE_TEXT("domain", "domain"), TABLE_NUMBER("failed", "n")};
 *
 *     table_print(list, columns, 2, "  ", &out);
 *
 * What a terminal would obey is taken out of a cell.  Where the lines would be
 * wider than the terminal, columns of text are made narrower, the right one
 * first, and go on in the next line; nothing is cut off.  The same for a
 * spreadsheet: cli/csv.h.
 */
#ifndef TLSTALLY_CLI_TABLE_H
#define TLSTALLY_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/strbuf.h"
#include "words/vocabulary.h"

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *title; /* lent */
	enum table_align align;
	const char *member;             /* of the object */
	const char *empty;              /* for null; NULL: nothing */
	const struct vocabulary *words; /* shown by its label, if it has one */
};

#define TABLE_TEXT(title_, member_)                                            \
	{                                                                      \
		.title = title_, .align = TABLE_LEFT, .member = member_        \
	}
#define TABLE_NUMBER(title_, member_)                                          \
	{                                                                      \
		.title = title_, .align = TABLE_RIGHT, .member = member_       \
	}

/* Of all lines that are printed from now on, as far as it can be; 0, and before
 * it is called: as wide as they are. */
void table_set_width(size_t columns);

/* Titles and rows, each after the indent; nothing when there is no row. */
void table_print(const json_t *rows, const struct table_column *columns,
                 size_t count, const char *indent, struct strbuf *out);

/* The same for rows that come in parts: columns are as wide as the first part
 * needs, and wider from where one needs more.  Begin with all zero. */
struct table_parts {
	bool is_begun;
	size_t *widths; /* NULL: not yet */
};
void table_parts_clear(struct table_parts *parts);
void table_print_part(struct table_parts *parts, const json_t *rows,
                      const struct table_column *columns, size_t count,
                      const char *indent, struct strbuf *out);

/* A line for each text of a list, behind the same words. */
void table_print_texts(const json_t *texts, const char *before,
                       struct strbuf *out);

/* "and 3 more" behind it, when there are more in all than have a row. */
void table_print_more(const json_t *rows, uint64_t all, const char *indent,
                      struct strbuf *out);

#endif
