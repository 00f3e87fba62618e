#include "store/received_compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/xalloc.h"
#include "store/keys.h"
#include "store/received_table.h"

/* What one report added to one row of the sums. */
struct addition {
	int32_t day;
	const char *domain, *organization;
	struct received_sums sums;
};

struct compare {
	struct db_txn *txn;
	struct arena mem;
	struct addition *all;
	size_t count, room;
	const char *last; /* organization: neighbours have the same */
	int32_t purged_day;
};

static void add(struct compare *c, const struct received_row *row,
                const struct received_added *added)
{
	if (c->count == c->room) {
		c->room = c->room * 2 + 256;
		c->all = xrealloc(c->all, c->room, sizeof(*c->all));
	}
	if (c->last == NULL || strcmp(c->last, row->organization) != 0)
		c->last = arena_strdup(&c->mem, row->organization);
	c->all[c->count++] = (struct addition){
		.day = row->day,
		.domain = arena_strdup(&c->mem, added->domain),
		.organization = c->last,
		.sums = added->sums,
	};
}

static void read_reports(struct compare *c)
{
	struct received_row row = {.id = 0};
	struct received_added added;

	while (received_next(c->txn, &row)) {
		auto_(strbuf_clear) struct strbuf text = {0};
		struct reader value;

		received_added(c->txn, row.id, &text);
		reader_init(&value, text.data, text.len);
		while (received_added_next(&value, &added))
			add(c, &row, &added);
		if (value.failed)
			db_fail(c->txn, ERR_IO,
			        "what a report added to the sums of received "
			        "reports cannot be read");
	}
}

static int order(const struct addition *a, const struct addition *b)
{
	uint32_t x = (uint32_t)a->day, y = (uint32_t)b->day;
	int by = x < y ? -1 : x > y;

	if (by == 0)
		by = strcmp(a->domain, b->domain);
	return by != 0 ? by : strcmp(a->organization, b->organization);
}

static int by_row(const void *a, const void *b)
{
	return order(a, b);
}

static void differs(struct compare *c, int32_t day, const char *domain,
                    const char *organization)
{
	char text[DAY_TEXT];

	db_fail(c->txn, ERR_IO,
	        "the sums of received reports of %s about %s by '%.60s' are "
	        "not those of the reports; `tlstally rebuild` makes them anew",
	        day_format(day, text), domain, organization);
}

enum { SUMS = sizeof(struct received_sums) / sizeof(uint64_t) };

/* Are the sums of a row those of its additions, or more where they may be? */
static bool fit(const struct received_sums *sums,
                const struct received_sums *added, bool may_be_more)
{
	uint64_t have[SUMS], want[SUMS];

	memcpy(have, sums, sizeof(have));
	memcpy(want, added, sizeof(want));
	for (size_t i = 0; i < SUMS; i++)
		if (have[i] < want[i] || (have[i] > want[i] && !may_be_more))
			return false;
	return true;
}

/* Rows and additions are in the same order: of domains by their octets. */
static void compare_rows(struct compare *c)
{
	struct received_sum_row row = {.day = INT32_MIN};
	size_t at = 0;

	while (!db_failed(c->txn) && received_sums_next(c->txn, &row)) {
		const struct addition of = {.day = row.day,
		                            .domain = row.domain,
		                            .organization = row.organization};
		struct received_sums added = {0};

		if (at < c->count && order(&c->all[at], &of) < 0)
			break; /* it has no row */
		while (at < c->count && order(&c->all[at], &of) == 0)
			received_sums_add(&added, &c->all[at++].sums);
		if (!fit(&row.sums, &added, row.day <= c->purged_day))
			differs(c, row.day, row.domain, row.organization);
	}
	if (at < c->count && !db_failed(c->txn))
		differs(c, c->all[at].day, c->all[at].domain,
		        c->all[at].organization);
}

void received_compare(struct db_txn *txn)
{
	struct compare c = {.txn = txn, .purged_day = received_purged_day(txn)};

	arena_init(&c.mem);
	read_reports(&c);
	if (c.count > 0)
		qsort(c.all, c.count, sizeof(*c.all), by_row);
	compare_rows(&c);
	free(c.all);
	arena_clear(&c.mem);
}

/* --- made anew --- */

static bool differ(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	received_compare(txn);
	return db_failed(txn);
}

int received_rebuild(struct db *db, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct received_row row = {.id = 0};
	struct db_key from;
	int32_t kept;
	int rc;

	if (!differ(db))
		return 0;
	txn = db_begin_write(db);
	kept = received_purged_day(txn);
	from = kept < 0 ? key_of(TABLE_RECEIVED_SUM)
	                : key_of_day(TABLE_RECEIVED_SUM, kept + 1);
	db_delete_from(txn, &from);
	while (received_next(txn, &row))
		if (kept < 0 || (uint32_t)row.day > (uint32_t)kept)
			received_move_added(txn, &row, false);
	rc = db_commit(&txn, err);
	return rc < 0 ? rc : 1;
}
