/* Any settings file: what was read can be printed and read again, and then
 * prints the same. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(conf_clear) struct conf conf;
	auto_(conf_clear) struct conf again;
	auto_(strbuf_clear) struct strbuf first = {0};
	auto_(strbuf_clear) struct strbuf second = {0};
	struct err err;

	conf_init(&conf);
	conf_init(&again);
	if (conf_read_text(&conf, "fuzz", (const char *)data, size, &err) < 0)
		return 0;
	conf_check(&conf, &err);
	conf_print(&conf, CONF_PRINT_ALL, &first);
	if (conf_read_text(&again, "again", first.data, first.len, &err) < 0)
		abort();
	conf_print(&again, CONF_PRINT_ALL, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
	return 0;
}
