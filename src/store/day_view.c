#include "store/day_view.h"

#include <string.h>

#include "store/day_waiting.h"
#include "store/journal_news.h"
#include "store/numbers.h"
#include "store/tally_row.h"

int day_view_sums(struct db_txn *txn, int32_t day, struct day_sums *sums)
{
	const struct day_waiting *waiting = day_waiting_get(txn, day);
	int found = day_sums_get(txn, day, sums);

	if (waiting != NULL)
		numbers_sum(sums, &waiting->sums, sizeof(*sums));
	return (found || waiting != NULL) && !db_failed(txn);
}

void day_view_domains(struct db_txn *txn, int32_t day,
                      struct day_domains *domains)
{
	struct day_domains more;
	struct day_sums sums;

	if (!journal_news_get(txn, day, &more)) {
		day_view_sums(txn, day, &sums);
		*domains = day_sums_domains(&sums);
		return;
	}
	day_sums_get(txn, day, &sums);
	*domains = day_sums_domains(&sums);
	numbers_sum(domains, &more, sizeof(more));
}

/* --- those that fail --- */

struct day_failing day_failing_begin(struct db_txn *txn, int32_t day)
{
	return (struct day_failing){
		.txn = txn, .day = day, .waiting = day_waiting_get(txn, day)};
}

/* Of those applied, which the journal has no failures of. */
static int next_applied(struct day_failing *f, struct failing_domain *at)
{
	while (domain_index_failing(f->txn, f->day, at)) {
		const struct waiting_domain *waiting =
			f->waiting != NULL
				? day_waiting_find(f->waiting, at->domain)
				: NULL;

		if (waiting == NULL || !waiting->fails_more)
			return 1;
	}
	return 0;
}

/* The most failures first, of equally many by name. */
static int in_order(uint64_t failure, const char *domain,
                    const struct failing_domain *other)
{
	if (failure != other->failure)
		return failure < other->failure ? 1 : -1;
	return strcmp(domain, other->domain);
}

/* The first of those waiting after it, as a place among the failing. */
static size_t waiting_after(const struct day_waiting *waiting,
                            const struct failing_domain *at)
{
	size_t low = 0, high = waiting->failing_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t i = waiting->failing[middle];

		if (in_order(waiting->domains[i].failure,
		             day_waiting_name(waiting, i), at) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int day_failing_next(struct day_failing *f, struct failing_domain *at)
{
	const struct day_waiting *waiting = f->waiting;
	size_t place = waiting != NULL ? waiting_after(waiting, at) : 0;
	int found = next_applied(f, at);

	if (waiting != NULL && place < waiting->failing_count) {
		uint32_t i = waiting->failing[place];
		uint64_t failure = waiting->domains[i].failure;
		const char *name = day_waiting_name(waiting, i);

		if (!found || in_order(failure, name, at) < 0) {
			at->failure = failure;
			strcpy(at->domain, name);
			found = 1;
		}
	}
	return found && !db_failed(f->txn);
}

/* --- those that are open --- */

static void next_applied_open(struct day_open *open)
{
	struct tally_head head;
	int32_t day = open->day;

	while ((open->has_applied =
	                tally_head_next_applied(open->txn, &day, open->applied,
	                                        &head) &&
	                day == open->day))
		if (head.mark == TALLY_OPEN &&
		    domain_day_of(&head, &open->applied_told))
			break;
}

struct day_open day_open_begin(struct db_txn *txn, int32_t day,
                               const char *after)
{
	struct day_open open = {
		.txn = txn, .day = day, .waiting = day_waiting_get(txn, day)};

	if (open.waiting != NULL)
		open.at = day_waiting_after(open.waiting, after);
	strcpy(open.applied, after);
	next_applied_open(&open);
	return open;
}

/* The next of those waiting, if it is not after that of those applied. */
static bool take_waiting(struct day_open *open, bool *is_open)
{
	const struct day_waiting *waiting = open->waiting;
	const char *name;
	int order;

	if (waiting == NULL || open->at == waiting->count)
		return false;
	name = day_waiting_name(waiting, open->at);
	order = open->has_applied ? strcmp(name, open->applied) : -1;
	if (order > 0)
		return false;
	if (order == 0)
		next_applied_open(open);
	*is_open = waiting->domains[open->at].is_open;
	if (*is_open) {
		strcpy(open->domain, name);
		day_waiting_told(waiting, open->at, &open->told);
	}
	open->at++;
	return true;
}

bool day_open_next(struct day_open *open)
{
	bool is_open;

	while (!db_failed(open->txn)) {
		if (take_waiting(open, &is_open)) {
			if (is_open)
				return true;
			continue;
		}
		if (!open->has_applied)
			return false;
		strcpy(open->domain, open->applied);
		open->told = open->applied_told;
		next_applied_open(open);
		return !db_failed(open->txn);
	}
	return false;
}
