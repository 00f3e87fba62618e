#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { BLOCK_MIN = 4096, BLOCK_GROWS_TO = 65536 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena)
{
	memset(arena, 0, sizeof(*arena));
}

static void free_blocks(struct arena *arena, struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *next = block->next;

		arena->total -= block->size;
		free(block);
		block = next;
	}
}

void arena_reset(struct arena *arena)
{
	if (arena->first == NULL)
		return;
	free_blocks(arena, arena->first->next);
	arena->first->next = NULL;
	arena->current = arena->first;
	arena->used = 0;
}

void arena_clear(struct arena *arena)
{
	free_blocks(arena, arena->first);
	arena_init(arena);
}

static void add_block(struct arena *arena, size_t size)
{
	size_t usual = arena->total < BLOCK_MIN        ? BLOCK_MIN
	               : arena->total < BLOCK_GROWS_TO ? arena->total
	                                               : BLOCK_GROWS_TO;
	struct arena_block *block;

	if (size < usual)
		size = usual;
	block = xmalloc(sizeof(*block) + size);
	block->next = NULL;
	block->size = size;
	if (arena->current != NULL)
		arena->current->next = block;
	else
		arena->first = block;
	arena->current = block;
	arena->used = 0;
	arena->total += size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t align = alignof(max_align_t);
	void *p;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + align - 1) & ~(align - 1);
	if (arena->current == NULL || arena->current->size - arena->used < size)
		add_block(arena, size);
	p = arena->current->data + arena->used;
	arena->used += size;
	return memset(p, 0, size);
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / 2 / size)
		abort();
	return arena_alloc(arena, n * size);
}

char *arena_strndup(struct arena *arena, const char *s, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (len > 0)
		memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return arena_strndup(arena, s, strlen(s));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	char *text;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	text = arena_alloc(arena, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}
