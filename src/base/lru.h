/*
 * lru - so many values by their key, the oldest forgotten first
 *
 * Memory of things that a log never says the end of: processes, queue ids.
 * A value is a zeroed piece of fixed size, owned by the table; using it makes
 * it the newest.
 *
 *     struct process *p = lru_use(table, key, key_len);
 *
 * Walking from the oldest to the newest and using each key in another table
 * makes that table forget in the same order.
 */
#ifndef TLSTALLY_BASE_LRU_H
#define TLSTALLY_BASE_LRU_H

#include <stddef.h>

struct lru;

/* At most `max` values of that size; clear (may be NULL) releases what a
 * value owns when it is forgotten. */
struct lru *lru_new(size_t max, size_t value_size, void (*clear)(void *value));
void lru_free(struct lru **lru);

size_t lru_count(const struct lru *lru);

/* The value, made when it was not there, now the newest. */
void *lru_use(struct lru *lru, const void *key, size_t len);

/* The value, its age unchanged; NULL when it is not there. */
void *lru_find(const struct lru *lru, const void *key, size_t len);

void lru_forget(struct lru *lru, const void *key, size_t len);

/* Oldest first.  NULL begins, then the cursor of before; NULL at the end. */
const void *lru_next(const struct lru *lru, const void *cursor);
const void *lru_key(const void *cursor, size_t *len);
void *lru_value(const void *cursor);

#endif
