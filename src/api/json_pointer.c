#include "api/json_pointer.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

bool json_pointer_next(const char **rest, struct strbuf *token)
{
	const char *c = *rest;

	strbuf_reset(token);
	for (; *c != '\0' && *c != '/'; c++) {
		if (*c != '~')
			strbuf_putc(token, *c);
		else if (*++c == '0')
			strbuf_putc(token, '~');
		else if (*c == '1')
			strbuf_putc(token, '/');
		else
			return false;
	}
	*rest = *c == '/' ? c + 1 : NULL;
	return true;
}

/* --- result references --- */

static json_t *get_at(json_t *at, const char *rest, const char *pointer,
                      struct err *err);

static void append(json_t *list, json_t *item)
{
	if (json_array_append(list, item))
		abort();
}

static json_t *get_each(json_t *array, const char *rest, const char *pointer,
                        struct err *err)
{
	auto_(json_free) json_t *list = json_array();
	json_t *item, *inner;
	size_t i, j;

	json_array_foreach (array, i, item) {
		auto_(json_free) json_t *value =
			get_at(item, rest, pointer, err);

		if (value == NULL)
			return NULL;
		if (!json_is_array(value)) {
			append(list, value);
			continue;
		}
		json_array_foreach (value, j, inner)
			append(list, inner);
	}
	return json_incref(list);
}

/* The depth is that of the tree, which its reader bounds. */
static json_t *get_at(json_t *at, const char *rest, const char *pointer,
                      struct err *err)
{
	auto_(strbuf_clear) struct strbuf token = {0};
	json_t *next = NULL;
	size_t index;

	if (rest == NULL)
		return json_incref(at);
	if (!json_pointer_next(&rest, &token)) {
		err_set(err, ERR_PARSE, "'%.200s': ~ is not followed by 0 or 1",
		        pointer);
		return NULL;
	}
	if (json_is_array(at) && strcmp(strbuf_text(&token), "*") == 0)
		return get_each(at, rest, pointer, err);
	if (!json_is_array(at))
		next = json_object_get(at, strbuf_text(&token));
	else if (json_index_parse(strbuf_text(&token), &index))
		next = json_array_get(at, index);
	if (next == NULL) {
		err_set(err, ERR_NOTFOUND, "'%.200s': nothing at '%.100s'",
		        pointer, strbuf_text(&token));
		return NULL;
	}
	return get_at(next, rest, pointer, err);
}

json_t *json_pointer_get(json_t *root, const char *pointer, struct err *err)
{
	if (pointer[0] == '\0')
		return json_incref(root);
	if (pointer[0] != '/') {
		err_set(err, ERR_PARSE, "'%.200s' does not begin with /",
		        pointer);
		return NULL;
	}
	return get_at(root, pointer + 1, pointer, err);
}

/* --- patches --- */

static int by_text(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	/* as if each ended in "/": then what begins alike stands together */
	for (size_t i = 0;; i++) {
		unsigned char x = (*a)[i] ? (unsigned char)(*a)[i] : '/';
		unsigned char y = (*b)[i] ? (unsigned char)(*b)[i] : '/';

		if (x != y)
			return x < y ? -1 : 1;
		if ((*a)[i] == '\0' || (*b)[i] == '\0')
			return ((*a)[i] != '\0') - ((*b)[i] != '\0');
	}
}

/* Tokens have one spelling each, so the texts can be compared. */
int json_pointer_check_patch(json_t *patch, struct err *err)
{
	size_t count = json_object_size(patch), n = 0;
	const char **pointers = xcalloc(count + 1, sizeof(*pointers));
	const char *pointer;
	json_t *value;
	int rc = 0;

	json_object_foreach (patch, pointer, value)
		pointers[n++] = pointer;
	qsort(pointers, n, sizeof(*pointers), by_text);
	for (size_t i = 1; i < n && rc == 0; i++) {
		size_t len = strlen(pointers[i - 1]);

		if (strncmp(pointers[i], pointers[i - 1], len) == 0 &&
		    pointers[i][len] == '/')
			rc = err_set(err, ERR_PARSE,
			             "'%.100s' is a prefix of '%.100s'",
			             pointers[i - 1], pointers[i]);
	}
	free(pointers);
	return rc;
}

/* A list of numbers has them as text where they are great. */
static bool is_item(const json_t *item, const char *token)
{
	uint64_t value;

	if (json_is_string(item))
		return strcmp(json_string_value(item), token) == 0;
	return json_uint_parse(token, &value) && json_is_integer(item) &&
	       json_integer_value(item) >= 0 &&
	       (uint64_t)json_integer_value(item) == value;
}

static json_t *item_of(const json_t *array, const char *token)
{
	uint64_t value;

	if (json_is_integer(json_array_get(array, 0)) &&
	    json_uint_parse(token, &value))
		return json_uint(value);
	return json_string(token);
}

static int patch_list(json_t *object, const char *name, json_t *array,
                      const char *token, json_t *value, const char *pointer,
                      struct err *err)
{
	bool take_out = json_is_null(value) || json_is_false(value);

	if (json_is_object(json_array_get(array, 0)) ||
	    (!json_is_true(value) && !take_out))
		return err_set(err, ERR_PARSE,
		               "'%.200s' points into an array: set the whole "
		               "array, or, if its items are strings or "
		               "numbers, set '%.60s/ITEM' to true or false",
		               pointer, name);
	/* an empty list does not say of what it is one: {"item":true} is for
	 * its reader to understand */
	if (json_array_size(array) == 0) {
		if (json_is_true(value) &&
		    json_object_set_new(object, name,
		                        json_pack("{s:b}", token, 1)))
			abort();
		return 0;
	}
	for (size_t i = json_array_size(array); i > 0; i--) {
		if (!is_item(json_array_get(array, i - 1), token))
			continue;
		if (json_is_true(value))
			return 0;
		json_array_remove(array, i - 1);
	}
	if (json_is_true(value) &&
	    json_array_append_new(array, item_of(array, token)))
		abort();
	return 0;
}

static int patch_at(json_t *object, const char *pointer, json_t *value,
                    struct err *err)
{
	auto_(strbuf_clear) struct strbuf token = {0}, name = {0};
	const char *rest = pointer;
	json_t *up = NULL, *at = object;

	for (;;) {
		if (!json_pointer_next(&rest, &token))
			return err_set(err, ERR_PARSE,
			               "'%.200s': ~ is not followed by 0 or 1",
			               pointer);
		if (json_is_array(at) && rest == NULL)
			return patch_list(up, strbuf_text(&name), at,
			                  strbuf_text(&token), value, pointer,
			                  err);
		if (json_is_array(at))
			return err_set(err, ERR_PARSE,
			               "'%.200s' points into an array: set the "
			               "whole array",
			               pointer);
		if (!json_is_object(at))
			return err_set(err, ERR_PARSE,
			               "'%.200s' points into a value that is "
			               "not an object",
			               pointer);
		if (rest == NULL) {
			if (json_is_null(value))
				json_object_del(at, strbuf_text(&token));
			else if (json_object_set(at, strbuf_text(&token),
			                         value))
				abort();
			return 0;
		}
		up = at;
		at = json_object_get(at, strbuf_text(&token));
		if (at == NULL)
			return err_set(err, ERR_PARSE,
			               "'%.200s' points into '%.100s', which "
			               "does not exist",
			               pointer, strbuf_text(&token));
		strbuf_reset(&name);
		strbuf_puts(&name, strbuf_text(&token));
	}
}

int json_pointer_patch(json_t *object, json_t *patch, struct err *err)
{
	const char *pointer;
	json_t *value;

	if (json_pointer_check_patch(patch, err) < 0)
		return ERR_PARSE;
	json_object_foreach (patch, pointer, value) {
		if (patch_at(object, pointer, value, err) < 0)
			return ERR_PARSE;
	}
	return 0;
}
