#include "base/slots.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { SIZE_MIN = 1024 };

void slots_init(struct slots *slots)
{
	*slots = (struct slots){.size = SIZE_MIN};
	slots->at = xcalloc(slots->size, sizeof(*slots->at));
}

void slots_clear(struct slots *slots)
{
	free(slots->at);
	free(slots->sorted);
}

void slots_reset(struct slots *slots)
{
	if (slots->used < slots->size / 16 && slots->size > SIZE_MIN) {
		slots_clear(slots);
		slots_init(slots);
		return;
	}
	memset(slots->at, 0, slots->size * sizeof(*slots->at));
	slots->used = 0;
	free(slots->sorted);
	slots->sorted = NULL;
}

static void put_entry(struct slots *slots, uint64_t *entry)
{
	size_t i = *entry & (slots->size - 1);

	while (slots->at[i] != NULL)
		i = (i + 1) & (slots->size - 1);
	slots->at[i] = entry;
}

void slots_insert(struct slots *slots, void *entry)
{
	struct slots old = *slots;

	if (2 * slots->used++ >= slots->size) {
		slots->size *= 2;
		slots->at = xcalloc(slots->size, sizeof(*slots->at));
		for (size_t i = 0; i < old.size; i++)
			if (old.at[i] != NULL)
				put_entry(slots, old.at[i]);
		free(old.at);
	}
	put_entry(slots, entry);
	free(slots->sorted);
	slots->sorted = NULL;
}

void *slots_find(const struct slots *slots, uint64_t hash, size_t *at)
{
	uint64_t *entry;

	do
		entry = slots->at[(*at)++ & (slots->size - 1)];
	while (entry != NULL && *entry != hash);
	return entry;
}

void *slots_sorted(struct slots *slots,
                   int (*compare)(const void *a, const void *b))
{
	size_t n = 0;

	if (slots->sorted != NULL)
		return slots->sorted;
	slots->sorted = xcalloc(slots->used + 1, sizeof(*slots->sorted));
	for (size_t i = 0; i < slots->size; i++)
		if (slots->at[i] != NULL)
			slots->sorted[n++] = slots->at[i];
	qsort(slots->sorted, n, sizeof(*slots->sorted), compare);
	return slots->sorted;
}
