/* Any bytes as the body of an answer: what is said of it is one line that may
 * be printed, whatever the type is called. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "reply/http_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, "text/plain; charset=utf-8",
	                                    "application/problem+json",
	                                    "text/html"};
	char words[100], shown[400];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		http_words(types[i], (const char *)data, size, words,
		           sizeof(words));
		/* nothing is left to be escaped */
		utf8_show(shown, sizeof(shown), words, strlen(words));
		if (!utf8_valid(words, strlen(words)) ||
		    strcmp(words, shown) != 0)
			abort();
	}
	return 0;
}
