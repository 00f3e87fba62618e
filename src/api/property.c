#include "api/property.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/xalloc.h"

/* An item of a list that was given as {"0":...}. */
struct indexed {
	size_t index;
	json_t *value;
};

const struct property *property_find(const struct property_table *table,
                                     const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].name, name) == 0)
			return &table->rows[i];
	return NULL;
}

bool property_is_list(const struct property *row)
{
	return row->count_offset != 0;
}

void property_unknown(const struct json_at *at,
                      const struct property_table *table)
{
	struct nearest nearest = nearest_to(at->name);
	char ask[NEAREST_ASK];

	/* of many the words of the first are kept: only they need a guess */
	for (size_t i = 0; i < table->count && at->in->class == 0; i++)
		nearest_offer(&nearest, table->rows[i].name);
	json_at_fail(at, ERR_PARSE, "unknown property%s",
	             nearest_ask(&nearest, ask));
}

static void refuse_others(const struct json_at *at,
                          const struct property_table *table)
{
	const char *name;
	json_t *value;

	if (at->json == NULL)
		return;
	json_object_foreach (at->json, name, value) {
		const struct property *row = property_find(table, name);
		struct json_at member = {
			.in = at->in, .up = at, .name = name, .json = value};

		if (row == NULL)
			property_unknown(&member, table);
		else if (row->kind->read == NULL)
			json_at_fail(&member, ERR_PARSE, "set by the server");
	}
}

void property_table_read(const struct json_at *at,
                         const struct property_table *table, struct arena *mem,
                         void *thing)
{
	refuse_others(at, table);
	for (size_t i = 0; i < table->count; i++) {
		const struct property *row = &table->rows[i];
		struct json_at member;

		if (row->kind->read == NULL)
			continue;
		member = json_at_any(at, row->name, row->need);
		if (member.json != NULL)
			row->kind->read(&member, row, mem,
			                (char *)thing + row->offset);
	}
	if (table->check != NULL)
		table->check(at, thing);
}

json_t *property_table_write(const struct property_table *table,
                             const void *thing)
{
	json_t *json = json_object();

	for (size_t i = 0; i < table->count; i++) {
		const struct property *row = &table->rows[i];
		json_t *value = row->kind->write(row, (const char *)thing +
		                                              row->offset);

		if (json_object_set_new_nocheck(json, row->name, value))
			abort();
	}
	return json;
}

static int by_index(const void *left, const void *right)
{
	const struct indexed *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

static void append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item))
		abort();
}

/* {"a@b.example":true,"c@d.example":false}: what is false is not in it. */
static void items_of_set(const struct json_at *at, json_t *list)
{
	const char *name;
	json_t *value;

	json_object_foreach (at->json, name, value) {
		struct json_at member = {
			.in = at->in, .up = at, .name = name, .json = value};

		if (json_is_true(value))
			append(list, json_string(name));
		else if (!json_is_false(value))
			json_at_fail(&member, ERR_PARSE,
			             "neither true nor false");
	}
}

/* {"0":{...},"1":{...}}: the numbers say the order, not the place. */
static void items_of_map(const struct json_at *at, json_t *list)
{
	size_t count = json_object_size(at->json), n = 0;
	struct indexed *items = xcalloc(count + 1, sizeof(*items));
	const char *name;
	json_t *value;

	json_object_foreach (at->json, name, value) {
		struct json_at member = {
			.in = at->in, .up = at, .name = name, .json = value};

		if (json_index_parse(name, &items[n].index))
			items[n++].value = value;
		else
			json_at_fail(&member, ERR_PARSE,
			             "neither true nor a numbered item");
	}
	qsort(items, n, sizeof(*items), by_index);
	for (size_t i = 0; i < n; i++)
		append(list, json_incref(items[i].value));
	free(items);
}

static bool has_boolean(json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		if (json_is_boolean(value))
			return true;
	}
	return false;
}

json_t *property_items(const struct json_at *at)
{
	json_t *list;

	if (json_is_array(at->json))
		return json_incref(at->json);
	list = json_array();
	if (!json_is_object(at->json))
		json_at_fail(at, ERR_PARSE, "not an array");
	else if (has_boolean(at->json))
		items_of_set(at, list);
	else
		items_of_map(at, list);
	return list;
}
