#include "maillog/journal_field.h"

enum { DIGITS_MAX = 18 };

int64_t journal_field_number(const char *text, size_t len)
{
	int64_t number = 0;

	if (len == 0 || len > DIGITS_MAX)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}
