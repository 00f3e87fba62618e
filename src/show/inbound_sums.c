#include "show/inbound_sums.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

uint64_t inbound_mix_sum(const struct inbound_mix *mix)
{
	uint64_t sum = 0;

	for (int i = 0; i < INBOUND_TLS_VERSIONS; i++)
		sum += mix->tls[i];
	return sum;
}

uint64_t inbound_mix_weak(const struct inbound_mix *mix)
{
	uint64_t sum = 0;

	for (int i = 0; i < INBOUND_TLS_VERSIONS; i++)
		if (inbound_is_weak((enum inbound_tls)i))
			sum += mix->tls[i];
	return sum;
}

uint64_t inbound_mix_old(const struct inbound_mix *mix)
{
	return inbound_mix_weak(mix) - mix->tls[INBOUND_CLEAR];
}

static void mix_add(struct inbound_mix *mix, const struct inbound_mix *more)
{
	for (int i = 0; i < INBOUND_TLS_VERSIONS; i++)
		mix->tls[i] += more->tls[i];
	mix->submitted += more->submitted;
	mix->filtered += more->filtered;
}

void inbound_sums_add(struct inbound_sums *sums, const char *name,
                      const struct inbound *inbound, uint64_t messages)
{
	struct inbound_line *last =
		sums->count > 0 ? &sums->lines[sums->count - 1] : NULL;

	if (last == NULL || strcmp(last->name, name) != 0) {
		if (sums->count == sums->room) {
			sums->room = sums->room ? 2 * sums->room : 64;
			sums->lines = xrealloc(sums->lines, sums->room,
			                       sizeof(*sums->lines));
		}
		last = &sums->lines[sums->count++];
		*last = (struct inbound_line){.name = xstrdup(name)};
	}
	if (inbound->client == INBOUND_MX)
		last->mix.tls[inbound->tls] += messages;
	else if (inbound->client == INBOUND_FILTERED)
		last->mix.filtered += messages;
	else
		last->mix.submitted += messages;
}

static int by_name(const void *a, const void *b)
{
	const struct inbound_line *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int more_first(uint64_t x, uint64_t y)
{
	return x == y ? 0 : x < y ? 1 : -1;
}

static int worst_first(const void *a, const void *b)
{
	const struct inbound_line *x = a, *y = b;
	int order = more_first(inbound_mix_weak(&x->mix),
	                       inbound_mix_weak(&y->mix));

	if (order == 0)
		order = more_first(inbound_mix_sum(&x->mix),
		                   inbound_mix_sum(&y->mix));
	return order != 0 ? order : strcmp(x->name, y->name);
}

void inbound_sums_sort(struct inbound_sums *sums)
{
	size_t kept = 0;

	if (sums->count == 0)
		return;
	qsort(sums->lines, sums->count, sizeof(*sums->lines), by_name);
	for (size_t i = 1; i < sums->count; i++) {
		if (by_name(&sums->lines[kept], &sums->lines[i]) == 0) {
			mix_add(&sums->lines[kept].mix, &sums->lines[i].mix);
			xfree_str(&sums->lines[i].name);
		} else {
			sums->lines[++kept] = sums->lines[i];
		}
	}
	sums->count = kept + 1;
	qsort(sums->lines, sums->count, sizeof(*sums->lines), worst_first);
}

void inbound_sums_clear(struct inbound_sums *sums)
{
	for (size_t i = 0; i < sums->count; i++)
		xfree_str(&sums->lines[i].name);
	free(sums->lines);
	*sums = (struct inbound_sums){0};
}
