/* [object, patch]: whatever it is, what comes of both notations and of a patch
 * is JSON, and an object that was written with arrays comes back as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "api/notation.h"
#include "api/object.h"
#include "base/auto.h"
#include "base/json.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(const json_t *object)
{
	auto_(strbuf_clear) struct strbuf text = {0};

	json_write(object, &text);
	check(!text.failed);
}

static void check_patch(const json_t *given, json_t *patch)
{
	auto_(json_free) json_t *object = json_deep_copy(given);
	struct err err = {0};

	notation_to_arrays(&object_table, object);
	if (notation_patch(&object_table, object, patch, &err) < 0)
		check(err.text[0] != '\0');
	check_written(object);
}

/* Once it has arrays, members and arrays lead to the same arrays again. */
static void check_both_ways(const json_t *given)
{
	auto_(json_free) json_t *object = json_deep_copy(given);
	auto_(json_free) json_t *members = NULL;

	notation_to_members(&object_table, object);
	members = json_deep_copy(object);
	notation_to_arrays(&object_table, object);
	check_written(object);
	notation_to_members(&object_table, object);
	notation_to_arrays(&object_table, object);
	notation_to_arrays(&object_table, members);
	check(json_equal(object, members));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(json_free) json_t *input = NULL;
	json_t *object, *patch;
	struct err err;

	input = json_read((const char *)data, size, false, &err);
	object = json_array_get(input, 0);
	patch = json_array_get(input, 1);
	if (!json_is_object(object))
		return 0;
	check_both_ways(object);
	if (json_is_object(patch))
		check_patch(object, patch);
	return 0;
}
