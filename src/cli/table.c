#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "cli/cell.h"
#include "cli/width.h"

enum {
	GAP = 2,
	NARROW = 16, /* no column of text is made narrower */
};

static size_t table_width; /* 0: any */

void table_set_width(size_t columns)
{
	table_width = columns;
}

/* Cells from left to right and row by row. */
struct table {
	const struct table_column *columns;
	size_t column_count;
	char **cells; /* row by row */
	size_t count;
	size_t room;
};

static void add_cell(struct table *table, char *cell)
{
	if (table->count == table->room) {
		table->room = table->room ? 2 * table->room : 64;
		table->cells = xrealloc(table->cells, table->room,
		                        sizeof(*table->cells));
	}
	table->cells[table->count++] = cell;
}

/* --- printing --- */

static size_t text_width(const char *text)
{
	return width_of(text, strlen(text));
}

static void measure(const struct table *table, size_t *widths)
{
	for (size_t c = 0; c < table->column_count; c++)
		if (widths[c] < text_width(table->columns[c].title))
			widths[c] = text_width(table->columns[c].title);
	for (size_t i = 0; i < table->count; i++) {
		size_t width = text_width(table->cells[i]);
		size_t *widest = &widths[i % table->column_count];

		if (width > *widest)
			*widest = width;
	}
}

/* Columns of text give way, the right one first, until a line fits or all are
 * narrow; numbers do not. */
static void narrow(const struct table *table, size_t indent, size_t *widths)
{
	size_t all = indent + GAP * (table->column_count - 1);

	for (size_t c = 0; c < table->column_count; c++)
		all += widths[c];
	for (size_t c = table->column_count; table_width > 0 && c > 0; c--) {
		size_t *width = &widths[c - 1];
		size_t least = text_width(table->columns[c - 1].title);
		size_t excess = all > table_width ? all - table_width : 0;

		if (least < NARROW)
			least = NARROW;
		if (table->columns[c - 1].align == TABLE_RIGHT ||
		    *width <= least)
			continue;
		if (excess > *width - least)
			excess = *width - least;
		*width -= excess;
		all -= excess;
	}
}

static void pad(struct strbuf *out, size_t n)
{
	while (n-- > 0)
		strbuf_putc(out, ' ');
}

/* As much of the cell as its column is wide; what is left of it. */
static const char *print_cell(const struct table_column *column,
                              const char *text, size_t width,
                              struct strbuf *out)
{
	size_t len = width_fit(text, width), used = width_of(text, len);
	size_t rest = width > used ? width - used : 0;

	if (column->align == TABLE_RIGHT)
		pad(out, rest);
	strbuf_add(out, text, len);
	if (column->align == TABLE_LEFT)
		pad(out, rest);
	text += len;
	return text + strspn(text, " ");
}

/* Empty cells at a row's end leave no blanks behind. */
static void end_line(struct strbuf *out)
{
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	strbuf_putc(out, '\n');
}

/* On as many lines as the longest cell needs; `cells` become what is left of
 * them, nothing. */
static void print_row(const struct table *table, const char **cells,
                      const size_t *widths, const char *indent,
                      struct strbuf *out)
{
	bool more = true;

	while (more) {
		more = false;
		strbuf_puts(out, indent);
		for (size_t c = 0; c < table->column_count; c++) {
			pad(out, c > 0 ? GAP : 0);
			cells[c] = print_cell(&table->columns[c], cells[c],
			                      widths[c], out);
			more |= cells[c][0] != '\0';
		}
		end_line(out);
	}
}

static void print(const struct table *table, struct table_parts *parts,
                  const char *indent, struct strbuf *out)
{
	size_t count = table->column_count;
	const char **cells = xcalloc(count, sizeof(*cells));
	size_t *widths;

	if (parts->widths == NULL)
		parts->widths = xcalloc(count, sizeof(*widths));
	widths = parts->widths;
	measure(table, widths);
	narrow(table, strlen(indent), widths);
	for (size_t c = 0; c < count; c++)
		cells[c] = table->columns[c].title;
	if (!parts->is_begun)
		print_row(table, cells, widths, indent, out);
	parts->is_begun = true;
	for (size_t i = 0; i < table->count; i += count) {
		for (size_t c = 0; c < count; c++)
			cells[c] = table->cells[i + c];
		print_row(table, cells, widths, indent, out);
	}
	free(cells);
}

void table_print(const json_t *rows, const struct table_column *columns,
                 size_t count, const char *indent, struct strbuf *out)
{
	auto_(table_parts_clear) struct table_parts whole = {.widths = NULL};

	table_print_part(&whole, rows, columns, count, indent, out);
}

void table_parts_clear(struct table_parts *parts)
{
	free(parts->widths);
	parts->widths = NULL;
}

void table_print_part(struct table_parts *parts, const json_t *rows,
                      const struct table_column *columns, size_t count,
                      const char *indent, struct strbuf *out)
{
	struct table table = {.columns = columns, .column_count = count};
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		for (size_t c = 0; c < count; c++) {
			json_t *value = json_object_get(row, columns[c].member);
			const char *text = json_string_value(value);
			int word = columns[c].words != NULL && text != NULL
			                   ? word_find(columns[c].words, text)
			                   : -1;

			if (word >= 0)
				text = word_label(columns[c].words, word);
			else if (value == NULL || json_is_null(value))
				text = columns[c].empty;
			else
				text = NULL;
			add_cell(&table,
			         text ? xstrdup(text) : cell_text(value));
		}
	}
	if (table.count > 0)
		print(&table, parts, indent, out);
	for (i = 0; i < table.count; i++)
		free(table.cells[i]);
	free(table.cells);
}

void table_print_more(const json_t *rows, uint64_t all, const char *indent,
                      struct strbuf *out)
{
	size_t shown = json_array_size(rows);

	if (all > shown)
		strbuf_printf(out, "%sand %" PRIu64 " more\n", indent,
		              all - shown);
}

void table_print_texts(const json_t *texts, const char *before,
                       struct strbuf *out)
{
	const json_t *text;
	size_t i;

	json_array_foreach (texts, i, text)
		strbuf_printf(out, "%s%s\n", before, json_string_value(text));
}
