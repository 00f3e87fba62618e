#include "intake/memo.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xalloc.h"

enum {
	SEEN_SETS = 16384,
	SEEN_WAYS = 4,
	CACHE_LINE = 64,
	PREFETCH_BYTES = 512, /* the rest the CPU sees coming by itself */
};

struct entry {
	struct hash128 hash;
	const void *data;
	size_t len;
	const struct session *session;
};

struct generation {
	struct arena mem;
	struct entry *entries;
	uint64_t *hits[2]; /* by side, by entry */
	uint32_t *slots;   /* entry + 1, 0: empty; open addressing */
	size_t slot_mask;
	size_t count;
	size_t left_count; /* entries there when the side was left */
};

struct memo {
	struct memo_limits limits;
	uint64_t seed;
	int side; /* hits go here */
	struct generation *young;
	struct generation *old;
	struct generation *retired; /* forgotten once the commit has ended */
	/* Of hashes seen once, set by set, the last one first: of two that
	 * share a place and come in turn neither would ever be known. */
	uint32_t (*seen)[SEEN_WAYS];
};

static struct generation *generation_new(size_t entries)
{
	struct generation *gen = xcalloc(1, sizeof(*gen));
	size_t slots = 64;

	while (slots < entries * 2)
		slots *= 2;
	arena_init(&gen->mem);
	gen->entries = xcalloc(entries, sizeof(*gen->entries));
	gen->hits[0] = xcalloc(entries, sizeof(uint64_t));
	gen->hits[1] = xcalloc(entries, sizeof(uint64_t));
	gen->slots = xcalloc(slots, sizeof(*gen->slots));
	gen->slot_mask = slots - 1;
	return gen;
}

static void generation_free(struct generation **gen)
{
	if (*gen == NULL)
		return;
	arena_clear(&(*gen)->mem);
	free((*gen)->entries);
	free((*gen)->hits[0]);
	free((*gen)->hits[1]);
	free((*gen)->slots);
	free(*gen);
	*gen = NULL;
}

struct memo *memo_new(uint64_t seed, const struct memo_limits *limits)
{
	struct memo *memo = xcalloc(1, sizeof(*memo));

	memo->limits = *limits;
	memo->seed = seed;
	memo->young = generation_new(limits->entries);
	memo->seen = xcalloc(SEEN_SETS, sizeof(*memo->seen));
	return memo;
}

void memo_free(struct memo **memo)
{
	if (*memo == NULL)
		return;
	generation_free(&(*memo)->young);
	generation_free(&(*memo)->old);
	generation_free(&(*memo)->retired);
	free((*memo)->seen);
	free(*memo);
	*memo = NULL;
}

/* The first entry of the hash's chain; NULL when there is none.  It is nearly
 * always the right one. */
static const struct entry *likely_entry(const struct generation *gen,
                                        const struct memo_event *event)
{
	uint32_t slot = gen->slots[event->hash.low & gen->slot_mask];

	return slot != 0 ? &gen->entries[slot - 1] : NULL;
}

static void prefetch_bytes(const struct entry *entry)
{
	const char *data = entry->data;

	for (size_t at = 0; at < entry->len && at < PREFETCH_BYTES;
	     at += CACHE_LINE)
		__builtin_prefetch(data + at);
}

void memo_prepare(const struct memo *memo, struct memo_event *events,
                  size_t count)
{
	const struct generation *gen = memo->young;

	for (size_t i = 0; i < count; i++) {
		events[i].hash =
			hash128(memo->seed, events[i].data, events[i].len);
		__builtin_prefetch(
			&gen->slots[events[i].hash.low & gen->slot_mask]);
	}
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(likely_entry(gen, &events[i]));
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = likely_entry(gen, &events[i]);

		if (entry == NULL)
			continue;
		prefetch_bytes(entry);
		__builtin_prefetch(&gen->hits[memo->side][entry - gen->entries],
		                   1);
	}
}

static bool generation_hit(struct generation *gen, int side,
                           const struct memo_event *event)
{
	size_t i = event->hash.low & gen->slot_mask;

	for (; gen->slots[i] != 0; i = (i + 1) & gen->slot_mask) {
		size_t at = gen->slots[i] - 1;
		const struct entry *entry = &gen->entries[at];

		if (entry->hash.low != event->hash.low ||
		    entry->hash.high != event->hash.high ||
		    entry->len != event->len ||
		    memcmp(entry->data, event->data, event->len) != 0)
			continue;
		gen->hits[side][at]++;
		return true;
	}
	return false;
}

bool memo_hit(struct memo *memo, const struct memo_event *event)
{
	if (generation_hit(memo->young, memo->side, event))
		return true;
	return memo->old != NULL &&
	       generation_hit(memo->old, memo->side, event);
}

static bool generation_is_full(const struct memo *memo,
                               const struct generation *gen)
{
	return gen->count >= memo->limits.entries ||
	       gen->mem.total >= memo->limits.bytes;
}

/* Remembers that it came; true when it did before. */
static bool was_seen(struct memo *memo, struct hash128 hash)
{
	uint32_t *seen = memo->seen[hash.high % SEEN_SETS];
	uint32_t print = (uint32_t)(hash.low >> 32) | 1;

	for (size_t i = 0; i < SEEN_WAYS; i++)
		if (seen[i] == print)
			return true;
	memmove(seen + 1, seen, (SEEN_WAYS - 1) * sizeof(*seen));
	seen[0] = print;
	return false;
}

void memo_miss(struct memo *memo, const struct memo_event *event,
               const struct session *session)
{
	struct generation *gen = memo->young;
	size_t i;

	if (!was_seen(memo, event->hash))
		return;
	/* one long datagram must not take the place of many */
	if (generation_is_full(memo, gen) ||
	    event->len > memo->limits.bytes / 64)
		return;
	gen->entries[gen->count] = (struct entry){
		.hash = event->hash,
		.data = arena_strndup(&gen->mem, event->data, event->len),
		.len = event->len,
		.session = session_dup(&gen->mem, session),
	};
	gen->count++;
	for (i = event->hash.low & gen->slot_mask; gen->slots[i] != 0;)
		i = (i + 1) & gen->slot_mask;
	gen->slots[i] = (uint32_t)gen->count;
}

void memo_swap(struct memo *memo)
{
	memo->side ^= 1;
	if (generation_is_full(memo, memo->young)) {
		memo->retired = memo->old;
		memo->old = memo->young;
		memo->young = generation_new(memo->limits.entries);
	}
	memo->young->left_count = memo->young->count;
	if (memo->old != NULL)
		memo->old->left_count = memo->old->count;
	if (memo->retired != NULL)
		memo->retired->left_count = memo->retired->count;
}

typedef void each_fn(void *arg, const struct session *session, uint64_t hits);

static void generation_each(struct generation *gen, int side, size_t count,
                            each_fn *each, void *arg)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t hits = gen->hits[side][i];

		if (hits == 0)
			continue;
		gen->hits[side][i] = 0;
		each(arg, gen->entries[i].session, hits);
	}
}

void memo_each(struct memo *memo, each_fn *each, void *arg)
{
	struct generation *gens[] = {memo->retired, memo->old, memo->young};

	for (size_t i = 0; i < 3; i++)
		if (gens[i] != NULL)
			generation_each(gens[i], memo->side ^ 1,
			                gens[i]->left_count, each, arg);
}

void memo_drain(struct memo *memo, each_fn *each, void *arg)
{
	if (memo->old != NULL)
		generation_each(memo->old, memo->side, memo->old->count, each,
		                arg);
	generation_each(memo->young, memo->side, memo->young->count, each, arg);
}

void memo_forget(struct memo *memo)
{
	generation_free(&memo->retired);
}
