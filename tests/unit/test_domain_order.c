#include "unit/store_test.h"

#include "base/day.h"
#include "session/tally.h"
#include "store/domain_order.h"
#include "store/journal_apply.h"
#include "store/journal_write.h"

/* Rows of the tables and of the journal, and what lists make of them against
 * all rows sorted. */
enum {
	FIRST = 20510,
	DAYS = 5,
	ROUNDS = 30,
	ROWS_MAX = 64,
	SHOWN_MAX = 3,
};

static const struct tally_limits limits = {32, 1000, 16 << 20, 24 << 20};

static unsigned chance = 1;

static unsigned draw(unsigned n)
{
	chance = chance * 1664525 + 1013904223;
	return (chance >> 8) % n;
}

static const char *some_domain(void)
{
	static const char *const names[] = {
		"a.example",  "a-b.example", "a_b.example", "ab.example",
		"b.example",  "b.test",      "a.b.example", "x1.example",
		"xn--a.test", "z.example",
	};

	return names[draw(sizeof(names) / sizeof(names[0]))];
}

/* One day in five has nothing. */
static int32_t some_day(void)
{
	static const int32_t days[] = {0, 1, 2, 4};

	return FIRST + days[draw(4)];
}

static void count_some(struct tally *tally, int32_t day)
{
	const char *domain = some_domain();
	struct failure_detail detail = {.result = RESULT_OTHER};
	unsigned failed = draw(2);
	struct session_policy policy = {.type = POLICY_NONE,
	                                .domain = domain,
	                                .failures = &detail,
	                                .failure_count = failed,
	                                .failed = failed > 0};
	struct session session = {.domain = domain,
	                          .policies = &policy,
	                          .policy_count = 1,
	                          .valid = true};

	assert_true(tally_add(tally, day, &session, 1 + draw(3)));
}

static void count(struct db *db, bool in_journal)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);
	int32_t day = some_day();
	struct feed feed = {.name = "events"};
	struct day_stats stats = {.events = 1};
	struct journal_commit commit = {.days = &day,
	                                .stats = &stats,
	                                .day_count = 1,
	                                .feed = &feed,
	                                .now = day_start(day)};
	struct journal_ids ids = {0};

	for (unsigned n = 1 + draw(3); n > 0; n--)
		count_some(tally, day);
	commit.domains = tally_sorted(tally);
	commit.count = tally_domain_count(tally);
	if (in_journal)
		journal_write(txn, &commit, &ids);
	else
		for (size_t i = 0; i < commit.count; i++)
			tally_apply(txn, commit.domains[i], &limits);
	commit_ok(&txn);
}

/* --- all rows, sorted --- */

struct rows {
	struct domain_place at[ROWS_MAX];
	size_t count;
};

static enum domain_order sorted_by;

static int in_order(const void *left, const void *right)
{
	const struct domain_place *a = left, *b = right;
	int names = strcmp(a->domain, b->domain);

	if (sorted_by == DOMAINS_BY_NAME && names != 0)
		return names;
	if (sorted_by == DOMAINS_BY_FAILURES && a->failure != b->failure)
		return a->failure > b->failure ? -1 : 1;
	if (a->day != b->day)
		return (a->day < b->day ? -1 : 1) *
		       (sorted_by == DOMAINS_BY_DAY_DOWN ? -1 : 1);
	return names;
}

static bool add_row(void *arg, int32_t day, const char *domain,
                    const struct tally_head *head)
{
	struct rows *rows = arg;
	struct domain_place *to = &rows->at[rows->count++];

	assert_true(rows->count <= ROWS_MAX);
	memset(to, 0, sizeof(*to));
	to->day = day;
	to->failure = head->failure;
	strcpy(to->domain, domain);
	return true;
}

static bool add_few(void *arg, int32_t day, const char *domain,
                    const struct tally_head *head)
{
	struct rows *rows = arg;

	add_row(rows, day, domain, head);
	return rows->count < SHOWN_MAX;
}

static void sort_all(struct db_txn *txn, enum domain_order order,
                     const struct domain_days_asked *days, struct rows *rows)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t day = days->first;

	rows->count = 0;
	while (tally_head_next(txn, &day, domain, &head) && day <= days->last)
		if (!days->has_failures || head.failure > 0)
			add_row(rows, day, domain, &head);
	sorted_by = order;
	qsort(rows->at, rows->count, sizeof(rows->at[0]), in_order);
}

static void check_from(struct db_txn *txn, enum domain_order order,
                       const struct domain_days_asked *days,
                       const struct rows *want, size_t from)
{
	const struct domain_place start = {0};
	const struct domain_place *after =
		from > 0 ? &want->at[from - 1] : &start;
	struct rows rows = {.count = 0}, few = {.count = 0};
	size_t left = want->count - from;

	domain_order_each(txn, order, days, after, add_row, &rows);
	assert_int_equal(rows.count, left);
	assert_memory_equal(rows.at, want->at + from,
	                    left * sizeof(rows.at[0]));
	domain_order_each(txn, order, days, after, add_few, &few);
	assert_int_equal(few.count, left < SHOWN_MAX ? left : SHOWN_MAX);
	assert_memory_equal(few.at, rows.at, few.count * sizeof(few.at[0]));
}

static void check(struct db *db, const struct domain_days_asked *days)
{
	static const enum domain_order orders[] = {
		DOMAINS_BY_DAY, DOMAINS_BY_DAY_DOWN, DOMAINS_BY_NAME,
		DOMAINS_BY_FAILURES};
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct rows want;

	for (size_t i = 0; i < 4; i++) {
		sort_all(txn, orders[i], days, &want);
		assert_int_equal(domain_order_count(txn, days), want.count);
		for (size_t from = 0; from <= want.count; from++)
			check_from(txn, orders[i], days, &want, from);
	}
	assert_false(db_failed(txn));
}

static void test_like_all_sorted(void **state)
{
	static const struct domain_days_asked days[] = {
		{0, INT32_MAX, false},         {0, INT32_MAX, true},
		{FIRST, FIRST, false},         {FIRST + 1, FIRST + 3, true},
		{FIRST + 3, FIRST + 3, false}, {FIRST + 9, FIRST + 2, false},
	};
	struct fixture *f = *state;
	struct err err;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
			check(f->db, &days[i]);
		count(f->db, draw(2) == 0);
		if (draw(6) == 0)
			assert_int_equal(journal_apply_days(f->db, FIRST,
			                                    FIRST + DAYS,
			                                    &limits, &err),
			                 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_like_all_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
