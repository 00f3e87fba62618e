/*
 * deadlines - many moments, the next one first
 *
 * A heap of what its owners embed: thousands can be set, moved and taken back
 * while few of them ever come.
 */
#ifndef TLSTALLY_BASE_DEADLINES_H
#define TLSTALLY_BASE_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

/* All zero: not set.  Stays where it is while it is set. */
struct deadline {
	int64_t at_ms;
	size_t place; /* the heap's; 0: not set */
};

struct deadlines {
	struct deadline **heap; /* from 1 on */
	size_t count, room;
};

void deadlines_clear(struct deadlines *deadlines);

/* Sets it, or moves it. */
void deadlines_set(struct deadlines *deadlines, struct deadline *deadline,
                   int64_t at_ms);
/* Nothing when it is not set. */
void deadlines_drop(struct deadlines *deadlines, struct deadline *deadline);
/* The next; NULL: none is set. */
struct deadline *deadlines_first(const struct deadlines *deadlines);

#endif
