#include "intake/counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/slots.h"
#include "base/xalloc.h"

enum {
	MAX_DIFFERENT = 20000,
	HARD_DIFFERENT = 28000,
	MAX_BYTES = 6 * 1024 * 1024,
	HARD_BYTES = 2 * MAX_BYTES,
};

struct counts {
	uint64_t seed;
	struct arena arena;
	size_t bytes;
	struct slots slots; /* struct count_row */
};

struct counts *counts_new(void)
{
	struct counts *counts = xcalloc(1, sizeof(*counts));

	hash_random_bytes(&counts->seed, sizeof(counts->seed));
	arena_init(&counts->arena);
	slots_init(&counts->slots);
	return counts;
}

void counts_free(struct counts **counts)
{
	if (*counts == NULL)
		return;
	arena_clear(&(*counts)->arena);
	slots_clear(&(*counts)->slots);
	free(*counts);
	*counts = NULL;
}

void counts_reset(struct counts *counts)
{
	arena_reset(&counts->arena);
	slots_reset(&counts->slots);
	counts->bytes = 0;
}

bool counts_add(struct counts *counts, int32_t day, const char *domain,
                const void *bytes, size_t len)
{
	uint64_t hash = hash64(hash64(counts->seed + (uint32_t)day, bytes, len),
	                       domain, strlen(domain));
	struct count_row *row;
	size_t at = hash;

	while ((row = slots_find(&counts->slots, hash, &at)) != NULL)
		if (row->day == day && row->len == len &&
		    memcmp(row->bytes, bytes, len) == 0 &&
		    strcmp(row->domain, domain) == 0) {
			row->n++;
			return true;
		}
	if (counts->slots.used >= HARD_DIFFERENT || counts->bytes >= HARD_BYTES)
		return false;
	row = arena_alloc(&counts->arena, sizeof(*row));
	*row = (struct count_row){
		.hash = hash,
		.day = day,
		.len = (uint32_t)len,
		.n = 1,
		.domain = arena_strdup(&counts->arena, domain),
		.bytes = memcpy(arena_alloc(&counts->arena, len), bytes, len),
	};
	counts->bytes += sizeof(*row) + strlen(domain) + len;
	slots_insert(&counts->slots, row);
	return true;
}

bool counts_full(const struct counts *counts)
{
	return counts->slots.used >= MAX_DIFFERENT ||
	       counts->bytes >= MAX_BYTES;
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
	*count = counts->slots.used;
	return slots_sorted(&counts->slots, compare);
}
