#include "base/lru.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"

struct entry {
	struct entry *chain; /* the next of its bucket */
	struct entry *older, *newer;
	uint64_t hash;
	void *key;
	size_t key_len;
	void *value;
};

struct lru {
	struct entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t count, max, value_size;
	uint64_t seed;
	struct entry *oldest, *newest;
	void (*clear)(void *value);
};

enum { FIRST_BUCKETS = 64 };

struct lru *lru_new(size_t max, size_t value_size, void (*clear)(void *value))
{
	struct lru *lru = xcalloc(1, sizeof(*lru));

	lru->max = max > 0 ? max : 1;
	lru->value_size = value_size;
	lru->clear = clear;
	lru->bucket_count = FIRST_BUCKETS;
	lru->buckets = xcalloc(lru->bucket_count, sizeof(*lru->buckets));
	hash_random_bytes(&lru->seed, sizeof(lru->seed));
	return lru;
}

size_t lru_count(const struct lru *lru)
{
	return lru->count;
}

/* Where the entry hangs, or would: its bucket or the one before's chain. */
static struct entry **find_entry(const struct lru *lru, uint64_t hash,
                                 const void *key, size_t len)
{
	struct entry **at = &lru->buckets[hash & (lru->bucket_count - 1)];

	while (*at != NULL && ((*at)->hash != hash || (*at)->key_len != len ||
	                       memcmp((*at)->key, key, len) != 0))
		at = &(*at)->chain;
	return at;
}

static struct entry **find_key(const struct lru *lru, const void *key,
                               size_t len)
{
	return find_entry(lru, hash64(lru->seed, key, len), key, len);
}

static void unlink_age(struct lru *lru, struct entry *entry)
{
	*(entry->older ? &entry->older->newer : &lru->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &lru->newest) = entry->older;
}

static void link_newest(struct lru *lru, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = lru->newest;
	*(lru->newest ? &lru->newest->newer : &lru->oldest) = entry;
	lru->newest = entry;
}

static void drop_entry(struct lru *lru, struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->chain;
	unlink_age(lru, entry);
	lru->count--;
	if (lru->clear != NULL)
		lru->clear(entry->value);
	free(entry->value);
	free(entry->key);
	free(entry);
}

static void grow(struct lru *lru)
{
	free(lru->buckets);
	lru->bucket_count *= 2;
	lru->buckets = xcalloc(lru->bucket_count, sizeof(*lru->buckets));
	for (struct entry *e = lru->oldest; e != NULL; e = e->newer) {
		struct entry **at =
			&lru->buckets[e->hash & (lru->bucket_count - 1)];

		e->chain = *at;
		*at = e;
	}
}

static struct entry *add_entry(struct lru *lru, uint64_t hash, const void *key,
                               size_t len)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));
	struct entry **at;

	if (lru->count >= lru->max)
		drop_entry(lru,
		           find_entry(lru, lru->oldest->hash, lru->oldest->key,
		                      lru->oldest->key_len));
	if (lru->count >= lru->bucket_count)
		grow(lru);
	entry->hash = hash;
	entry->key = xmemdup(key, len);
	entry->key_len = len;
	entry->value = xcalloc(1, lru->value_size);
	at = &lru->buckets[hash & (lru->bucket_count - 1)];
	entry->chain = *at;
	*at = entry;
	link_newest(lru, entry);
	lru->count++;
	return entry;
}

void *lru_use(struct lru *lru, const void *key, size_t len)
{
	uint64_t hash = hash64(lru->seed, key, len);
	struct entry *entry = *find_entry(lru, hash, key, len);

	if (entry == NULL)
		return add_entry(lru, hash, key, len)->value;
	unlink_age(lru, entry);
	link_newest(lru, entry);
	return entry->value;
}

void *lru_find(const struct lru *lru, const void *key, size_t len)
{
	struct entry *entry = *find_key(lru, key, len);

	return entry ? entry->value : NULL;
}

void lru_forget(struct lru *lru, const void *key, size_t len)
{
	struct entry **at = find_key(lru, key, len);

	if (*at != NULL)
		drop_entry(lru, at);
}

const void *lru_next(const struct lru *lru, const void *cursor)
{
	const struct entry *entry = cursor;

	return entry ? entry->newer : lru->oldest;
}

const void *lru_key(const void *cursor, size_t *len)
{
	const struct entry *entry = cursor;

	*len = entry->key_len;
	return entry->key;
}

void *lru_value(const void *cursor)
{
	const struct entry *entry = cursor;

	return entry->value;
}

void lru_free(struct lru **lru)
{
	if (*lru == NULL)
		return;
	while ((*lru)->oldest != NULL)
		drop_entry(*lru, find_entry(*lru, (*lru)->oldest->hash,
		                            (*lru)->oldest->key,
		                            (*lru)->oldest->key_len));
	free((*lru)->buckets);
	free(*lru);
	*lru = NULL;
}
