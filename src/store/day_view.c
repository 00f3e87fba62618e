#include "store/day_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "store/journal_view.h"
#include "store/tally_row.h"
#include "store/tally_table.h"

/* A failing domain of which the journal has failures. */
struct day_waiting {
	uint64_t failure;
	const char *domain;
};

/* The next domain that the journal has something of: what it is, and what it
 * will be. */
struct waiting {
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
	struct journal_sums sums;
	bool is_new;
	struct tally_head before, head;
};

static bool next_waiting(struct db_txn *txn, struct waiting *w)
{
	int32_t day = w->day;
	struct db_key key;

	if (!journal_view_next(txn, &day, w->domain, &w->sums) || day != w->day)
		return false;
	key = tally_domain_key(day, w->domain);
	w->is_new = !tally_head_at(txn, &key, &w->before);
	if (w->is_new)
		tally_head_begin(txn, day, &w->head);
	else
		w->head = w->before;
	tally_head_add_journal(&w->head, &w->sums);
	return !db_failed(txn);
}

int day_view_sums(struct db_txn *txn, int32_t day, struct day_sums *sums)
{
	int found = day_sums_get(txn, day, sums);
	struct waiting w = {.day = day, .domain = ""};

	while (next_waiting(txn, &w)) {
		if (!w.is_new)
			day_sums_add(sums, &w.before, -1);
		day_sums_add(sums, &w.head, 1);
		found = 1;
	}
	return found && !db_failed(txn);
}

static int in_order(const void *a, const void *b)
{
	const struct day_waiting *x = a, *y = b;

	if (x->failure != y->failure)
		return x->failure < y->failure ? 1 : -1;
	return strcmp(x->domain, y->domain);
}

struct day_failing day_failing_begin(struct db_txn *txn, int32_t day)
{
	struct day_failing f = {.txn = txn, .day = day};
	struct waiting w = {.day = day, .domain = ""};
	size_t room = 0;

	arena_init(&f.mem);
	while (next_waiting(txn, &w)) {
		if (w.head.failure == (w.is_new ? 0 : w.before.failure))
			continue;
		if (f.count == room) {
			room = 2 * room + 64;
			f.waiting =
				xrealloc(f.waiting, room, sizeof(*f.waiting));
		}
		f.waiting[f.count++] = (struct day_waiting){
			w.head.failure, arena_strdup(&f.mem, w.domain)};
	}
	if (f.count > 1)
		qsort(f.waiting, f.count, sizeof(*f.waiting), in_order);
	return f;
}

void day_failing_end(struct day_failing *f)
{
	free(f->waiting);
	arena_clear(&f->mem);
}

/* Of those applied, which the journal has no failures of. */
static int next_applied(struct day_failing *f, struct failing_domain *at)
{
	struct journal_sums sums;

	while (domain_index_failing(f->txn, f->day, at)) {
		struct tally_head head;

		if (f->count == 0 ||
		    !journal_view_get(f->txn, f->day, at->domain, &sums) ||
		    sums.failure == 0 ||
		    !tally_head_get(f->txn, f->day, at->domain, &head) ||
		    head.failure == at->failure)
			return 1;
	}
	return 0;
}

/* The first of those waiting after it; NULL: there is none. */
static const struct day_waiting *waiting_after(const struct day_failing *f,
                                               const struct failing_domain *at)
{
	const struct day_waiting key = {at->failure, at->domain};
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (in_order(&f->waiting[middle], &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->count ? &f->waiting[low] : NULL;
}

int day_failing_next(struct day_failing *f, struct failing_domain *at)
{
	const struct day_waiting *waiting = waiting_after(f, at);
	struct failing_domain next = *at;
	int found = next_applied(f, &next);
	const struct day_waiting applied = {next.failure, next.domain};

	if (waiting != NULL && (!found || in_order(waiting, &applied) < 0)) {
		next.failure = waiting->failure;
		strcpy(next.domain, waiting->domain);
		found = 1;
	}
	if (found)
		*at = next;
	return found && !db_failed(f->txn);
}
