#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "show/doc.h"

enum { GAP = 2 };

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

/* --- values of JSON --- */

static bool is_container(const json_t *value)
{
	return json_is_object(value) || json_is_array(value);
}

static void add_scalar(const json_t *value, struct strbuf *out)
{
	if (json_is_string(value))
		strbuf_puts(out, json_string_value(value));
	else if (!json_is_null(value))
		json_write(value, out);
}

/* A list of texts or numbers. */
static bool is_flat(const json_t *value)
{
	json_t *item;
	size_t i;

	json_array_foreach (value, i, item) {
		if (is_container(item))
			return false;
	}
	return json_is_array(value);
}

/* {"a@b.example":true}, as other servers have lists. */
static bool is_set(const json_t *value)
{
	const char *name;
	json_t *item;

	/* the macro wants what it does not change to be changeable */
	json_object_foreach ((json_t *)(uintptr_t)value, name, item) {
		if (!json_is_true(item))
			return false;
	}
	return json_object_size(value) > 0;
}

static void add_value(const json_t *value, struct strbuf *out)
{
	const char *name;
	json_t *item;
	size_t i;

	if (is_flat(value)) {
		json_array_foreach (value, i, item) {
			strbuf_puts(out, i > 0 ? ", " : "");
			add_scalar(item, out);
		}
	} else if (is_set(value)) {
		json_object_foreach ((json_t *)(uintptr_t)value, name, item)
			strbuf_printf(out, "%s%s", out->len > 0 ? ", " : "",
			              name);
	} else {
		add_scalar(value, out);
	}
}

bool table_is_cell(const json_t *value)
{
	return !is_container(value) || is_flat(value) || is_set(value);
}

/* --- printing --- */

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

static void print(const struct table *table, const char *indent,
                  struct strbuf *out)
{
	size_t *widths;

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

void table_print(const json_t *rows, const struct table_column *columns,
                 size_t count, const char *indent, struct strbuf *out)
{
	struct table table = {.columns = columns, .column_count = count};
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		for (size_t c = 0; c < count; c++) {
			json_t *value = json_object_get(row, columns[c].member);
			const char *text = json_string_value(value);
			auto_(strbuf_clear) struct strbuf cell = {0};

			int word = columns[c].words != NULL && text != NULL
			                   ? word_find(columns[c].words, text)
			                   : -1;

			if (word >= 0)
				strbuf_puts(&cell,
				            word_label(columns[c].words, word));
			else if (value != NULL && !json_is_null(value))
				add_value(value, &cell);
			else if (columns[c].empty != NULL)
				strbuf_puts(&cell, columns[c].empty);
			add_cell(&table, doc_safe_text(strbuf_text(&cell)));
		}
	}
	if (table.count > 0)
		print(&table, indent, out);
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
