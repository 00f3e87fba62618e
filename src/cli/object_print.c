#include "cli/object_print.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/cell.h"
#include "cli/csv.h"
#include "cli/table.h"

enum { PATHS_DEEP = 16 };

/* --- many --- */

struct table_column *object_print_columns(const struct jmap_type *type,
                                          const json_t *fields)
{
	size_t count = json_array_size(fields);
	struct table_column *columns = xcalloc(count + 1, sizeof(*columns));

	for (size_t c = 0; c < count; c++) {
		const char *name = json_string_value(json_array_get(fields, c));
		const struct property *row =
			property_find(type->show.table, name);
		bool is_number = row != NULL && (row->kind == &property_uint ||
		                                 row->kind == &property_count);

		columns[c].title = columns[c].member = name;
		columns[c].align = is_number ? TABLE_RIGHT : TABLE_LEFT;
	}
	return columns;
}

char *object_print_names(const json_t *fields)
{
	struct strbuf names = {0};
	json_t *name;
	size_t i;

	json_array_foreach (fields, i, name)
		strbuf_printf(&names, "%s%s", i > 0 ? "," : "",
		              json_string_value(name));
	return strbuf_take(&names);
}

void object_print_csv(const json_t *objects, const json_t *fields,
                      struct strbuf *out)
{
	auto_(xfree_str) char *names = object_print_names(fields);

	csv_print(objects, names, out);
}

/* --- each --- */

/* A row of path and value for all that lies in it. */
static void add_rows(json_t *rows, const char *path, json_t *value, int deep)
{
	const char *name;
	json_t *item;
	size_t i;

	if (deep == PATHS_DEEP || cell_takes(value)) {
		json_array_append_new(rows, json_pack("{s:s,s:O?}", "field",
		                                      path, "value", value));
		return;
	}
	json_array_foreach (value, i, item) {
		auto_(xfree_str) char *at = xasprintf("%s/%zu", path, i);

		add_rows(rows, at, item, deep + 1);
	}
	json_object_foreach (value, name, item) {
		auto_(xfree_str) char *at = xasprintf("%s/%s", path, name);

		add_rows(rows, at, item, deep + 1);
	}
}

json_t *object_print_rows(const json_t *object, const json_t *fields)
{
	json_t *rows = json_array(), *value;
	const char *name;
	size_t i;

	if (fields == NULL) {
		/* the macro wants what it does not change to be changeable */
		json_object_foreach ((json_t *)(uintptr_t)object, name, value)
			add_rows(rows, name, value, 0);
	} else {
		json_array_foreach (fields, i, value) {
			name = json_string_value(value);
			add_rows(rows, name, json_object_get(object, name), 0);
		}
	}
	return rows;
}

static void print_one(const json_t *object, const json_t *fields,
                      struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("field", "field"), TABLE_TEXT("value", "value")};
	auto_(json_free) json_t *rows = object_print_rows(object, fields);

	table_print(rows, columns, 2, "", out);
}

void object_print_each(const json_t *objects, const json_t *fields,
                       struct strbuf *out)
{
	json_t *object;
	size_t i;

	json_array_foreach (objects, i, object) {
		if (i > 0)
			strbuf_putc(out, '\n');
		print_one(object, fields, out);
	}
}
