/*
 * slots - entries by their hash
 *
 *     size_t at = hash;
 *
 *     while ((entry = slots_find(&slots, hash, &at)) != NULL)
 *             if (what it holds is what is looked for)
 *                     return entry;
 *
 * Open addressing, at most half full.  An entry begins with its hash, a
 * uint64_t, and stays its owner's: mostly it lies in an arena that is reset
 * together with the table.
 */
#ifndef TLSTALLY_BASE_SLOTS_H
#define TLSTALLY_BASE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

struct slots {
	uint64_t **at;
	size_t size; /* a power of two */
	size_t used;
	void **sorted; /* of slots_sorted(); NULL */
};

void slots_init(struct slots *slots);
void slots_clear(struct slots *slots);
/* Empties it, and keeps its memory if it was not far too much. */
void slots_reset(struct slots *slots);

void slots_insert(struct slots *slots, void *entry);
/* The next entry of that hash; NULL: there is no other. */
void *slots_find(const struct slots *slots, uint64_t hash, size_t *at);

/* All entries in order; the array is the table's until it changes.  compare()
 * gets pointers to pointers to them, as of qsort(3). */
void *slots_sorted(struct slots *slots,
                   int (*compare)(const void *a, const void *b));

#endif
