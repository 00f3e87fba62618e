/* Any bytes as a table of overrides: what is taken can be found, and is a
 * policy that Postfix reads. */
#include "base/auto.h"
#include "base/err.h"
#include "domain/policy_text.h"
#include "policyd/overrides.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(overrides_free) struct overrides *table = NULL;
	struct span rest = {(const char *)data, size}, line;
	struct err err = {0};
	bool more;

	if (overrides_read(&table, (const char *)data, size, &err) < 0) {
		check_words(err.text);
		check(table == NULL);
		return 0;
	}
	do {
		struct span key;
		const char *text;

		more = span_split(&rest, '\n', &line);
		span_split(&line, ' ', &key);
		text = overrides_find(table, key);
		check(text == NULL || text[0] == '\0' ||
		      policy_text_check(text, strlen(text), true, NULL) == 0);
	} while (more);
	return 0;
}
