#include "store/domain_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/day_view.h"

/* Of one day: the row that comes next. */
struct cursor {
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
	struct tally_head head;     /* by name; by failures when it is shown */
	struct failing_domain at;   /* by failures */
	struct day_failing failing; /* the same */
};

struct walk {
	struct db_txn *txn;
	enum domain_order order;
	struct domain_days_asked days; /* no others have rows */
	domain_order_visit *visit;
	void *arg;
	bool more; /* visit() did not say no */
	/* Those that have a row, as a heap: the first one's comes next. */
	struct cursor **heap;
	size_t count;
};

static bool clamp_days(struct db_txn *txn, struct domain_days_asked *days)
{
	int32_t first, last;

	if (!tally_day_range(txn, &first, &last))
		return false;
	if (days->first < first)
		days->first = first;
	if (days->last > last)
		days->last = last;
	return days->first <= days->last;
}

uint64_t domain_order_count(struct db_txn *txn,
                            const struct domain_days_asked *asked)
{
	struct domain_days_asked days = *asked;
	struct day_sums sums;
	uint64_t n = 0;

	if (!clamp_days(txn, &days))
		return 0;
	for (int32_t day = days.first; day <= days.last; day++) {
		day_view_sums(txn, day, &sums);
		n += days.has_failures ? sums.failing_domains : sums.domains;
	}
	return n;
}

/* --- a heap of days --- */

static bool comes_first(const struct walk *walk, const struct cursor *a,
                        const struct cursor *b)
{
	int order = 0;

	if (walk->order == DOMAINS_BY_NAME)
		order = strcmp(a->domain, b->domain);
	else if (a->at.failure != b->at.failure)
		order = a->at.failure > b->at.failure ? -1 : 1;
	return order != 0 ? order < 0 : a->day < b->day;
}

/* The one at `at` goes down to where it belongs. */
static void sift_down(struct walk *walk, size_t at)
{
	struct cursor *cursor = walk->heap[at];
	size_t child;

	while ((child = 2 * at + 1) < walk->count) {
		if (child + 1 < walk->count &&
		    comes_first(walk, walk->heap[child + 1], walk->heap[child]))
			child++;
		if (!comes_first(walk, walk->heap[child], cursor))
			break;
		walk->heap[at] = walk->heap[child];
		at = child;
	}
	walk->heap[at] = cursor;
}

static void cursor_free(struct cursor **cursor)
{
	free(*cursor);
	*cursor = NULL;
}

/* --- a day's rows --- */

static bool next_by_name(const struct walk *walk, struct cursor *cursor)
{
	int32_t day = cursor->day;

	return tally_head_next(walk->txn, &day, cursor->domain,
	                       &cursor->head) &&
	       day == cursor->day;
}

static bool next_row(const struct walk *walk, struct cursor *cursor)
{
	return walk->order == DOMAINS_BY_NAME
	               ? next_by_name(walk, cursor)
	               : day_failing_next(&cursor->failing, &cursor->at) != 0;
}

/* At the first row of its day that comes after the place. */
static bool first_by_name(const struct walk *walk, struct cursor *cursor,
                          const struct domain_place *after)
{
	strcpy(cursor->domain, after->domain);
	return (cursor->day > after->day && after->domain[0] != '\0' &&
	        tally_head_get(walk->txn, cursor->day, cursor->domain,
	                       &cursor->head)) ||
	       next_by_name(walk, cursor);
}

static bool first_by_failures(const struct walk *walk, struct cursor *cursor,
                              const struct domain_place *after)
{
	struct failing_domain *at = &cursor->at;

	cursor->failing = day_failing_begin(walk->txn, cursor->day);
	at->failure = after->domain[0] != '\0' ? after->failure : UINT64_MAX;
	if (cursor->day < after->day && at->failure > 0)
		at->failure--; /* what has as many was before it */
	else if (cursor->day == after->day)
		strcpy(at->domain, after->domain);
	return at->failure > 0 && next_row(walk, cursor);
}

static void add_day(struct walk *walk, int32_t day,
                    const struct domain_place *after)
{
	struct cursor *cursor = xcalloc(1, sizeof(*cursor));

	cursor->day = day;
	if (walk->order == DOMAINS_BY_NAME
	            ? first_by_name(walk, cursor, after)
	            : first_by_failures(walk, cursor, after))
		walk->heap[walk->count++] = cursor;
	else
		cursor_free(&cursor);
}

/* --- all of them --- */

static void show(struct walk *walk, struct cursor *cursor)
{
	const char *domain = cursor->domain;

	if (walk->order == DOMAINS_BY_FAILURES) {
		domain = cursor->at.domain;
		if (!tally_head_get(walk->txn, cursor->day, domain,
		                    &cursor->head)) {
			walk->more = false;
			return;
		}
	} else if (walk->days.has_failures && cursor->head.failure == 0) {
		return;
	}
	walk->more = walk->visit(walk->arg, cursor->day, domain, &cursor->head);
}

static void merge_days(struct walk *walk, const struct domain_place *after)
{
	size_t days = (size_t)(walk->days.last - walk->days.first) + 1;

	walk->heap = xcalloc(days, sizeof(struct cursor *));
	for (int32_t day = walk->days.first; day <= walk->days.last; day++)
		add_day(walk, day, after);
	for (size_t i = walk->count / 2; i-- > 0;)
		sift_down(walk, i);
	while (walk->more && walk->count > 0) {
		show(walk, walk->heap[0]);
		if (!next_row(walk, walk->heap[0])) {
			cursor_free(&walk->heap[0]);
			walk->heap[0] = walk->heap[--walk->count];
		}
		if (walk->count > 0)
			sift_down(walk, 0);
	}
	while (walk->count > 0)
		cursor_free(&walk->heap[--walk->count]);
	free(walk->heap);
}

/* Days in the store's order; `good`: those without failures only. */
static void walk_days(struct walk *walk, int32_t first, int32_t last,
                      const char *after, bool good)
{
	bool bad = walk->days.has_failures;
	char domain[TALLY_DOMAIN_TEXT];
	struct tally_head head;
	int32_t day = first;

	strcpy(domain, after);
	while (walk->more && tally_head_next(walk->txn, &day, domain, &head) &&
	       day <= last)
		if (head.failure > 0 ? !good : !bad)
			walk->more = walk->visit(walk->arg, day, domain, &head);
}

static void walk_days_down(struct walk *walk, int32_t last, const char *after)
{
	for (int32_t day = last; walk->more && day >= walk->days.first; day--)
		walk_days(walk, day, day, day == last ? after : "", false);
}

void domain_order_each(struct db_txn *txn, enum domain_order order,
                       const struct domain_days_asked *asked,
                       const struct domain_place *after,
                       domain_order_visit *visit, void *arg)
{
	struct walk walk = {.txn = txn,
	                    .order = order,
	                    .days = *asked,
	                    .visit = visit,
	                    .arg = arg,
	                    .more = true};
	bool begins = after->domain[0] == '\0';
	bool good; /* it came to those without failures */
	int32_t first, last;

	if (!clamp_days(txn, &walk.days))
		return;
	first = begins ? walk.days.first : after->day;
	last = begins ? walk.days.last : after->day;
	switch (order) {
	case DOMAINS_BY_DAY:
		walk_days(&walk, first, walk.days.last, after->domain, false);
		break;
	case DOMAINS_BY_DAY_DOWN:
		walk_days_down(&walk, last, after->domain);
		break;
	case DOMAINS_BY_NAME:
		merge_days(&walk, after);
		break;
	case DOMAINS_BY_FAILURES:
		good = !begins && after->failure == 0;
		if (!good)
			merge_days(&walk, after);
		walk_days(&walk, good ? first : walk.days.first, walk.days.last,
		          good ? after->domain : "", true);
		break;
	}
}
