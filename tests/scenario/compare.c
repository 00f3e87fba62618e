#include "scenario/compare.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

static int differ(const char *path, const json_t *got, const json_t *want,
                  struct err *err)
{
	auto_(strbuf_clear) struct strbuf a = {0}, b = {0};

	if (got != NULL)
		json_write(got, &a);
	if (want != NULL)
		json_write(want, &b);
	return err_set(err, ERR_PARSE, "%s is %.150s, not %.150s", path,
	               a.len ? strbuf_text(&a) : "absent",
	               b.len ? strbuf_text(&b) : "there");
}

static int compare(const char *path, const json_t *got, const json_t *want,
                   struct err *err);

static int compare_members(const char *path, const json_t *got,
                           const json_t *want, struct err *err)
{
	json_t *object = (json_t *)(uintptr_t)want, *value;
	const char *name;
	char below[256];

	json_object_foreach (object, name, value) {
		snprintf(below, sizeof(below), "%s.%s", path, name);
		if (compare(below, json_object_get(got, name), value, err) < 0)
			return err->class;
	}
	object = (json_t *)(uintptr_t)got;
	json_object_foreach (object, name, value) {
		snprintf(below, sizeof(below), "%s.%s", path, name);
		if (json_object_get(want, name) == NULL)
			return differ(below, value, NULL, err);
	}
	return 0;
}

static int compare_items(const char *path, const json_t *got,
                         const json_t *want, struct err *err)
{
	char below[256];

	if (json_array_size(got) != json_array_size(want))
		return differ(path, got, want, err);
	for (size_t i = 0; i < json_array_size(want); i++) {
		snprintf(below, sizeof(below), "%s[%zu]", path, i);
		if (compare(below, json_array_get(got, i),
		            json_array_get(want, i), err) < 0)
			return err->class;
	}
	return 0;
}

static int compare(const char *path, const json_t *got, const json_t *want,
                   struct err *err)
{
	if (got == NULL || json_typeof(got) != json_typeof(want))
		return differ(path, got, want, err);
	if (json_is_object(want))
		return compare_members(path, got, want, err);
	if (json_is_array(want))
		return compare_items(path, got, want, err);
	if (json_is_string(want) && strcmp(json_string_value(want), "*") == 0)
		return 0;
	return json_equal(got, want) ? 0 : differ(path, got, want, err);
}

int compare_json(const struct strbuf *got, const struct strbuf *want,
                 struct err *err)
{
	auto_(json_free) json_t *a = json_read(got->data, got->len, false, err);
	auto_(json_free) json_t *b = NULL;

	if (a == NULL)
		return err_prefix(err, "the report");
	b = json_read(want->data, want->len, false, err);
	if (b == NULL)
		return err_prefix(err, "the file");
	return compare("report", a, b, err);
}
