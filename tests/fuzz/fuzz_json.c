/* Any text to JSON and back: what was read can be written and read again. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(json_free) json_t *json = NULL;
	auto_(json_free) json_t *again = NULL;
	auto_(strbuf_clear) struct strbuf text = {0};
	struct err err;

	json = json_read((const char *)data, size, true, &err);
	if (json == NULL)
		return 0;
	json_write(json, &text);
	again = json_read(text.data, text.len, true, &err);
	if (again == NULL || !json_equal(json, again))
		abort();
	return 0;
}
