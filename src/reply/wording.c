#include "reply/wording.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "base/span.h"
#include "reply/refusal.h"

/* Does it vary with the recipient, or with the moment?  Codes do not. */
static bool varies(struct span word)
{
	int status[3];

	if (refusal_status_here(word, status))
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (strchr("@<0123456789", word.at[i]) != NULL)
			return true;
	return word.len > 1 && memchr(word.at, '.', word.len - 1) != NULL;
}

uint64_t wording_hash(uint64_t seed, const char *text)
{
	struct span rest = span_of(text), word;
	bool more;

	do {
		more = span_split(&rest, ' ', &word);
		if (word.len > 0 && !varies(word))
			seed = hash64(seed, word.at, word.len);
	} while (more);
	return seed;
}
