/* [object, patch, pointer]: whatever a patch does, what comes of it is JSON;
 * an empty patch changes nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "check.h"
#include "api/json_pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pointer(json_t *tree, const char *pointer)
{
	auto_(json_free) json_t *value = NULL;
	struct err err = {0};

	value = json_pointer_get(tree, pointer, &err);
	check(value != NULL || err.class != 0);
}

static void check_patch(json_t *object, json_t *patch)
{
	auto_(json_free) json_t *before = json_deep_copy(object);
	auto_(strbuf_clear) struct strbuf text = {0};
	struct err err;

	if (json_pointer_patch(object, patch, &err) < 0)
		return;
	json_write(object, &text);
	check(!text.failed);
	if (json_object_size(patch) == 0)
		check(json_equal(object, before));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(json_free) json_t *input = NULL;
	const char *pointer;
	json_t *object, *patch;
	struct err err;

	input = json_read((const char *)data, size, false, &err);
	object = json_array_get(input, 0);
	patch = json_array_get(input, 1);
	pointer = json_string_value(json_array_get(input, 2));
	if (pointer != NULL)
		check_pointer(object, pointer);
	if (json_is_object(object) && json_is_object(patch))
		check_patch(object, patch);
	return 0;
}
