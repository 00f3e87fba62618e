#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show/doc.h"
#include "base/auto.h"
#include "base/xalloc.h"

enum { GAP = 2 };

struct table {
	const struct table_column *columns;
	size_t column_count;
	char **cells; /* row by row */
	size_t count;
	size_t room;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->columns = columns;
	table->column_count = count;
	return table;
}

void table_free(struct table **table)
{
	if (*table == NULL)
		return;
	for (size_t i = 0; i < (*table)->count; i++)
		free((*table)->cells[i]);
	free((*table)->cells);
	free(*table);
	*table = NULL;
}

static void add(struct table *table, char *cell)
{
	if (table->count == table->room) {
		table->room = table->room ? 2 * table->room : 64;
		table->cells = xrealloc(table->cells, table->room,
		                        sizeof(*table->cells));
	}
	table->cells[table->count++] = cell;
}

void table_text(struct table *table, const char *text)
{
	add(table, text_safe(text));
}

void table_number(struct table *table, uint64_t number)
{
	add(table, xasprintf("%" PRIu64, number));
}

/* Bytes that begin a character of UTF-8. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void measure(const struct table *table, size_t *widths)
{
	for (size_t c = 0; c < table->column_count; c++)
		widths[c] = width_of(table->columns[c].title);
	for (size_t i = 0; i < table->count; i++) {
		size_t width = width_of(table->cells[i]);
		size_t *widest = &widths[i % table->column_count];

		if (width > *widest)
			*widest = width;
	}
}

static void pad(struct strbuf *out, size_t n)
{
	while (n-- > 0)
		strbuf_putc(out, ' ');
}

static void print_cell(const struct table *table, size_t column,
                       const char *text, const size_t *widths,
                       struct strbuf *out)
{
	size_t rest = widths[column] - width_of(text);
	bool last = column + 1 == table->column_count;

	if (table->columns[column].align == TABLE_RIGHT)
		pad(out, rest);
	strbuf_puts(out, text);
	if (table->columns[column].align == TABLE_LEFT && !last)
		pad(out, rest);
	if (!last)
		pad(out, GAP);
}

/* Empty cells at a row's end leave no blanks behind. */
static void end_line(struct strbuf *out)
{
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	strbuf_putc(out, '\n');
}

void table_print(const struct table *table, const char *indent,
                 struct strbuf *out)
{
	size_t *widths;

	if (table->count == 0)
		return;
	widths = xcalloc(table->column_count, sizeof(*widths));
	measure(table, widths);
	strbuf_puts(out, indent);
	for (size_t c = 0; c < table->column_count; c++)
		print_cell(table, c, table->columns[c].title, widths, out);
	end_line(out);
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->column_count;

		if (column == 0)
			strbuf_puts(out, indent);
		print_cell(table, column, table->cells[i], widths, out);
		if (column + 1 == table->column_count)
			end_line(out);
	}
	free(widths);
}
