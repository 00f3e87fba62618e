#include "base/nearest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_ROOM = 64,   /* longer names are not compared */
	NEAR_AT_MOST = 3, /* changes between what was written and meant */
};

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to insert, remove or replace to make one of the other
 * (Levenshtein), one row of the matrix at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_ROOM];
	size_t b_len = strlen(b);

	if (strlen(a) >= NAME_ROOM || b_len >= NAME_ROOM)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b_len; j++) {
			size_t replaced = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] =
				min_of(replaced, 1 + min_of(row[j], diagonal));
		}
	}
	return row[b_len];
}

struct nearest nearest_to(const char *wrote)
{
	return (struct nearest){.wrote = wrote, .distance = SIZE_MAX};
}

/* A short name must not be changed beyond recognition. */
void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t d = distance(nearest->wrote, name);

	if (d < nearest->distance && d <= NEAR_AT_MOST &&
	    2 * d < strlen(name)) {
		nearest->name = name;
		nearest->distance = d;
	}
}

const char *nearest_ask(const struct nearest *nearest, char out[NEAREST_ASK])
{
	out[0] = '\0';
	if (nearest->name != NULL)
		snprintf(out, NEAREST_ASK, ", did you mean '%s'?",
		         nearest->name);
	return out;
}
