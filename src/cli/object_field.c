#include "cli/object_field.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/json_at.h"
#include "base/json_lax.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "cli/object_pointer.h"

/* --- values --- */

static json_t *read_json(const char *name, const char *value, struct err *err)
{
	json_t *json = json_lax_read(value, strlen(value), 0, err);

	if (json == NULL)
		err_prefix(err, "%.100s: not JSON", name);
	return json;
}

/* An item of a list; NULL: not UTF-8. */
static json_t *list_item(const struct property *row, const char *text)
{
	uint64_t number;

	return row->kind == &property_identifiers &&
	                       json_uint_parse(text, &number)
	               ? json_uint(number)
	               : json_string(text);
}

/* "a@b.example,c@d.example"; "" has no item. */
static json_t *split_list(const struct property *row, const char *name,
                          const char *value, struct err *err)
{
	auto_(json_free) json_t *list = json_array();
	struct span rest = span_trim(span_of(value)), part;
	bool more = rest.len > 0;

	while (more) {
		auto_(xfree_str) char *item = NULL;
		json_t *json;

		more = span_split(&rest, ',', &part);
		part = span_trim(part);
		item = xstrndup(part.at, part.len);
		json = list_item(row, item);
		if (json == NULL) {
			err_set(err, ERR_PARSE, "%.100s: not UTF-8", name);
			return NULL;
		}
		json_array_append_new(list, json);
	}
	return json_incref(list);
}

/* true: add; false and null: take away. */
static json_t *item_value(const char *name, const char *value, bool is_patch,
                          struct err *err)
{
	if (strcmp(value, "true") == 0)
		return json_true();
	if (is_patch &&
	    (strcmp(value, "false") == 0 || strcmp(value, "null") == 0))
		return json_null();
	err_set(err, ERR_PARSE, "%.100s: '%.60s' is not true%s", name, value,
	        is_patch ? " (adds the item) or false (removes it)" : "");
	return NULL;
}

/* JSON where the kind is made of it, or it looks like it. */
static json_t *field_value(const struct object_pointer *pointer,
                           const char *name, const char *value, struct err *err)
{
	const struct property *row = pointer->row;
	json_t *json;

	if (strcmp(value, "null") == 0)
		return json_null();
	if (pointer->at == POINTS_AT_OBJECT || row->items != NULL ||
	    row->kind == &property_count || value[0] == '"')
		return read_json(name, value, err);
	if (property_is_list(row))
		return value[0] == '[' || value[0] == '{'
		               ? read_json(name, value, err)
		               : split_list(row, name, value, err);
	json = json_string(value);
	if (json == NULL)
		err_set(err, ERR_PARSE, "%.100s: not UTF-8", name);
	return json;
}

/* --- where they go --- */

static int twice(const char *name, struct err *err)
{
	return err_set(err, ERR_PARSE,
	               "%.100s: this field, or one that contains it, was "
	               "already specified",
	               name);
}

/* Follows the steps, making objects on the way; takes the value. */
static int put_deep(const struct object_pointer *pointer, const char *name,
                    json_t *given, json_t *value, struct err *err)
{
	auto_(json_free) json_t *owned = value;
	json_t *at = given;
	size_t last = pointer->step_count - 1;

	for (size_t i = 0; i < last; i++) {
		json_t *next = json_object_get(at, pointer->steps[i]);

		if (next == NULL) {
			next = json_object();
			json_object_set_new(at, pointer->steps[i], next);
		}
		if (i + 1 == last && json_is_array(next) &&
		    pointer->at == POINTS_AT_ITEM) {
			json_t *item =
				list_item(pointer->row, pointer->steps[last]);

			return item ? json_array_append_new(next, item)
			            : err_set(err, ERR_PARSE,
			                      "%.100s: not UTF-8", name);
		}
		if (!json_is_object(next))
			return twice(name, err);
		at = next;
	}
	if (json_object_get(at, pointer->steps[last]) != NULL &&
	    pointer->at == POINTS_AT_OBJECT)
		return twice(name, err);
	json_object_set(at, pointer->steps[last], owned);
	return 0;
}

/* The "=" behind the name; of an item, which may have some of its own, the
 * last one. */
static const char *find_equals(const struct property_table *table,
                               const char *text)
{
	const char *first = strchr(text, '=');
	size_t len = strcspn(text, "/=");
	const struct property *row;
	auto_(xfree_str) char *name = xstrndup(text, len);

	if (text[len] != '/')
		return first;
	row = property_find(table, name);
	return row != NULL && property_is_list(row) && row->items == NULL
	               ? strrchr(text, '=')
	               : first;
}

int object_field_add(const struct property_table *table, const char *text,
                     bool is_patch, json_t *given, struct err *err)
{
	auto_(object_pointer_clear) struct object_pointer pointer = {0};
	auto_(strbuf_clear) struct strbuf key = {0};
	auto_(xfree_str) char *name = NULL;
	const char *equals = find_equals(table, text);
	json_t *value;

	if (equals == NULL || equals == text)
		return err_set(err, ERR_PARSE, "'%.60s' is not NAME=VALUE",
		               text);
	name = xstrndup(text, (size_t)(equals - text));
	if (object_pointer_read(table, name, &pointer, err) < 0)
		return ERR_PARSE;
	value = pointer.at == POINTS_AT_ITEM
	                ? item_value(name, equals + 1, is_patch, err)
	                : field_value(&pointer, name, equals + 1, err);
	if (value == NULL)
		return ERR_PARSE;
	if (!is_patch)
		return put_deep(&pointer, name, given, value, err);
	object_pointer_write(&pointer, &key);
	return json_object_set_new(given, strbuf_text(&key), value);
}

/* --- checks --- */

static void check_whole(const struct json_at *at,
                        const struct property_table *table)
{
	auto_(arena_clear) struct arena mem = {0};

	if (json_is_object(at->json))
		property_table_read(at, table, &mem,
		                    arena_alloc(&mem, table->size));
	else
		json_at_fail(at, ERR_PARSE, "not an object");
}

/* Is it a value of the row's kind?  It is read, and what was read forgotten. */
static void check_value(const struct json_at *at,
                        const struct property_table *table,
                        const struct property *row)
{
	auto_(arena_clear) struct arena mem = {0};
	void *thing;

	if (json_is_null(at->json) && row->need == JSON_MUST)
		json_at_fail(at, ERR_PARSE, "missing");
	if (json_is_null(at->json))
		return;
	if (row->items != NULL && !property_is_list(row)) {
		check_whole(at, row->items);
		return;
	}
	thing = arena_alloc(&mem, table->size);
	row->kind->read(at, row, &mem, (char *)thing + row->offset);
}

static void check_object(const struct json_at *root,
                         const struct property_table *table)
{
	const char *name;
	json_t *value;

	json_object_foreach (root->json, name, value) {
		const struct property *row = property_find(table, name);
		struct json_at member = {.in = root->in,
		                         .up = root,
		                         .name = name,
		                         .json = value};

		if (row == NULL)
			property_unknown(&member, table);
		else if (row->kind->read == NULL)
			json_at_fail(&member, ERR_PARSE, "set by the server");
		else
			check_value(&member, table, row);
	}
	for (size_t i = 0; i < table->count; i++)
		json_at_any(root, table->rows[i].name, table->rows[i].need);
}

/* An item is checked as a list of it. */
static void check_item(const struct json_at *at,
                       const struct object_pointer *pointer)
{
	auto_(json_free) json_t *list = json_object();
	struct json_at place = *at;

	if (!json_is_boolean(at->json) && !json_is_null(at->json)) {
		json_at_fail(at, ERR_PARSE, "neither true nor false");
		return;
	}
	json_object_set_new(list, pointer->steps[pointer->step_count - 1],
	                    json_true());
	place.json = list;
	check_value(&place, pointer->table, pointer->row);
}

/* Where a pointer leads.  Into an item of a list null may be right anywhere: it
 * goes as a whole when all that it has does. */
static void check_place(const struct json_at *at,
                        const struct object_pointer *pointer)
{
	if (pointer->at == POINTS_AT_ITEM)
		check_item(at, pointer);
	else if (pointer->in_item && json_is_null(at->json))
		return;
	else if (pointer->at == POINTS_AT_OBJECT)
		check_whole(at, pointer->row->items);
	else
		check_value(at, pointer->table, pointer->row);
}

static void check_patch(const struct json_at *root,
                        const struct property_table *table)
{
	const char *name;
	json_t *value;

	json_object_foreach (root->json, name, value) {
		auto_(object_pointer_clear) struct object_pointer pointer = {0};
		struct json_at member = {.in = root->in,
		                         .up = root,
		                         .name = name,
		                         .json = value};
		const struct property *row = property_find(table, name);
		struct err why;

		if (root->in->class != 0)
			return;
		/* an object as the server gave it: it knows its own values */
		if (row != NULL && row->kind->read == NULL)
			continue;
		if (object_pointer_read(table, name, &pointer, &why) < 0)
			json_at_fail_err(root, &why);
		else
			check_place(&member, &pointer);
	}
}

int object_field_check(const struct property_table *table, json_t *given,
                       bool is_patch, struct err *err)
{
	struct json_in in = {.err = err};
	struct json_at root = json_at_root(&in, given);

	if (in.class != 0)
		return in.class;
	if (json_object_size(given) == 0)
		return err_set(err, ERR_PARSE,
		               is_patch ? "no changes specified: use --field "
		                          "NAME=VALUE, --file or --stdin"
		                        : "no fields specified: use --field "
		                          "NAME=VALUE, --file or --stdin");
	if (is_patch)
		check_patch(&root, table);
	else
		check_object(&root, table);
	return in.class;
}
