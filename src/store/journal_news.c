#include "store/journal_news.h"

#include <string.h>

#include "store/journal_table.h"
#include "store/keys.h"
#include "store/numbers.h"

/* As it is stored. */
struct taken {
	uint64_t doubted; /* the last number of rows that are; 0: none */
	struct day_domains domains;
};

enum { NUMBERS = sizeof(struct day_domains) / sizeof(uint64_t) };

static void subtract(struct day_domains *from, const struct day_domains *what)
{
	uint64_t a[NUMBERS], b[NUMBERS];

	memcpy(a, from, sizeof(a));
	memcpy(b, what, sizeof(b));
	for (int i = 0; i < NUMBERS; i++)
		a[i] -= b[i];
	memcpy(from, a, sizeof(a));
}

static bool is_below_0(const struct day_domains *domains)
{
	uint64_t numbers[NUMBERS];

	memcpy(numbers, domains, sizeof(numbers));
	for (int i = 0; i < NUMBERS; i++)
		if (numbers[i] > INT64_MAX)
			return true;
	return false;
}

bool journal_news_is_whole(const struct db_row *row)
{
	return row->value.len == sizeof(struct taken);
}

/* One that is damaged is only a doubt. */
static void get_taken(struct db_txn *txn, int32_t day, struct taken *taken)
{
	struct db_key key = journal_table_key(day, JOURNAL_TAKEN);
	struct db_row row;

	*taken = (struct taken){0};
	if (!db_get(txn, &key, &row))
		return;
	if (journal_news_is_whole(&row))
		numbers_get(txn, &key, taken, sizeof(*taken));
	else
		taken->doubted = UINT64_MAX;
}

/* A row that is not needed is not there. */
static void put_taken(struct db_txn *txn, int32_t day,
                      const struct taken *taken)
{
	static const struct taken nothing;
	struct db_key key = journal_table_key(day, JOURNAL_TAKEN);

	db_delete(txn, &key);
	if (memcmp(taken, &nothing, sizeof(nothing)) != 0)
		numbers_add(txn, &key, taken, sizeof(*taken));
}

bool journal_news_get(struct db_txn *txn, int32_t day, struct day_domains *news)
{
	struct journal_scan scan;
	struct taken taken;

	*news = (struct day_domains){0};
	if (!journal_scan_get(txn, day, &scan))
		return true;
	get_taken(txn, day, &taken);
	*news = scan.domains;
	subtract(news, &taken.domains);
	return scan.size.damaged == 0 && taken.doubted < scan.first &&
	       !is_below_0(news);
}

void journal_news_take(struct db_txn *txn, int32_t day,
                       const struct day_domains *before,
                       const struct day_domains *after)
{
	struct day_domains more = *after;
	struct taken taken;

	subtract(&more, before);
	get_taken(txn, day, &taken);
	numbers_sum(&taken.domains, &more, sizeof(more));
	put_taken(txn, day, &taken);
}

/* What was taken of rows that are left is known by the others; once they were
 * doubted only if it was nothing. */
void journal_news_drop(struct db_txn *txn, int32_t day,
                       const struct journal_scan *gone)
{
	struct taken taken = {0};
	struct journal_range range;
	bool is_good;

	if (journal_table_range(txn, day, &range)) {
		get_taken(txn, day, &taken);
		is_good =
			gone->size.damaged == 0 && taken.doubted < range.first;
		if (is_good && taken.doubted == 0)
			subtract(&taken.domains, &gone->domains);
		else
			taken.domains = (struct day_domains){0};
		if (!is_good ||
		    (taken.doubted > 0 && journal_table_has_marks(txn, day)))
			taken.doubted = range.last;
		else
			taken.doubted = 0;
	}
	put_taken(txn, day, &taken);
}

void journal_news_doubt(struct db_txn *txn, int32_t day)
{
	struct journal_range range;
	struct taken taken;

	if (!journal_table_range(txn, day, &range))
		return;
	get_taken(txn, day, &taken);
	taken.doubted = range.last;
	put_taken(txn, day, &taken);
}
