#include "base/deadlines.h"

#include <stdlib.h>

#include "base/xalloc.h"

enum { ROOM_MIN = 64 };

void deadlines_clear(struct deadlines *deadlines)
{
	free(deadlines->heap);
	*deadlines = (struct deadlines){0};
}

static void put_at(struct deadlines *deadlines, size_t place,
                   struct deadline *deadline)
{
	deadlines->heap[place] = deadline;
	deadline->place = place;
}

/* From this empty place to where it belongs. */
static void sift(struct deadlines *deadlines, size_t place,
                 struct deadline *deadline)
{
	struct deadline **heap = deadlines->heap;

	while (place > 1 && heap[place / 2]->at_ms > deadline->at_ms) {
		put_at(deadlines, place, heap[place / 2]);
		place /= 2;
	}
	while (2 * place <= deadlines->count) {
		size_t child = 2 * place;

		if (child < deadlines->count &&
		    heap[child + 1]->at_ms < heap[child]->at_ms)
			child++;
		if (heap[child]->at_ms >= deadline->at_ms)
			break;
		put_at(deadlines, place, heap[child]);
		place = child;
	}
	put_at(deadlines, place, deadline);
}

void deadlines_set(struct deadlines *deadlines, struct deadline *deadline,
                   int64_t at_ms)
{
	size_t place = deadline->place;

	deadline->at_ms = at_ms;
	if (place == 0) {
		place = ++deadlines->count;
		if (place >= deadlines->room) {
			deadlines->room = deadlines->room > 0
			                          ? 2 * deadlines->room
			                          : ROOM_MIN;
			deadlines->heap =
				xrealloc(deadlines->heap, deadlines->room,
			                 sizeof(struct deadline *));
		}
	}
	sift(deadlines, place, deadline);
}

void deadlines_drop(struct deadlines *deadlines, struct deadline *deadline)
{
	size_t place = deadline->place;
	struct deadline *last;

	if (place == 0)
		return;
	deadline->place = 0;
	last = deadlines->heap[deadlines->count--];
	if (last != deadline)
		sift(deadlines, place, last);
}

struct deadline *deadlines_first(const struct deadlines *deadlines)
{
	return deadlines->count > 0 ? deadlines->heap[1] : NULL;
}
