/*
 * nearest - which of our names was most likely meant
 *
 *     struct nearest nearest = nearest_to("ststus");
 *
 *     nearest_offer(&nearest, "status");
 *     nearest_offer(&nearest, "show");
 *     nearest.name         "status"; NULL when none is near enough
 *     nearest_ask(&nearest, ask)     ", did you mean 'status'?", or ""
 */
#ifndef TLSTALLY_BASE_NEAREST_H
#define TLSTALLY_BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *wrote;
	const char *name; /* lent by whoever offered it */
	size_t distance;  /* letters changed */
};

struct nearest nearest_to(const char *wrote);
void nearest_offer(struct nearest *nearest, const char *name);

/* Words to put behind "unknown ..."; returns out. */
enum { NEAREST_ASK = 96 };
const char *nearest_ask(const struct nearest *nearest, char out[NEAREST_ASK]);

#endif
