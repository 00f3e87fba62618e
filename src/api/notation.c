#include "api/notation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json_pointer.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

enum { KEY_TEXT = 24 };

static void put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		abort();
}

/* --- with members --- */

static const char *index_text(uint64_t index, char out[KEY_TEXT])
{
	snprintf(out, KEY_TEXT, "%" PRIu64, index);
	return out;
}

/* The name of an item of a set; NULL: it can have none. */
static const char *name_of(const json_t *item, char number[KEY_TEXT])
{
	if (json_is_integer(item) && json_integer_value(item) >= 0)
		return index_text((uint64_t)json_integer_value(item), number);
	return json_string_value(item);
}

static json_t *members_of_set(const json_t *array)
{
	json_t *members = json_object(), *item;
	char number[KEY_TEXT];
	size_t i;

	json_array_foreach (array, i, item) {
		const char *name = name_of(item, number);

		if (name == NULL) {
			json_free(&members);
			return NULL;
		}
		put(members, name, json_true());
	}
	return members;
}

static json_t *members_of_list(const json_t *array)
{
	json_t *members = json_object(), *item;
	char number[KEY_TEXT];
	size_t i;

	json_array_foreach (array, i, item)
		put(members, index_text(i, number), json_incref(item));
	return members;
}

/* The value of a property with members in the place of an array, which it is
 * from then on; as it is, when it is none. */
static json_t *open_list(const struct property *row, json_t *object)
{
	json_t *value = json_object_get(object, row->name), *members;

	if (!json_is_array(value))
		return value;
	members = row->items ? members_of_list(value) : members_of_set(value);
	if (members == NULL)
		return value;
	put(object, row->name, members);
	return members;
}

void notation_to_members(const struct property_table *table, json_t *object)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct property *row = &table->rows[i];
		json_t *value, *item;
		const char *name;

		if (!property_is_list(row)) {
			if (row->items != NULL)
				notation_to_members(
					row->items,
					json_object_get(object, row->name));
			continue;
		}
		value = open_list(row, object);
		if (row->items == NULL)
			continue;
		json_object_foreach (value, name, item)
			notation_to_members(row->items, item);
	}
}

/* --- with arrays --- */

static bool is_set(json_t *members)
{
	const char *name;
	json_t *value;

	json_object_foreach (members, name, value) {
		if (!json_is_boolean(value))
			return false;
	}
	return json_is_object(members);
}

static json_t *array_of_set(const struct property *row, json_t *members)
{
	bool has_numbers = row->kind == &property_identifiers;
	json_t *array = json_array(), *value;
	const char *name;
	uint64_t number;

	json_object_foreach (members, name, value) {
		if (!json_is_true(value))
			continue;
		if (json_array_append_new(
			    array, has_numbers && json_uint_parse(name, &number)
					   ? json_uint(number)
					   : json_string(name)))
			abort();
	}
	return array;
}

/* {"0":{...},"2":{...}} as an array; NULL: it has something else in it. */
static json_t *array_of_list(json_t *members)
{
	struct json_at at = {.json = members};
	const char *name;
	json_t *value;
	size_t index;

	json_object_foreach (members, name, value) {
		if (!json_index_parse(name, &index) || !json_is_object(value))
			return NULL;
	}
	return json_is_object(members) ? property_items(&at) : NULL;
}

void notation_to_arrays(const struct property_table *table, json_t *object)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct property *row = &table->rows[i];
		json_t *value = json_object_get(object, row->name);
		json_t *array = NULL, *item;
		size_t n;

		if (!property_is_list(row)) {
			if (row->items != NULL)
				notation_to_arrays(row->items, value);
			continue;
		}
		if (row->items != NULL)
			array = array_of_list(value);
		else if (is_set(value))
			array = array_of_set(row, value);
		if (array != NULL)
			put(object, row->name, array);
		if (row->items == NULL)
			continue;
		json_array_foreach (json_object_get(object, row->name), n, item)
			notation_to_arrays(row->items, item);
	}
}

/* --- patches --- */

/* An item of which a patch has set a member to null. */
struct touched {
	json_t *list;
	char key[KEY_TEXT];
	size_t depth;
};

struct patching {
	const char *pointer; /* the one being followed */
	struct err *err;
	struct touched *touched;
	size_t touched_count;
};

/* Where a pointer has come to. */
struct place {
	json_t *json;
	const struct property_table *table; /* of an object; NULL: none known */
	const struct property *list;        /* it is one of these */
	struct touched item;                /* the nearest around it */
};

static int fail(struct patching *in, const char *words)
{
	return err_set(in->err, ERR_PARSE, "'%.200s' %s", in->pointer, words);
}

/* One step further, into what is there. */
static int step(struct patching *in, struct place *at, const char *token)
{
	const struct property *row = NULL;
	json_t *next;
	size_t index;

	if (at->list != NULL && at->list->items == NULL)
		return fail(in, "points into an item of a set");
	if (!json_is_object(at->json))
		return fail(in, "points into a value that is not an object");
	if (at->list == NULL && at->table != NULL)
		row = property_find(at->table, token);
	next = row != NULL && property_is_list(row)
	               ? open_list(row, at->json)
	               : json_object_get(at->json, token);
	if (next == NULL ||
	    (at->list != NULL && !json_index_parse(token, &index)))
		return err_set(in->err, ERR_PARSE,
		               "'%.200s' points into '%.100s', which does not "
		               "exist",
		               in->pointer, token);
	if (at->list != NULL) {
		at->item.list = at->json;
		snprintf(at->item.key, sizeof(at->item.key), "%s", token);
		at->item.depth++;
		at->table = at->list->items;
		at->list = NULL;
	} else {
		at->list = row != NULL && property_is_list(row) ? row : NULL;
		at->table = row != NULL && at->list == NULL ? row->items : NULL;
	}
	at->json = next;
	return 0;
}

static int set_item(struct patching *in, struct place *at, const char *token,
                    json_t *value)
{
	bool is_list = at->list->items != NULL;
	size_t index;

	if (is_list && !json_index_parse(token, &index))
		return fail(in, "does not end in the number of an item");
	if (is_list && !json_is_object(value) && !json_is_null(value))
		return fail(in, "is an item of a list: set it to an object or "
		                "to null");
	if (!is_list && !json_is_boolean(value) && !json_is_null(value))
		return fail(in, "is an item of a set: set it to true or to "
		                "null");
	if (json_is_null(value) || json_is_false(value))
		json_object_del(at->json, token);
	else
		put(at->json, token, json_incref(value));
	return 0;
}

static int set_value(struct patching *in, struct place *at, const char *token,
                     json_t *value)
{
	if (!json_is_object(at->json))
		return fail(in, "points into a value that is not an object");
	if (at->list != NULL)
		return set_item(in, at, token, value);
	if (!json_is_null(value)) {
		put(at->json, token, json_incref(value));
		return 0;
	}
	json_object_del(at->json, token);
	if (at->item.list != NULL)
		in->touched[in->touched_count++] = at->item;
	return 0;
}

static int follow(struct patching *in, const struct property_table *table,
                  json_t *object, json_t *value)
{
	auto_(strbuf_clear) struct strbuf token = {0};
	struct place at = {.json = object, .table = table};
	const char *rest = in->pointer;

	do {
		if (!json_pointer_next(&rest, &token))
			return err_set(in->err, ERR_PARSE,
			               "'%.200s': ~ is not followed by 0 or 1",
			               in->pointer);
		if (rest != NULL && step(in, &at, strbuf_text(&token)) < 0)
			return ERR_PARSE;
	} while (rest != NULL);
	return set_value(in, &at, strbuf_text(&token), value);
}

static int deepest_first(const void *left, const void *right)
{
	const struct touched *a = left, *b = right;

	return (a->depth < b->depth) - (a->depth > b->depth);
}

static bool has_anything(json_t *item)
{
	const char *name;
	json_t *value;

	json_object_foreach (item, name, value) {
		if (!json_is_null(value) &&
		    !(json_is_object(value) && json_object_size(value) == 0) &&
		    !(json_is_array(value) && json_array_size(value) == 0))
			return true;
	}
	return false;
}

/* Those that have nothing left. */
static void drop_emptied(struct patching *in)
{
	qsort(in->touched, in->touched_count, sizeof(*in->touched),
	      deepest_first);
	for (size_t i = 0; i < in->touched_count; i++) {
		const struct touched *item = &in->touched[i];

		if (!has_anything(json_object_get(item->list, item->key)))
			json_object_del(item->list, item->key);
	}
}

int notation_patch(const struct property_table *table, json_t *object,
                   json_t *patch, struct err *err)
{
	struct patching in = {.err = err};
	const char *pointer;
	json_t *value;
	int rc = json_pointer_check_patch(patch, err);

	in.touched = xcalloc(json_object_size(patch) + 1, sizeof(*in.touched));
	json_object_foreach (patch, pointer, value) {
		in.pointer = pointer;
		if (rc == 0)
			rc = follow(&in, table, object, value);
	}
	if (rc == 0)
		drop_emptied(&in);
	free(in.touched);
	notation_to_arrays(table, object);
	return rc;
}
