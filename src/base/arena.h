/*
 * arena - memory of many small things that die together
 *
 * A decoded session or a report is some dozen strings and arrays with one
 * life.  An arena hands them out of a few blocks; arena_reset() forgets them
 * all and keeps the first block for the next one, so that a receiver in full
 * flight does not call malloc at all.
 */
#ifndef TLSTALLY_BASE_ARENA_H
#define TLSTALLY_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *first;
	struct arena_block *current;
	size_t used;  /* bytes taken from the current block */
	size_t total; /* bytes of all blocks */
};

void arena_init(struct arena *arena);
void arena_reset(struct arena *arena);
void arena_clear(struct arena *arena);

/* Zeroed memory, aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* Zeroed memory for n things of a size; a product past SIZE_MAX aborts. */
void *arena_array(struct arena *arena, size_t n, size_t size);

char *arena_strndup(struct arena *arena, const char *s, size_t len);
char *arena_strdup(struct arena *arena, const char *s);
char *arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
