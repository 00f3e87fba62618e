#include "cli/cell.h"

#include "base/auto.h"
#include "base/json.h"
#include "show/doc.h"

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

static void write_value(const json_t *value, struct strbuf *out)
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

bool cell_takes(const json_t *value)
{
	return !is_container(value) || is_flat(value) || is_set(value);
}

char *cell_text(const json_t *value)
{
	auto_(strbuf_clear) struct strbuf text = {0};

	write_value(value, &text);
	return doc_safe_text(strbuf_text(&text));
}
