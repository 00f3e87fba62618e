/* Any text to JSON and back: what was read can be written and read again, and
 * who is lax reads it as the same. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/json_lax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not even what he alone reads can surprise. */
static void read_lax(const char *text, size_t len, unsigned flags,
                     const json_t *strict)
{
	auto_(json_free) json_t *json = NULL;
	auto_(json_free) json_t *clean = NULL;
	auto_(strbuf_clear) struct strbuf out = {0};
	struct err err;

	json = json_lax_read(text, len, flags, &err);
	if (strict != NULL && !json_equal(json, strict))
		abort();
	if (json == NULL)
		return;
	clean = json_lax_without_nul(json);
	json_write(clean, &out);
	json_free(&json);
	json = json_read(out.data, out.len, true, &err);
	if (!json_equal(json, clean))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(json_free) json_t *json = NULL;
	auto_(json_free) json_t *again = NULL;
	auto_(strbuf_clear) struct strbuf text = {0};
	struct err err;

	json = json_read((const char *)data, size, true, &err);
	read_lax((const char *)data, size, 0, json);
	read_lax((const char *)data, size, JSON_LAX_NUL, json);
	read_lax((const char *)data, size, JSON_LAX_BIG_TEXT, json);
	if (json == NULL)
		return 0;
	json_write(json, &text);
	again = json_read(text.data, text.len, true, &err);
	if (again == NULL || !json_equal(json, again))
		abort();
	return 0;
}
