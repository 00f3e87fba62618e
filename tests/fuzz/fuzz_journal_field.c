/* Any bytes as a number of the journal: -1, or the number that they write. */
#include <inttypes.h>

#include "check.h"
#include "maillog/journal_field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t number = journal_field_number((const char *)data, size);
	char text[32];
	size_t zeros = 0;

	check(number >= -1);
	if (number < 0)
		return 0;
	while (zeros + 1 < size && data[zeros] == '0')
		zeros++;
	snprintf(text, sizeof(text), "%" PRId64, number);
	check(strlen(text) == size - zeros &&
	      memcmp(text, data + zeros, size - zeros) == 0);
	return 0;
}
