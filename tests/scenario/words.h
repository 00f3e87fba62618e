/*
 * words - one command of a scenario, taken apart
 *
 *     event example.com record="v=TLSRPTv1; rua=..." fail=certificate-expired
 *
 * White space separates words, double quotes keep it, ';' between words ends
 * a command, '#' begins a comment.  A verb takes what it knows; whatever is
 * left over then is an error.
 */
#ifndef TLSTALLY_TESTS_SCENARIO_WORDS_H
#define TLSTALLY_TESTS_SCENARIO_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { WORDS_MAX = 32 };

struct words {
	char *word[WORDS_MAX]; /* NULL once it was taken */
	size_t count;
};

/* Takes the next command off *line (which it writes into): 1, 0 at its end,
 * ERR_PARSE. */
int words_split(char **line, struct words *words, struct err *err);

/* The first word that is left; NULL: none. */
const char *words_take(struct words *words);
/* The same, but there must be one; `what` is what it should have been. */
int words_need(struct words *words, const char *what, const char **word,
               struct err *err);

/* Is this word there? */
bool words_flag(struct words *words, const char *flag);

/* "name=value": 1 and the value, or 0. */
int words_value(struct words *words, const char *name, const char **value);
/* The same for a number: ERR_PARSE when it is none. */
int words_number(struct words *words, const char *name, uint64_t *number,
                 struct err *err);

/* "*12" to 12; 1 when there is none. */
int words_times(struct words *words, size_t *times, struct err *err);

#endif
