#include "intake/counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/xalloc.h"

/* What is full is committed before the next session comes, or there is no
 * room: the slots are never more than seven eighths taken. */
enum {
	SLOTS = 32768, /* a power of two */
	MAX_DIFFERENT = 20000,
	HARD_DIFFERENT = 28000,
	MAX_BYTES = 6 * 1024 * 1024,
	HARD_BYTES = 2 * MAX_BYTES,
};

struct counts {
	uint64_t seed;
	struct arena arena;
	size_t bytes;
	size_t count;
	struct count_row *slots[SLOTS];
	struct count_row *sorted[SLOTS];
};

struct counts *counts_new(void)
{
	struct counts *counts = xcalloc(1, sizeof(*counts));

	random_bytes(&counts->seed, sizeof(counts->seed));
	arena_init(&counts->arena);
	return counts;
}

void counts_free(struct counts **counts)
{
	if (*counts == NULL)
		return;
	arena_clear(&(*counts)->arena);
	free(*counts);
	*counts = NULL;
}

void counts_reset(struct counts *counts)
{
	arena_reset(&counts->arena);
	memset(counts->slots, 0, sizeof(counts->slots));
	counts->count = counts->bytes = 0;
}

static bool is_it(const struct count_row *slot, uint64_t hash, int32_t day,
                  const char *domain, const void *bytes, size_t len)
{
	return slot->hash == hash && slot->day == day && slot->len == len &&
	       memcmp(slot->bytes, bytes, len) == 0 &&
	       strcmp(slot->domain, domain) == 0;
}

static struct count_row *make(struct counts *counts, int32_t day,
                              const char *domain, const void *bytes, size_t len)
{
	struct count_row *slot = arena_alloc(&counts->arena, sizeof(*slot));
	void *copy = arena_alloc(&counts->arena, len);

	slot->day = day;
	slot->domain = arena_strdup(&counts->arena, domain);
	slot->bytes = memcpy(copy, bytes, len);
	slot->len = (uint32_t)len;
	counts->bytes += sizeof(*slot) + strlen(domain) + len;
	counts->count++;
	return slot;
}

bool counts_add(struct counts *counts, int32_t day, const char *domain,
                const void *bytes, size_t len)
{
	uint64_t hash = hash64(hash64(counts->seed + (uint32_t)day, bytes, len),
	                       domain, strlen(domain));
	size_t i = hash % SLOTS;

	while (counts->slots[i] != NULL &&
	       !is_it(counts->slots[i], hash, day, domain, bytes, len))
		i = (i + 1) % SLOTS;
	if (counts->slots[i] == NULL) {
		if (counts->count >= HARD_DIFFERENT ||
		    counts->bytes >= HARD_BYTES)
			return false;
		counts->slots[i] = make(counts, day, domain, bytes, len);
		counts->slots[i]->hash = hash;
	}
	counts->slots[i]->n++;
	return true;
}

bool counts_full(const struct counts *counts)
{
	return counts->count >= MAX_DIFFERENT || counts->bytes >= MAX_BYTES;
}

static int compare(const void *a, const void *b)
{
	const struct count_row *l = *(struct count_row *const *)a;
	const struct count_row *r = *(struct count_row *const *)b;
	size_t len = l->len < r->len ? l->len : r->len;
	int order;

	if (l->day != r->day)
		return l->day < r->day ? -1 : 1;
	order = strcmp(l->domain, r->domain);
	if (order == 0)
		order = memcmp(l->bytes, r->bytes, len);
	return order != 0 ? order : (l->len > r->len) - (l->len < r->len);
}

struct count_row **counts_sorted(struct counts *counts, size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < SLOTS; i++)
		if (counts->slots[i] != NULL)
			counts->sorted[(*count)++] = counts->slots[i];
	if (*count > 0)
		qsort(counts->sorted, *count, sizeof(*counts->sorted), compare);
	return counts->sorted;
}
