#include "cli/csv.h"

#include <string.h>

#include "base/auto.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "cli/cell.h"

static void write_field(const char *text, struct strbuf *out)
{
	if (strpbrk(text, ",\"") == NULL) {
		strbuf_puts(out, text);
		return;
	}
	strbuf_putc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			strbuf_putc(out, '"');
		strbuf_putc(out, *text);
	}
	strbuf_putc(out, '"');
}

/* No cell has control characters, and so no line of CSV has a break in it. */
static void write_cell(const json_t *value, struct strbuf *out)
{
	auto_(xfree_str) char *text = cell_text(value);
	auto_(xfree_str) char *marked = NULL;

	if (!json_is_number(value) && text[0] != '\0' &&
	    strchr("=+-@", text[0]) != NULL)
		marked = xasprintf("'%s", text);
	write_field(marked ? marked : text, out);
}

void csv_print(const json_t *rows, const char *names, struct strbuf *out)
{
	strbuf_printf(out, "%s\r\n", names);
	csv_print_more(rows, names, out);
}

void csv_print_more(const json_t *rows, const char *names, struct strbuf *out)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		struct span rest = span_of(names), name;
		bool more;

		do {
			more = span_split(&rest, ',', &name);
			write_cell(json_object_getn(row, name.at, name.len),
			           out);
			strbuf_puts(out, more ? "," : "\r\n");
		} while (more);
	}
}
