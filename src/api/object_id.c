#include "api/object_id.h"

#include <string.h>

enum { ID_DIGITS = OBJECT_ID_TEXT - 2 }; /* after the letter */

static const char base32[] = "0123456789abcdefghijklmnopqrstuv";

/* The letter has the first 4 bits, each digit 5 of the other 60. */
const char *object_id_format(uint64_t id, char out[OBJECT_ID_TEXT])
{
	out[0] = (char)('a' + (id >> (5 * ID_DIGITS)));
	for (int i = 0; i < ID_DIGITS; i++)
		out[1 + i] = base32[id >> (5 * (ID_DIGITS - 1 - i)) & 31];
	out[1 + ID_DIGITS] = '\0';
	return out;
}

bool object_id_parse(const char *text, uint64_t *id)
{
	uint64_t value;

	if (strlen(text) != 1 + ID_DIGITS || text[0] < 'a' || text[0] > 'p')
		return false;
	value = (uint64_t)(text[0] - 'a');
	for (int i = 1; i <= ID_DIGITS; i++) {
		const char *digit = strchr(base32, text[i]);

		if (digit == NULL)
			return false;
		value = value << 5 | (uint64_t)(digit - base32);
	}
	*id = value;
	return true;
}
