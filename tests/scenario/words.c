#include "scenario/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One word from *at on, its quotes taken out; NULL at the command's end. */
static char *next_word(char **at, bool *unclosed)
{
	char *from = *at, *word, *to;
	bool quoted = false;

	while (isspace((unsigned char)*from))
		from++;
	word = to = from;
	if (*from == '#')
		*from = '\0';
	if (*from == '\0' || *from == ';') {
		*at = from;
		return NULL;
	}
	for (; *from != '\0' && (quoted || !isspace((unsigned char)*from));
	     from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*unclosed |= quoted;
	if (*from != '\0')
		from++;
	*to = '\0';
	*at = from;
	return word;
}

int words_split(char **line, struct words *words, struct err *err)
{
	bool unclosed = false;
	char *word;

	words->count = 0;
	while ((word = next_word(line, &unclosed)) != NULL) {
		if (words->count == WORDS_MAX)
			return err_set(err, ERR_LIMIT, "too many words");
		words->word[words->count++] = word;
	}
	if (unclosed)
		return err_set(err, ERR_PARSE, "a quote is not closed");
	if (**line == ';') {
		(*line)++;
		if (words->count == 0)
			return words_split(line, words, err);
	}
	return words->count > 0;
}

const char *words_take(struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->word[i];

		if (word != NULL) {
			words->word[i] = NULL;
			return word;
		}
	}
	return NULL;
}

int words_need(struct words *words, const char *what, const char **word,
               struct err *err)
{
	*word = words_take(words);
	return *word ? 0 : err_set(err, ERR_PARSE, "%s is missing", what);
}

bool words_flag(struct words *words, const char *flag)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->word[i];

		if (word != NULL && strcmp(word, flag) == 0) {
			words->word[i] = NULL;
			return true;
		}
	}
	return false;
}

int words_value(struct words *words, const char *name, const char **value)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->word[i];

		if (word != NULL && strncmp(word, name, len) == 0 &&
		    word[len] == '=') {
			words->word[i] = NULL;
			*value = word + len + 1;
			return 1;
		}
	}
	return 0;
}

static int read_number(const char *text, uint64_t *number, struct err *err)
{
	char *end;

	*number = strtoull(text, &end, 10);
	if (end == text || *end != '\0')
		return err_set(err, ERR_PARSE, "'%s' is not a number", text);
	return 1;
}

int words_number(struct words *words, const char *name, uint64_t *number,
                 struct err *err)
{
	const char *text;

	if (words_value(words, name, &text) == 0)
		return 0;
	return read_number(text, number, err);
}

int words_times(struct words *words, size_t *times, struct err *err)
{
	uint64_t number = 1;

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->word[i];

		if (word == NULL || word[0] != '*' || word[1] == '\0')
			continue;
		if (read_number(word + 1, &number, err) < 0)
			return err->class;
		words->word[i] = NULL;
	}
	*times = number;
	return 0;
}
