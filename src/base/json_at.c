#include "base/json_at.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/strbuf.h"

enum { NAME_SHOWN = 60 }; /* bytes of a foreign member name in a path */

#define LAST_TIME INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Names may be a stranger's: nothing of them breaks the line. */
static void write_name(const char *name, struct strbuf *out)
{
	for (size_t i = 0; i < NAME_SHOWN && name[i] != '\0'; i++)
		strbuf_putc(out, (unsigned char)name[i] < ' ' || name[i] == 0x7f
		                         ? '?'
		                         : name[i]);
}

void json_at_path(const struct json_at *at, struct strbuf *out)
{
	if (at->up == NULL)
		return;
	json_at_path(at->up, out);
	if (at->name == NULL) {
		strbuf_printf(out, "[%zu]", at->index);
		return;
	}
	if (out->len > 0)
		strbuf_putc(out, '.');
	write_name(at->name, out);
}

/* A name as a step of a pointer (RFC 6901 section 3), cut between two
 * characters. */
static void write_step(const char *name, struct strbuf *out)
{
	size_t len = strnlen(name, NAME_SHOWN + 1);

	if (len > NAME_SHOWN)
		for (len = NAME_SHOWN; len > 0 && (name[len] & 0xc0) == 0x80;)
			len--;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '~' || name[i] == '/')
			strbuf_puts(out, name[i] == '~' ? "~0" : "~1");
		else
			strbuf_putc(out, name[i]);
	}
}

static void write_pointer(const struct json_at *at, struct strbuf *out)
{
	if (at->up == NULL)
		return;
	write_pointer(at->up, out);
	if (at->up->up != NULL)
		strbuf_putc(out, '/');
	if (at->name == NULL)
		strbuf_printf(out, "%zu", at->index);
	else
		write_step(at->name, out);
}

static bool has_path(json_t *paths, const char *path)
{
	json_t *item;
	size_t i;

	json_array_foreach (paths, i, item) {
		if (strcmp(json_string_value(item), path) == 0)
			return true;
	}
	return false;
}

static void keep_path(const struct json_at *at)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	json_t *paths = at->in->paths;

	if (paths == NULL || at->up == NULL ||
	    json_array_size(paths) >= JSON_PATHS_MAX)
		return;
	write_pointer(at, &text);
	if (!has_path(paths, strbuf_text(&text)) &&
	    json_array_append_new(paths, json_string(strbuf_text(&text))))
		abort();
}

/* Names and words may be a stranger's: nothing of them breaks the line. */
static void keep_fault(const struct json_at *at, int class, const char *words)
{
	struct strbuf text;

	keep_path(at);
	if (at->in->class != 0)
		return;
	at->in->class = class;
	strbuf_init(&text, 0);
	json_at_path(at, &text);
	strbuf_printf(&text, "%s%s", text.len > 0 ? ": " : "", words);
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			text.data[i] = '?';
	err_set(at->in->err, class, "%s", strbuf_text(&text));
	strbuf_clear(&text);
}

int json_at_fail(const struct json_at *at, int class, const char *fmt, ...)
{
	struct err words;
	va_list ap;

	va_start(ap, fmt);
	err_vset(&words, class, fmt, ap);
	va_end(ap);
	keep_fault(at, class, words.text);
	return class;
}

int json_at_fail_err(const struct json_at *at, const struct err *why)
{
	keep_fault(at, why->class, why->text);
	return why->class;
}

static const char *type_word(json_type type)
{
	static const char *const words[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_REAL] = "a number",
		[JSON_INTEGER] = "a whole number",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return words[type];
}

/* The place, absent when what is there has another type. */
static void want(struct json_at *at, json_type type)
{
	if (at->json == NULL || json_typeof(at->json) == type)
		return;
	json_at_fail(at, ERR_PARSE, "not %s", type_word(type));
	at->json = NULL;
}

struct json_at json_at_root(struct json_in *in, json_t *json)
{
	struct json_at at = {.in = in, .json = json};

	want(&at, JSON_OBJECT);
	return at;
}

struct json_at json_at_any(const struct json_at *object, const char *name,
                           enum json_need need)
{
	struct json_at at = {.in = object->in, .up = object, .name = name};

	if (object->json == NULL)
		return at;
	at.json = json_object_get(object->json, name);
	if (json_is_null(at.json))
		at.json = NULL;
	if (at.json == NULL && need == JSON_MUST)
		json_at_fail(&at, ERR_PARSE, "missing");
	return at;
}

struct json_at json_at_member(const struct json_at *object, const char *name,
                              json_type type, enum json_need need)
{
	struct json_at at = json_at_any(object, name, need);

	want(&at, type);
	return at;
}

struct json_at json_at_item(const struct json_at *array, size_t index,
                            json_type type)
{
	struct json_at at = {.in = array->in, .up = array, .index = index};

	if (array->json != NULL)
		at.json = json_array_get(array->json, index);
	want(&at, type);
	return at;
}

size_t json_at_count(const struct json_at *array)
{
	return array->json ? json_array_size(array->json) : 0;
}

const char *json_at_string(const struct json_at *object, const char *name,
                           enum json_need need)
{
	struct json_at at = json_at_member(object, name, JSON_STRING, need);

	return at.json ? json_string_value(at.json) : NULL;
}

uint64_t json_at_uint_value(const struct json_at *at)
{
	struct json_at number = *at;
	json_int_t value;

	if (json_is_real(at->json) &&
	    json_real_value(at->json) > (double)JSON_UINT_MAX) {
		json_at_fail(at, ERR_LIMIT, "greater than 2^53-1");
		return 0;
	}
	want(&number, JSON_INTEGER);
	if (number.json == NULL)
		return 0;
	value = json_integer_value(number.json);
	if (value < 0)
		json_at_fail(at, ERR_PARSE, "negative");
	else if ((uint64_t)value > JSON_UINT_MAX)
		json_at_fail(at, ERR_LIMIT, "greater than 2^53-1");
	else
		return (uint64_t)value;
	return 0;
}

int64_t json_at_time_value(const struct json_at *at)
{
	struct json_at text = *at;
	struct err why;
	int64_t time = 0;

	want(&text, JSON_STRING);
	if (text.json == NULL)
		return 0;
	if (day_parse_time(json_string_value(text.json), &time, &why) < 0)
		json_at_fail_err(at, &why);
	/* an offset can lead out of the years that have four digits */
	else if (time < 0 || time > LAST_TIME)
		json_at_fail(at, ERR_PARSE, "not between 1970 and 9999 in UTC");
	else
		return time;
	return 0;
}

uint64_t json_at_uint(const struct json_at *object, const char *name,
                      enum json_need need)
{
	struct json_at at = json_at_any(object, name, need);

	return json_at_uint_value(&at);
}

int64_t json_at_time(const struct json_at *object, const char *name,
                     enum json_need need)
{
	struct json_at at = json_at_any(object, name, need);

	return json_at_time_value(&at);
}
