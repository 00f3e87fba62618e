#include "words/vocabulary.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/strbuf.h"

static const struct word unknown = {.api = "unknown", .rfc = "unknown"};

static const struct word *row(const struct vocabulary *in, int number)
{
	if (number < 0 || number >= in->count)
		number = in->other;
	return number < 0 || in->words[number].api == NULL ? &unknown
	                                                   : &in->words[number];
}

const char *word_api(const struct vocabulary *in, int number)
{
	return row(in, number)->api;
}

const char *word_label(const struct vocabulary *in, int number)
{
	const struct word *word = row(in, number);

	return word->label != NULL ? word->label : word->api;
}

const char *word_sentence(const struct vocabulary *in, int number)
{
	return row(in, number)->sentence;
}

const char *word_rfc(const struct vocabulary *in, int number)
{
	return row(in, number)->rfc;
}

int word_find(const struct vocabulary *in, const char *text)
{
	for (int i = 0; i < in->count; i++)
		if (in->words[i].api != NULL &&
		    strcmp(in->words[i].api, text) == 0)
			return i;
	return -1;
}

/* Is "no-record" the dashed form of "noRecord"? */
static bool is_dashed(const char *api, const char *text)
{
	for (; *api != '\0'; api++, text++) {
		if (isupper((unsigned char)*api) && *text++ != '-')
			return false;
		if (tolower((unsigned char)*api) != *text)
			return false;
	}
	return *text == '\0';
}

int word_find_dashed(const struct vocabulary *in, const char *text)
{
	int number = word_find(in, text);

	for (int i = 0; number < 0 && i < in->count; i++)
		if (in->words[i].api != NULL &&
		    is_dashed(in->words[i].api, text))
			number = i;
	return number;
}

int word_find_rfc(const struct vocabulary *in, const char *text)
{
	for (int i = 0; i < in->count; i++)
		if (strcmp(in->words[i].rfc, text) == 0)
			return i;
	return -1;
}

int word_find_libtlsrpt(const struct vocabulary *in, int64_t number)
{
	for (int i = 0; i < in->count; i++)
		if (number != 0 && in->words[i].libtlsrpt == number)
			return i;
	return -1;
}

int word_at(const struct vocabulary *in, int place)
{
	if (in->other < 0 || place < in->other)
		return place;
	return place == in->count - 1 ? in->other : place + 1;
}

void word_list(const struct vocabulary *in, struct strbuf *out)
{
	for (int i = 0; i < in->count; i++)
		strbuf_printf(out, "%s%s", i > 0 ? ", " : "",
		              in->words[word_at(in, i)].api);
}
