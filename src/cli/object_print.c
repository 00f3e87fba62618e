#include "cli/object_print.h"

#include <stdlib.h>

#include "cli/table.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"

enum { PATHS_DEEP = 16 };

/* --- one value --- */

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

static void add_cell(struct table *table, const json_t *value)
{
	auto_(strbuf_clear) struct strbuf text = {0};

	add_value(value, &text);
	table_text(table, strbuf_text(&text));
}

/* --- many --- */

static bool is_number(const struct jmap_type *type, const char *name)
{
	const struct property *row = property_find(type->show.table(), name);

	return row != NULL &&
	       (row->kind == &kind_uint || row->kind == &kind_count);
}

void object_print_table(const struct jmap_type *type, const json_t *objects,
                        const json_t *fields, struct strbuf *out)
{
	size_t count = json_array_size(fields), i;
	struct table_column *columns = xcalloc(count + 1, sizeof(*columns));
	struct table *table = table_new(columns, count);
	json_t *object;

	for (size_t c = 0; c < count; c++) {
		columns[c].title = json_string_value(json_array_get(fields, c));
		columns[c].align = is_number(type, columns[c].title)
		                           ? TABLE_RIGHT
		                           : TABLE_LEFT;
	}
	json_array_foreach (objects, i, object) {
		for (size_t c = 0; c < count; c++)
			add_cell(table,
			         json_object_get(object, columns[c].title));
	}
	table_print(table, "", out);
	table_free(&table);
	free(columns);
}

/* --- each --- */

/* A row of path and value for all that lies in it. */
static void add_rows(struct table *table, const char *path, json_t *value,
                     int deep)
{
	const char *name;
	json_t *item;
	size_t i;

	if (!is_container(value) || is_flat(value) || is_set(value) ||
	    deep == PATHS_DEEP) {
		table_text(table, path);
		add_cell(table, value);
		return;
	}
	json_array_foreach (value, i, item) {
		auto_(xfree_str) char *at = xasprintf("%s/%zu", path, i);

		add_rows(table, at, item, deep + 1);
	}
	json_object_foreach (value, name, item) {
		auto_(xfree_str) char *at = xasprintf("%s/%s", path, name);

		add_rows(table, at, item, deep + 1);
	}
}

static void print_one(json_t *object, const json_t *fields, struct strbuf *out)
{
	static const struct table_column columns[] = {{"field", TABLE_LEFT},
	                                              {"value", TABLE_LEFT}};
	auto_(table_free) struct table *table = table_new(columns, 2);
	const char *name;
	json_t *value;
	size_t i;

	if (fields == NULL) {
		json_object_foreach (object, name, value)
			add_rows(table, name, value, 0);
	} else {
		json_array_foreach (fields, i, value) {
			name = json_string_value(value);
			add_rows(table, name, json_object_get(object, name), 0);
		}
	}
	table_print(table, "", out);
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
