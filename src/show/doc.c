#include "show/doc.h"

#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/xalloc.h"

char *doc_safe_text(const char *text)
{
	auto_(arena_clear) struct arena mem;
	const char *clean = NULL;
	size_t len;

	arena_init(&mem);
	if (text != NULL) {
		text = utf8_repair(&mem, text, strlen(text), &len);
		clean = utf8_clean(&mem, text, len, len);
	}
	return xstrdup(clean ? clean : "");
}

void doc_set(json_t *object, const char *name, const char *text)
{
	auto_(xfree_str) char *safe = doc_safe_text(text);

	if (safe[0] != '\0')
		json_set_string(object, name, safe);
}

void doc_append(json_t *array, const char *text)
{
	auto_(xfree_str) char *safe = doc_safe_text(text);

	json_array_append_new(array, json_string(safe));
}

void doc_set_day(json_t *object, const char *name, int32_t day)
{
	char text[DAY_TEXT];

	json_set_string(object, name, day_format(day, text));
}

json_t *doc_array(json_t *object, const char *name)
{
	json_object_set_new(object, name, json_array());
	return json_object_get(object, name);
}

json_t *doc_object(json_t *object, const char *name)
{
	json_object_set_new(object, name, json_object());
	return json_object_get(object, name);
}

void doc_counts(json_t *object, const char *name,
                const struct vocabulary *words, int first,
                const uint64_t *counts)
{
	json_t *made = doc_object(object, name);

	for (int i = first; i < words->count; i++)
		if (counts[i] > 0)
			json_set_uint(made, word_api(words, i), counts[i]);
}

json_t *doc_row(json_t *array)
{
	json_array_append_new(array, json_object());
	return json_array_get(array, json_array_size(array) - 1);
}

const char *doc_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

uint64_t doc_number(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

const json_t *doc_get(const json_t *object, const char *name)
{
	return json_object_get(object, name);
}

void doc_print(const json_t *json, struct strbuf *out)
{
	json_write_pretty(json, out);
	strbuf_putc(out, '\n');
}

void doc_make_safe(json_t *json)
{
	const char *name;
	json_t *value;
	void *next;
	size_t i;

	if (json_is_string(json)) {
		auto_(xfree_str) char *safe =
			doc_safe_text(json_string_value(json));

		json_string_set(json, safe);
	}
	json_array_foreach (json, i, value)
		doc_make_safe(value);
	json_object_foreach_safe (json, next, name, value) {
		auto_(xfree_str) char *safe = doc_safe_text(name);

		doc_make_safe(value);
		if (strcmp(safe, name) != 0)
			json_object_del(json, name);
	}
}

bool doc_wants(const json_t *wanted, const char *name)
{
	json_t *item;
	size_t i;

	if (wanted == NULL)
		return true;
	json_array_foreach (wanted, i, item) {
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

/* --- in parts --- */

void doc_print_begin(const json_t *json, const char *name, struct strbuf *out)
{
	if (name == NULL) {
		strbuf_putc(out, '[');
		return;
	}
	if (json_object_size(json) == 0) {
		strbuf_printf(out, "{\n  \"%s\": [", name);
		return;
	}
	json_write_pretty(json, out);
	out->len -= strlen("\n}");
	strbuf_printf(out, ",\n  \"%s\": [", name);
}

/* No line of JSON breaks within a text. */
static void add_indented(const char *text, const char *indent,
                         struct strbuf *out)
{
	size_t len;

	for (; *text != '\0'; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		strbuf_puts(out, indent);
		strbuf_add(out, text, len);
	}
}

void doc_print_items(const json_t *items, const char *name, bool first,
                     struct strbuf *out)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	const json_t *item;
	size_t i;

	json_array_foreach (items, i, item) {
		strbuf_puts(out, first && i == 0 ? "\n" : ",\n");
		strbuf_reset(&text);
		json_write_pretty(item, &text);
		add_indented(strbuf_text(&text), name ? "    " : "  ", out);
	}
}

void doc_print_end(const char *name, bool empty, struct strbuf *out)
{
	if (!empty)
		strbuf_puts(out, name ? "\n  " : "\n");
	strbuf_puts(out, name ? "]\n}\n" : "]\n");
}
