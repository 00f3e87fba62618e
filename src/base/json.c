#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"

void json_free(json_t **json)
{
	json_decref(*json);
	*json = NULL;
}

void json_say_unread(const json_error_t *why, struct err *err)
{
	err_set(err, ERR_PARSE, "JSON: line %d column %d: %s", why->line,
	        why->column, why->text);
}

bool json_has_more_values(const char *text, size_t len, size_t most)
{
	size_t count = 0;
	bool quoted = false;

	for (size_t i = 0; i < len && count <= most; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted)
			i += text[i] == '\\';
		else
			count += text[i] == ',' || text[i] == '[' ||
			         text[i] == '{';
	}
	return count > most;
}

json_t *json_read(const char *text, size_t len, bool any, struct err *err)
{
	json_error_t why;
	size_t flags = JSON_REJECT_DUPLICATES;
	json_t *json;

	if (any)
		flags |= JSON_DECODE_ANY;
	json = json_loadb(text, len, flags, &why);
	if (json == NULL)
		json_say_unread(&why, err);
	return json;
}

static int append(const char *data, size_t len, void *arg)
{
	strbuf_add(arg, data, len);
	return 0;
}

static void dump(const json_t *json, size_t flags, struct strbuf *out)
{
	if (json_dump_callback(json, append, out, flags | JSON_ENCODE_ANY))
		out->failed = true;
}

void json_write(const json_t *json, struct strbuf *out)
{
	dump(json, JSON_COMPACT, out);
}

void json_write_pretty(const json_t *json, struct strbuf *out)
{
	dump(json, JSON_INDENT(2), out);
}

enum { SCALAR_BYTES = 4, QUOTES = 2, BETWEEN = 2 };

size_t json_size(const json_t *json, size_t most)
{
	size_t size = QUOTES, i;
	const char *name;
	json_t *value;

	if (json_is_string(json))
		return size + json_string_length(json);
	if (!json_is_array(json) && !json_is_object(json))
		return SCALAR_BYTES;
	json_array_foreach (json, i, value) {
		if (size > most)
			return size;
		size += json_size(value, most - size);
	}
	/* the macro wants what it does not change to be changeable */
	json_object_foreach ((json_t *)(uintptr_t)json, name, value) {
		size += strlen(name) + QUOTES + BETWEEN;
		if (size > most)
			return size;
		size += json_size(value, most - size);
	}
	return size;
}

bool json_same(const json_t *a, const json_t *b)
{
	if (a == NULL || json_is_null(a))
		return b == NULL || json_is_null(b);
	if (json_object_size(a) + json_array_size(a) == 0 &&
	    json_object_size(b) + json_array_size(b) == 0 &&
	    (json_is_object(a) || json_is_array(a)) &&
	    (json_is_object(b) || json_is_array(b)))
		return true;
	return json_equal(a, b);
}

json_t *json_uint(uint64_t value)
{
	char text[24];

	if (value <= JSON_UINT_MAX)
		return json_integer((json_int_t)value);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

bool json_uint_parse(const char *text, uint64_t *value)
{
	char *end;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0;
}

enum { INDEX_DIGITS = 9 };

bool json_index_parse(const char *text, size_t *index)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > INDEX_DIGITS || text[len] != '\0' ||
	    (len > 1 && text[0] == '0'))
		return false;
	*index = strtoul(text, NULL, 10);
	return true;
}

/* 1 when the member is there and of the type, 0 when absent or null. */
static int get_member(const json_t *object, const char *name, json_type type,
                      const char *word, const json_t **value, struct err *err)
{
	*value = json_object_get(object, name);
	if (*value == NULL || json_is_null(*value))
		return 0;
	if (json_typeof(*value) != type)
		return err_set(err, ERR_PARSE, "%s: not %s", name, word);
	return 1;
}

int json_get_string(const json_t *object, const char *name, const char **value,
                    struct err *err)
{
	const json_t *member;
	int rc =
		get_member(object, name, JSON_STRING, "a string", &member, err);

	if (rc == 1)
		*value = json_string_value(member);
	return rc;
}

int json_get_array(const json_t *object, const char *name, const json_t **value,
                   struct err *err)
{
	return get_member(object, name, JSON_ARRAY, "an array", value, err);
}

static void set_member(json_t *object, const char *name, json_t *value)
{
	/* fails for invalid UTF-8 and for no memory: neither is ours */
	if (json_object_set_new(object, name, value))
		abort();
}

void json_set_string(json_t *object, const char *name, const char *value)
{
	if (value != NULL)
		set_member(object, name, json_string(value));
}

void json_set_uint(json_t *object, const char *name, uint64_t value)
{
	set_member(object, name, json_integer((json_int_t)value));
}

void json_set_bool(json_t *object, const char *name, bool value)
{
	set_member(object, name, json_boolean(value));
}

void json_set_time(json_t *object, const char *name, int64_t time)
{
	char text[TIME_TEXT];

	if (time != 0)
		set_member(object, name,
		           json_string(day_format_time(time, text)));
}
