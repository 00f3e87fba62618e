#include "intake/log_counts.h"

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

struct log_counts {
	uint64_t seed;
	struct arena arena;
	size_t bytes;
	size_t count;
	struct log_count *slots[SLOTS];
	struct log_count *sorted[SLOTS];
};

struct log_counts *log_counts_new(void)
{
	struct log_counts *counts = xcalloc(1, sizeof(*counts));

	random_bytes(&counts->seed, sizeof(counts->seed));
	arena_init(&counts->arena);
	return counts;
}

void log_counts_free(struct log_counts **counts)
{
	if (*counts == NULL)
		return;
	arena_clear(&(*counts)->arena);
	free(*counts);
	*counts = NULL;
}

void log_counts_reset(struct log_counts *counts)
{
	arena_reset(&counts->arena);
	memset(counts->slots, 0, sizeof(counts->slots));
	counts->count = counts->bytes = 0;
}

static bool is_it(const struct log_count *slot, uint64_t hash, int32_t day,
                  const char *domain, const void *session, size_t len)
{
	return slot->hash == hash && slot->day == day && slot->len == len &&
	       memcmp(slot->session, session, len) == 0 &&
	       strcmp(slot->domain, domain) == 0;
}

static struct log_count *make(struct log_counts *counts, int32_t day,
                              const char *domain, const void *session,
                              size_t len)
{
	struct log_count *slot = arena_alloc(&counts->arena, sizeof(*slot));
	void *copy = arena_alloc(&counts->arena, len);

	slot->day = day;
	slot->domain = arena_strdup(&counts->arena, domain);
	slot->session = memcpy(copy, session, len);
	slot->len = (uint32_t)len;
	counts->bytes += sizeof(*slot) + strlen(domain) + len;
	counts->count++;
	return slot;
}

static bool add(struct log_counts *counts, int32_t day, const char *domain,
                const void *session, size_t len, bool even_past_bounds)
{
	uint64_t hash =
		hash64(hash64(counts->seed + (uint32_t)day, session, len),
	               domain, strlen(domain));
	size_t i = hash % SLOTS;

	while (counts->slots[i] != NULL &&
	       !is_it(counts->slots[i], hash, day, domain, session, len))
		i = (i + 1) % SLOTS;
	if (counts->slots[i] == NULL) {
		if (!even_past_bounds && (counts->count >= HARD_DIFFERENT ||
		                          counts->bytes >= HARD_BYTES))
			return false;
		counts->slots[i] = make(counts, day, domain, session, len);
		counts->slots[i]->hash = hash;
	}
	counts->slots[i]->n++;
	return true;
}

void log_counts_add(struct log_counts *counts, int32_t day, const char *domain,
                    const void *session, size_t len)
{
	add(counts, day, domain, session, len, true);
}

bool log_counts_add_if_room(struct log_counts *counts, int32_t day,
                            const char *domain, const void *session, size_t len)
{
	return add(counts, day, domain, session, len, false);
}

bool log_counts_full(const struct log_counts *counts)
{
	return counts->count >= MAX_DIFFERENT || counts->bytes >= MAX_BYTES;
}

static int compare(const void *a, const void *b)
{
	const struct log_count *l = *(struct log_count *const *)a;
	const struct log_count *r = *(struct log_count *const *)b;
	size_t len = l->len < r->len ? l->len : r->len;
	int order;

	if (l->day != r->day)
		return l->day < r->day ? -1 : 1;
	order = strcmp(l->domain, r->domain);
	if (order == 0)
		order = memcmp(l->session, r->session, len);
	return order != 0 ? order : (l->len > r->len) - (l->len < r->len);
}

struct log_count **log_counts_sorted(struct log_counts *counts, size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < SLOTS; i++)
		if (counts->slots[i] != NULL)
			counts->sorted[(*count)++] = counts->slots[i];
	if (*count > 0)
		qsort(counts->sorted, *count, sizeof(*counts->sorted), compare);
	return counts->sorted;
}
