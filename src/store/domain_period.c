#include "store/domain_period.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/day_fault.h"
#include "store/day_view.h"
#include "store/keys.h"

/* What is known of a day as a whole. */
struct day {
	bool is_open;             /* some of its domains are */
	struct day_fault *faults; /* of each result; NULL: nothing failed */
};

struct period {
	struct db_txn *txn;
	int32_t asked_first, asked_last;
	int32_t first, last;
	struct day days[PERIOD_DAYS_MAX];
};

/* A day each at most, and the blocks that they are in. */
enum { SOURCES_MAX = PERIOD_DAYS_MAX + PERIOD_DAYS_MAX / HISTORY_DAYS + 2 };

/* Domains in their order: a block of the history, or a day that is open. */
struct source {
	bool has_next;
	char domain[TALLY_DOMAIN_TEXT];
	unsigned has; /* PERIOD_FAILURE and so on, within the period */
	int32_t day;  /* open, or the block's first */
	bool is_history;
	struct db_rows rows;
	struct domain_days days; /* an open day's: one; else read_source() */
	struct day_open open;
};

static void forget_days(struct period *period)
{
	for (size_t i = 0; i < PERIOD_DAYS_MAX; i++)
		free(period->days[i].faults);
	memset(period, 0, sizeof(*period));
}

static void *period_new(void)
{
	struct period *period = xcalloc(1, sizeof(*period));

	period->asked_last = -1;
	return period;
}

static void period_free(void *arg)
{
	forget_days(arg);
	free(arg);
}

static void read_day(struct period *period, int32_t day)
{
	struct day *of = &period->days[day - period->first];
	struct day_sums sums;

	day_view_sums(period->txn, day, &sums);
	of->is_open = sums.marks[TALLY_OPEN] > 0;
	if (sums.failing_domains == 0)
		return;
	of->faults = xcalloc(ALIKE_KINDS, sizeof(*of->faults));
	day_fault_look(period->txn, day, &sums, of->faults);
}

struct period *domain_period_of(struct db_txn *txn, int32_t first, int32_t last)
{
	struct period *period =
		db_txn_memory(txn, DB_MEMORY_PERIOD, period_new, period_free);
	int32_t from, to;

	if (period->asked_first == first && period->asked_last == last)
		return period;
	forget_days(period);
	period->txn = txn;
	period->asked_first = first;
	period->asked_last = last;
	period->last = -1;
	if (!tally_day_range(txn, &from, &to))
		return period;
	period->first = first > from ? first : from;
	period->last = last < to ? last : to;
	if (period->last - period->first >= PERIOD_DAYS_MAX)
		period->first = period->last - PERIOD_DAYS_MAX + 1;
	for (int32_t day = period->first; day <= period->last; day++)
		read_day(period, day);
	return period;
}

/* --- one domain --- */

static int main_result(const struct domain_day *day)
{
	int most = 0;

	for (int i = 1; i < RESULT_TYPES; i++)
		if (day->results[i] > day->results[most])
			most = i;
	return day->results[most] > 0 ? most : -1;
}

static void begin(struct domain_period *of, const char *domain)
{
	memset(of, 0, sizeof(*of));
	strcpy(of->domain, domain);
	of->last_counted = of->last_failed = of->failing_since = PERIOD_NO_DAY;
	of->main_result = -1;
}

/* Its failing days by whose fault they look like. */
struct fault_days {
	uint64_t days[FAULTS];
};

static void add_fault(const struct day *day, const struct domain_day *told,
                      struct domain_period *of, struct fault_days *faults)
{
	int result = main_result(told);
	const struct day_fault *fault;

	/* what failed without a result, or was taken back, is the domain's */
	if (result < 0 || day->faults == NULL) {
		faults->days[FAULT_THEIRS]++;
		return;
	}
	fault = &day->faults[result];
	faults->days[fault->fault]++;
	if (fault->alike <= of->failing_with)
		return;
	of->failing_with = fault->alike;
	strcpy(of->failing_at, fault->receiver);
}

/* Days come in their order. */
static void add_day(const struct period *period, struct domain_period *of,
                    int32_t day, const struct domain_day *told,
                    struct fault_days *faults)
{
	of->sums.success += told->success;
	of->sums.failure += told->failure;
	of->sums.unjudged += told->unjudged;
	of->sums.clear += told->clear;
	of->sums.policies |= told->policies;
	of->counted_days++;
	of->last_counted = day;
	if (told->failure == 0) {
		of->failing_since = PERIOD_NO_DAY;
		return;
	}
	for (int i = 0; i < RESULT_TYPES; i++)
		of->sums.results[i] += told->results[i];
	of->failing_days++;
	of->last_failed = day;
	if (of->failing_since == PERIOD_NO_DAY)
		of->failing_since = day;
	add_fault(&period->days[day - period->first], told, of, faults);
}

/* Of most days; of as many, what asks more of us. */
static enum fault most_days(const struct fault_days *faults)
{
	static const enum fault order[] = {FAULT_OURS, FAULT_THEIRS,
	                                   FAULT_UNCLEAR};
	enum fault most = FAULT_NONE;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (faults->days[order[i]] > faults->days[most])
			most = order[i];
	return most;
}

static void end(struct domain_period *of, const struct fault_days *faults)
{
	of->sessions = of->sums.success + of->sums.failure;
	of->main_result = main_result(&of->sums);
	of->fault = most_days(faults);
}

/* --- all of them --- */

static bool next_open(struct source *from)
{
	const struct domain_day *told = &from->open.told;

	if (!day_open_next(&from->open))
		return false;
	strcpy(from->domain, from->open.domain);
	from->days.list[0].told = *told;
	from->has = PERIOD_ANY | (told->failure > 0 ? PERIOD_FAILURE : 0) |
	            (told->clear > 0 ? PERIOD_CLEAR : 0);
	return true;
}

/* The block's days that are in the period, as marks are. */
static uint32_t days_of(const struct period *period, int32_t block)
{
	uint32_t days = UINT32_MAX;

	if (period->first > block)
		days <<= period->first - block;
	if (period->last < block + HISTORY_DAYS - 1)
		days &= UINT32_MAX >> (block + HISTORY_DAYS - 1 - period->last);
	return days;
}

static bool next_of_history(struct period *period, struct source *from)
{
	uint32_t days = days_of(period, from->day);
	struct history_marks marks;

	if (!db_rows_next(&from->rows) ||
	    !domain_history_marks(period->txn, &from->rows.row, from->domain,
	                          &marks))
		return false;
	from->has = ((marks.counted & days) != 0 ? PERIOD_ANY : 0) |
	            ((marks.failed & days) != 0 ? PERIOD_FAILURE : 0) |
	            ((marks.clear & days) != 0 ? PERIOD_CLEAR : 0);
	return true;
}

static void next_of(struct period *period, struct source *from)
{
	from->has_next = from->is_history ? next_of_history(period, from)
	                                  : next_open(from);
}

static const struct domain_days *read_source(struct period *period,
                                             struct source *from)
{
	if (from->is_history &&
	    !domain_history_read(period->txn, &from->rows.row, from->domain,
	                         &from->days))
		from->days.count = 0;
	return &from->days;
}

/* Stands at the first domain after that one. */
static void open_source(struct period *period, struct source *source,
                        const char *after)
{
	struct db_key from = domain_history_key(source->day, after);

	strcpy(source->domain, after);
	if (source->is_history) {
		if (after[0] != '\0')
			key_u8(&from, 0);
		source->rows = db_rows_from(period->txn, &from);
		/* no further than the block */
		source->rows.prefix_len = sizeof(int32_t);
	} else {
		source->open = day_open_begin(period->txn, source->day, after);
		source->days.count = 1;
		source->days.list[0].day = source->day;
	}
	next_of(period, source);
}

/* The same with what it has of that domain only. */
static void load_source(struct period *period, struct source *source,
                        const char *domain)
{
	struct db_key key = domain_history_key(source->day, domain);
	struct tally_head head;
	struct db_row row;

	source->days.count = 1;
	source->days.list[0].day = source->day;
	if (source->is_history)
		source->has_next =
			db_get(period->txn, &key, &row) &&
			domain_history_read(period->txn, &row, source->domain,
		                            &source->days);
	else
		source->has_next =
			tally_head_get(period->txn, source->day, domain,
		                       &head) &&
			head.mark == TALLY_OPEN &&
			domain_day_of(&head, &source->days.list[0].told);
}

static size_t list_sources(const struct period *period, struct source *sources)
{
	size_t n = 0;

	for (int32_t day = period->first; day <= period->last; day++) {
		int32_t block = domain_history_block(day);

		if (day == period->first || day == block) {
			sources[n].is_history = true;
			sources[n++].day = block;
		}
		if (period->days[day - period->first].is_open)
			sources[n++].day = day;
	}
	return n;
}

/* Those that stand at the domain that comes next. */
struct next_ones {
	size_t count;
	struct source *list[SOURCES_MAX];
	unsigned has; /* of one or another */
};

static bool find_next(struct source *sources, size_t count,
                      struct next_ones *next)
{
	next->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct source *source = &sources[i];
		int order;

		if (!source->has_next)
			continue;
		order = next->count > 0
		                ? strcmp(source->domain, next->list[0]->domain)
		                : 0;
		if (order < 0 || next->count == 0)
			next->count = next->has = 0;
		if (order > 0)
			continue;
		next->list[next->count++] = source;
		next->has |= source->has;
	}
	return next->count > 0;
}

/* Days of one domain, in their order. */
struct gathered {
	size_t count;
	int32_t days[PERIOD_DAYS_MAX];
	const struct domain_day *told[PERIOD_DAYS_MAX];
};

/* What one source has of it.  A day that waits is open longer than those after
 * it. */
static void gather(const struct period *period, const struct domain_days *from,
                   struct gathered *into)
{
	for (size_t i = 0; i < from->count; i++) {
		int32_t day = from->list[i].day;
		size_t at = into->count;

		if (day < period->first || day > period->last)
			continue;
		for (; at > 0 && into->days[at - 1] > day; at--) {
			into->days[at] = into->days[at - 1];
			into->told[at] = into->told[at - 1];
		}
		into->days[at] = day;
		into->told[at] = &from->list[i].told;
		into->count++;
	}
}

static bool sum_up(const struct period *period, const struct gathered *days,
                   const char *domain, struct domain_period *of)
{
	struct fault_days faults = {0};

	begin(of, domain);
	for (size_t i = 0; i < days->count; i++)
		add_day(period, of, days->days[i], days->told[i], &faults);
	end(of, &faults);
	return days->count > 0;
}

static void sum_up_next(struct period *period, struct next_ones *next,
                        struct domain_period *of)
{
	struct gathered days;

	days.count = 0; /* the rest is 5 KB */
	for (size_t i = 0; i < next->count; i++)
		gather(period, read_source(period, next->list[i]), &days);
	sum_up(period, &days, next->list[0]->domain, of);
}

void domain_period_each(struct period *period,
                        const struct domains_asked *asked,
                        domain_period_visit *visit, void *arg)
{
	struct source *sources = xcalloc(SOURCES_MAX, sizeof(*sources));
	size_t count = list_sources(period, sources);
	struct domain_period of;
	struct next_ones next;
	bool more = true;

	for (size_t i = 0; i < count; i++)
		open_source(period, &sources[i], asked->after);
	while (more && find_next(sources, count, &next)) {
		if ((next.has & asked->read) == 0)
			begin(&of, next.list[0]->domain);
		else if ((next.has & asked->which) != 0)
			sum_up_next(period, &next, &of);
		if ((next.has & asked->which) != 0)
			more = visit(arg, &of);
		for (size_t i = 0; i < next.count && more; i++)
			next_of(period, next.list[i]);
	}
	for (size_t i = 0; i < count; i++)
		if (sources[i].is_history)
			db_rows_end(&sources[i].rows);
	free(sources);
}

int domain_period_get(struct period *period, const char *domain,
                      struct domain_period *of)
{
	struct source *sources = xcalloc(SOURCES_MAX, sizeof(*sources));
	size_t count = list_sources(period, sources);
	struct gathered days = {.count = 0};
	bool found;

	for (size_t i = 0; i < count; i++) {
		load_source(period, &sources[i], domain);
		if (sources[i].has_next)
			gather(period, &sources[i].days, &days);
	}
	found = sum_up(period, &days, domain, of);
	free(sources);
	return found;
}
