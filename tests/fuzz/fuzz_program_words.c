/* Any bytes as what a program said: one line that may be printed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "reply/program_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	char words[200], shown[800];

	program_words(text, words, sizeof(words));
	utf8_show(shown, sizeof(shown), words, strlen(words));
	if (strlen(words) >= sizeof(words) || strcmp(words, shown) != 0)
		abort();
	return 0;
}
