/* What is seen of a day does not depend on how much of it is applied. */
#include "unit/store_test.h"

#include "base/day.h"
#include "session/tally.h"
#include "store/day_table.h"
#include "store/day_view.h"
#include "store/derived.h"
#include "store/domain_period.h"
#include "store/journal_apply.h"
#include "store/journal_news.h"
#include "store/journal_table.h"
#include "store/journal_view.h"
#include "store/journal_write.h"
#include "store/keys.h"
#include "store/numbers.h"
#include "store/tally_table.h"
#include "fake/fake_tally.h"

enum { DAY = 20513, NAMES = 40 };

static const struct tally_limits limits = {32, 1000, 16 << 20, 24 << 20};

/* Some sessions of a domain in a row of the journal. */
struct counts {
	int name; /* d00.example and so on */
	uint64_t good, bad;
	enum policy_type policy;
	enum result_type result;
};

static void add(struct tally *tally, int32_t day, const struct counts *counts)
{
	char name[16];
	struct failure_detail detail = {.result = counts->result,
	                                .mx_host = "mx.example"};
	struct session_policy policy = {.type = counts->policy, .domain = name};
	struct session session = {.domain = name,
	                          .record = "v=TLSRPTv1; rua=mailto:a@b.c",
	                          .policies = &policy,
	                          .policy_count = 1,
	                          .valid = true};

	snprintf(name, sizeof(name), "d%02d.example", counts->name);
	if (counts->good > 0)
		assert_true(tally_add(tally, day, &session, counts->good));
	policy.failed = true;
	policy.failures = &detail;
	policy.failure_count = 1;
	if (counts->bad > 0)
		assert_true(tally_add(tally, day, &session, counts->bad));
}

static void append_in(struct db_txn *txn, int32_t day,
                      const struct counts *counts, size_t count,
                      struct journal_ids *ids)
{
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);
	struct feed feed = {.name = "events", .seen_at = day_start(day)};
	struct day_stats stats = {.events = count};
	struct journal_commit commit = {.days = &day,
	                                .stats = &stats,
	                                .day_count = 1,
	                                .feed = &feed,
	                                .now = day_start(day)};

	for (size_t i = 0; i < count; i++)
		add(tally, day, &counts[i]);
	commit.domains = tally_sorted(tally);
	commit.count = tally_domain_count(tally);
	journal_write(txn, &commit, ids);
}

static void append(struct db *db, int32_t day, const struct counts *counts,
                   size_t count, struct journal_ids *ids)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);

	append_in(txn, day, counts, count, ids);
	commit_ok(&txn);
}

/* --- the day as its heads have it, one after the other --- */

struct head {
	char domain[TALLY_DOMAIN_TEXT];
	struct tally_head head;
};

static size_t read_heads(struct db_txn *txn, int32_t day,
                         struct head heads[NAMES])
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t at = day;
	size_t n = 0;

	while (tally_head_next(txn, &at, domain, &head) && at == day) {
		assert_true(n < NAMES);
		strcpy(heads[n].domain, domain);
		heads[n++].head = head;
	}
	return n;
}

static int most_first(const void *a, const void *b)
{
	const struct head *x = a, *y = b;

	if (x->head.failure != y->head.failure)
		return x->head.failure < y->head.failure ? 1 : -1;
	return strcmp(x->domain, y->domain);
}

/* Is not known from rows alone. */
static bool doubted;

static void check_sums(struct db_txn *txn, int32_t day,
                       const struct head *heads, size_t count)
{
	struct day_sums got, want = {0};
	struct day_domains domains, news, wanted;

	for (size_t i = 0; i < count; i++)
		day_sums_add(&want, &heads[i].head, 1);
	assert_int_equal(day_view_sums(txn, day, &got), count > 0);
	assert_memory_equal(&got, &want, sizeof(got));
	wanted = day_sums_domains(&want);
	day_view_domains(txn, day, &domains);
	assert_memory_equal(&domains, &wanted, sizeof(wanted));
	day_sums_get(txn, day, &got);
	domains = day_sums_domains(&got);
	assert_int_equal(journal_news_get(txn, day, &news), !doubted);
	numbers_sum(&domains, &news, sizeof(news));
	if (!doubted)
		assert_memory_equal(&domains, &wanted, sizeof(wanted));
}

static void check_open(struct db_txn *txn, int32_t day,
                       const struct head *heads, size_t count)
{
	struct day_open open = day_open_begin(txn, day, "");

	for (size_t i = 0; i < count; i++) {
		struct domain_day told;
		struct day_open from;

		if (heads[i].head.mark != TALLY_OPEN)
			continue;
		assert_true(domain_day_of(&heads[i].head, &told));
		assert_true(day_open_next(&open));
		assert_string_equal(open.domain, heads[i].domain);
		assert_memory_equal(&open.told, &told, sizeof(told));
		from = day_open_begin(txn, day,
		                      i > 0 ? heads[i - 1].domain : "");
		assert_true(day_open_next(&from));
		assert_string_equal(from.domain, heads[i].domain);
	}
	assert_false(day_open_next(&open));
}

static void check_failing(struct db_txn *txn, int32_t day, struct head *heads,
                          size_t count)
{
	struct day_failing failing = day_failing_begin(txn, day);
	struct failing_domain at = {.failure = UINT64_MAX};

	qsort(heads, count, sizeof(*heads), most_first);
	for (size_t i = 0; i < count && heads[i].head.failure > 0; i++) {
		assert_true(day_failing_next(&failing, &at));
		assert_string_equal(at.domain, heads[i].domain);
		assert_int_equal(at.failure, heads[i].head.failure);
	}
	assert_false(day_failing_next(&failing, &at));
}

static void check_in(struct db_txn *txn, int32_t day)
{
	static struct head heads[NAMES];
	size_t count = read_heads(txn, day, heads);
	struct err err;

	check_sums(txn, day, heads, count);
	check_open(txn, day, heads, count);
	check_failing(txn, day, heads, count);
	assert_int_equal(db_failure(txn, &err), 0);
}

static void check(struct db *db, int32_t day)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	check_in(txn, day);
	check_in(txn, day);
}

static uint64_t success_of_day(struct db *db, int32_t day)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct day_sums sums;

	day_view_sums(txn, day, &sums);
	return sums.success;
}

static void apply(struct db *db, int32_t day)
{
	struct err err;

	assert_int_equal(journal_apply_days(db, day, day, &limits, &err), 0);
}

/* --- */

static const struct counts first[] = {
	{3, 2, 0, POLICY_NONE, RESULT_OTHER},
	{7, 1, 4, POLICY_STS, RESULT_CERTIFICATE_EXPIRED},
	{9, 0, 1, POLICY_TLSA, RESULT_TLSA_INVALID},
};
static const struct counts second[] = {
	{1, 5, 0, POLICY_NONE, RESULT_OTHER},
	{3, 0, 9, POLICY_NONE, RESULT_STARTTLS_NOT_SUPPORTED},
	{9, 3, 0, POLICY_TLSA, RESULT_TLSA_INVALID},
};

static void test_rows_between_two_looks(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};

	check(f->db, DAY);
	append(f->db, DAY, first, 3, &ids);
	check(f->db, DAY);
	assert_int_equal(success_of_day(f->db, DAY), 3);
	append(f->db, DAY, second, 3, &ids);
	check(f->db, DAY);
	assert_int_equal(success_of_day(f->db, DAY), 11);
	/* two at once, and nobody looked between them */
	append(f->db, DAY, first, 3, &ids);
	append(f->db, DAY, first, 2, &ids);
	check(f->db, DAY);
	assert_int_equal(success_of_day(f->db, DAY), 17);
}

static void test_applied_between_two_looks(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	struct day_sums before, after;
	auto_(db_abort) struct db_txn *txn = NULL;

	append(f->db, DAY, first, 3, &ids);
	check(f->db, DAY);
	apply(f->db, DAY);
	check(f->db, DAY);
	append(f->db, DAY, second, 3, &ids);
	check(f->db, DAY);
	append(f->db, DAY, first + 1, 1, &ids);
	txn = db_begin_read(f->db);
	assert_true(day_view_sums(txn, DAY, &before));
	db_abort(&txn);
	apply(f->db, DAY);
	check(f->db, DAY);
	txn = db_begin_read(f->db);
	assert_false(journal_table_has(txn, DAY));
	assert_true(day_view_sums(txn, DAY, &after));
	assert_memory_equal(&before, &after, sizeof(before));
}

static void test_two_days(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};

	append(f->db, DAY, first, 3, &ids);
	append(f->db, DAY + 1, second, 3, &ids);
	check(f->db, DAY);
	check(f->db, DAY + 1);
	append(f->db, DAY, second, 3, &ids);
	append(f->db, DAY + 1, first, 1, &ids);
	check(f->db, DAY + 1);
	check(f->db, DAY);
	apply(f->db, DAY);
	check(f->db, DAY);
	check(f->db, DAY + 1);
	assert_int_equal(success_of_day(f->db, DAY), 11);
	assert_int_equal(success_of_day(f->db, DAY + 1), 10);
}

/* Who began before sees what was then, whatever others see. */
static void test_an_older_look(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *before = NULL;
	auto_(db_abort) struct db_txn *between = NULL;
	struct day_sums sums;

	append(f->db, DAY, first, 3, &ids);
	before = db_begin_read(f->db);
	append(f->db, DAY, second, 3, &ids);
	check(f->db, DAY);
	between = db_begin_read(f->db);
	apply(f->db, DAY);
	append(f->db, DAY, first, 1, &ids);
	check(f->db, DAY);
	check_in(before, DAY);
	check_in(between, DAY);
	day_view_sums(before, DAY, &sums);
	assert_int_equal(sums.success, 3);
	day_view_sums(between, DAY, &sums);
	assert_int_equal(sums.success, 11);
	assert_int_equal(success_of_day(f->db, DAY), 13);
}

/* What a transaction wrote and took back was never seen by others. */
static void test_of_who_writes(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;

	append(f->db, DAY, first, 3, &ids);
	check(f->db, DAY);
	txn = db_begin_write(f->db);
	check_in(txn, DAY);
	append_in(txn, DAY, second, 3, &ids);
	check_in(txn, DAY);
	db_abort(&txn);
	check(f->db, DAY);
	assert_int_equal(success_of_day(f->db, DAY), 3);
}

/* A domain whose report is made: what comes then is late. */
static void test_marked(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	struct tally_head head;

	append(f->db, DAY, first, 3, &ids);
	apply(f->db, DAY);
	append(f->db, DAY, second, 1, &ids);
	check(f->db, DAY);
	txn = db_begin_write(f->db);
	assert_true(tally_head_get(txn, DAY, "d07.example", &head));
	tally_mark_set(txn, DAY, "d07.example", head.revision, TALLY_QUEUED, 1,
	               "");
	commit_ok(&txn);
	check(f->db, DAY);
	append(f->db, DAY, first + 1, 1, &ids);
	check(f->db, DAY);
	apply(f->db, DAY);
	check(f->db, DAY);
}

/* Some domains of what waits. */
static void apply_some(struct db *db, int32_t day, size_t domains)
{
	struct err err;

	assert_true(journal_apply_some(db, day, &limits, domains, &err) >= 0);
}

/* What the log counts goes to the domains at once. */
static void count_directly(struct db *db, int32_t day,
                           const struct counts *counts, size_t count)
{
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);
	struct err err;

	for (size_t i = 0; i < count; i++)
		add(tally, day, &counts[i]);
	assert_int_equal(fake_tally_commit(db, tally, &limits, &err), 0);
}

static void mark(struct db *db, int32_t day, const char *domain,
                 enum tally_mark mark)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct tally_head head;

	if (tally_head_get(txn, day, domain, &head) &&
	    !journal_view_has(txn, day, domain)) {
		tally_mark_set(txn, day, domain, head.revision, mark, 1, "");
		commit_ok(&txn);
	}
}

/* A head changed under what waits for it: all domains are looked at until these
 * rows have gone. */
static void test_doubted(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;

	append(f->db, DAY, first, 3, &ids);
	apply(f->db, DAY);
	append(f->db, DAY, second, 3, &ids);
	txn = db_begin_write(f->db);
	journal_news_doubt(txn, DAY);
	commit_ok(&txn);
	doubted = true;
	check(f->db, DAY);
	append(f->db, DAY, first, 2, &ids);
	check(f->db, DAY);
	apply(f->db, DAY);
	doubted = false;
	check(f->db, DAY);
	append(f->db, DAY, first, 3, &ids);
	check(f->db, DAY);
}

/* A closed day is opened while domains wait that it did not have. */
static void test_opened_again(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);

	day_table_closed_set(txn, DAY);
	commit_ok(&txn);
	append(f->db, DAY, first, 3, &ids);
	check(f->db, DAY);
	txn = db_begin_write(f->db);
	day_table_closed_clear(txn, DAY);
	commit_ok(&txn);
	doubted = true;
	check(f->db, DAY);
	append(f->db, DAY, second, 3, &ids);
	check(f->db, DAY);
	apply(f->db, DAY);
	doubted = false;
	check(f->db, DAY);
}

/* The row that brought a domain is damaged: it is new with the next one. */
static void test_damaged(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	struct journal_range range;
	struct db_key key;

	append(f->db, DAY, first, 3, &ids);
	append(f->db, DAY, second, 3, &ids);
	txn = db_begin_write(f->db);
	assert_true(journal_table_range(txn, DAY, &range));
	key = key_of_day(TABLE_JOURNAL, DAY);
	key_u64(&key, range.first);
	db_put_bytes(txn, &key, "damaged", 7);
	commit_ok(&txn);
	doubted = true;
	check(f->db, DAY);
	apply(f->db, DAY);
	doubted = false;
	check(f->db, DAY);
	append(f->db, DAY, first, 3, &ids);
	check(f->db, DAY);
}

static bool is_right(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	derived_check_day(txn, DAY);
	return !db_failed(txn);
}

/* What is applied of new domains is damaged: nobody believes it; or it is
 * another number: that is found, and mended. */
static void test_taken(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	struct db_key key = journal_table_key(DAY, JOURNAL_TAKEN);
	const uint64_t one_more[1 + sizeof(struct day_domains) /
	                                    sizeof(uint64_t)] = {0, 1};

	append(f->db, DAY, first, 3, &ids);
	apply_some(f->db, DAY, 2);
	check(f->db, DAY);
	txn = db_begin_write(f->db);
	numbers_add(txn, &key, one_more, sizeof(one_more));
	commit_ok(&txn);
	assert_false(is_right(f->db));
	assert_int_equal(derived_rebuild_day(f->db, DAY, &f->err), 1);
	assert_true(is_right(f->db));
	doubted = true;
	check(f->db, DAY);
	txn = db_begin_write(f->db);
	db_put_bytes(txn, &key, "xyz", 3);
	commit_ok(&txn);
	assert_true(is_right(f->db));
	check(f->db, DAY);
	apply(f->db, DAY);
	doubted = false;
	check(f->db, DAY);
}

/* Any order of all that, from a fixed seed. */
static void test_any_order(void **state)
{
	struct fixture *f = *state;
	struct journal_ids ids = {0};
	unsigned seed = 7;

	for (int i = 0; i < 400; i++) {
		char name[16];

		int32_t day = DAY + rand_r(&seed) % 2;
		struct counts counts[4];
		size_t n = 1 + (size_t)rand_r(&seed) % 4;

		for (size_t j = 0; j < n; j++)
			counts[j] = (struct counts){
				rand_r(&seed) % NAMES,
				(uint64_t)rand_r(&seed) % 3 + 1,
				(uint64_t)rand_r(&seed) % 3,
				(enum policy_type)(rand_r(&seed) %
			                           POLICY_TYPES),
				(enum result_type)(rand_r(&seed) %
			                           RESULT_TYPES)};
		append(f->db, day, counts, n, &ids);
		if (rand_r(&seed) % 8 == 0)
			count_directly(f->db, day, counts, n);
		if (rand_r(&seed) % 12 == 0)
			apply_some(f->db, day, 5);
		snprintf(name, sizeof(name), "d%02d.example",
		         rand_r(&seed) % NAMES);
		if (rand_r(&seed) % 4 == 0)
			mark(f->db, day, name,
			     rand_r(&seed) % 2 ? TALLY_QUEUED : TALLY_OPEN);
		if (rand_r(&seed) % 3 > 0)
			check(f->db, day);
		if (rand_r(&seed) % 20 == 0)
			apply(f->db, day);
	}
	check(f->db, DAY);
	check(f->db, DAY + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_rows_between_two_looks),
		STORE_TEST(test_applied_between_two_looks),
		STORE_TEST(test_two_days),
		STORE_TEST(test_an_older_look),
		STORE_TEST(test_of_who_writes),
		STORE_TEST(test_marked),
		STORE_TEST(test_doubted),
		STORE_TEST(test_opened_again),
		STORE_TEST(test_damaged),
		STORE_TEST(test_taken),
		STORE_TEST(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
