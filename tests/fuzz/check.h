/* What a fuzz target asks of whatever it was given. */
#ifndef TLSTALLY_TESTS_FUZZ_CHECK_H
#define TLSTALLY_TESTS_FUZZ_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void check(bool holds)
{
	if (!holds)
		abort();
}

/* One line of ASCII, as an error or a note must be. */
static inline void check_words(const char *text)
{
	check(text[0] != '\0');
	for (const char *c = text; *c != '\0'; c++)
		check(*c >= 0x20 && *c < 0x7f);
}

#endif
