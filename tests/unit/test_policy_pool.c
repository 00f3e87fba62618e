#include "unit/store_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "policy/pool.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"

enum { THREADS = 4, PATIENCE = 2000, START = 1772366400 };

/* A resolver that all threads share: it counts, is slow on demand, and knows
 * who is being asked about by whom. */
struct fake {
	struct resolver resolver;
	struct pool_options options;
	struct policy_pool *pool;
	struct clock clock;
	_Atomic int64_t now_ms;
	_Atomic int64_t ahead_ms; /* of the wall clock */
	atomic_int queries;
	atomic_int at_once; /* queries of one name */
	atomic_int most;    /* of them */
	atomic_bool hold;   /* let no query go */
	atomic_bool no_answer;
};

static struct fake fake;

static int64_t fake_now_ms(struct clock *clock)
{
	(void)clock;
	return atomic_load(&fake.now_ms) + atomic_load(&fake.ahead_ms);
}

static int64_t fake_monotonic_ms(struct clock *clock)
{
	(void)clock;
	return atomic_load(&fake.now_ms);
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static void query(struct resolver *self, const char *name, enum dns_type type,
                  struct arena *arena, struct dns_answer *answer)
{
	int now = atomic_fetch_add(&fake.at_once, 1) + 1;

	(void)self;
	(void)name;
	if (now > atomic_load(&fake.most))
		atomic_store(&fake.most, now);
	/* a domain is asked once for its record, and then for its hosts */
	atomic_fetch_add(&fake.queries, type == DNS_TXT);
	while (atomic_load(&fake.hold))
		nap();
	memset(answer, 0, sizeof(*answer));
	answer->status =
		atomic_load(&fake.no_answer) ? VIEW_TEMPFAIL : VIEW_NONE;
	answer->ttl = 300;
	answer->owner = arena_strdup(arena, name);
	answer->problem = atomic_load(&fake.no_answer)
	                          ? "no answer within the time limit"
	                          : NULL;
	atomic_fetch_sub(&fake.at_once, 1);
}

static void free_nothing(struct resolver **resolver)
{
	*resolver = NULL;
}

static int open_fake(void *arg, struct resolver **resolver,
                     struct sts_fetcher **fetcher, struct err *err)
{
	(void)arg;
	(void)err;
	*resolver = &fake.resolver;
	*fetcher = NULL;
	return 0;
}

static void start(struct fixture *f)
{
	struct err err = {0};

	memset(&fake, 0, sizeof(fake));
	fake.resolver = (struct resolver){query, free_nothing};
	fake.clock.now_ms = fake_now_ms;
	fake.clock.monotonic_ms = fake_monotonic_ms;
	fake.clock.boot_ms = fake_monotonic_ms;
	atomic_store(&fake.now_ms, START * INT64_C(1000));
	fake.options = (struct pool_options){
		.db = f->db,
		.clock = &fake.clock,
		.threads = THREADS,
		.kit.open = open_fake,
	};
	if (policy_pool_start(&fake.pool, &fake.options, &err) != 0)
		fail_msg("%s", err.text);
}

static void want(struct fixture *f, const char *domain, int64_t due)
{
	struct db_txn *txn = db_begin_write(f->db);

	policy_wanted_put(txn, domain, due, 0);
	commit_ok(&txn);
	policy_pool_wake(fake.pool);
}

struct found {
	bool cached, wanted;
	struct domain_view view;
	int64_t due;
	uint32_t failures;
};

static struct found look(struct fixture *f, const char *domain)
{
	struct db_txn *txn = db_begin_read(f->db);
	struct found found = {0};
	struct arena arena;

	arena_init(&arena);
	found.cached = policy_cache_get(txn, domain, &arena, &found.view);
	found.wanted =
		policy_wanted_get(txn, domain, &found.due, &found.failures);
	db_abort(&txn);
	arena_clear(&arena); /* only numbers of the view are looked at */
	return found;
}

static void wait_for_queries(int n)
{
	for (int i = 0; i < PATIENCE && atomic_load(&fake.queries) < n; i++)
		nap();
	assert_int_equal(atomic_load(&fake.queries), n);
}

static struct found wait_for_view(struct fixture *f, const char *domain)
{
	struct found found = {0};

	for (int i = 0; i < PATIENCE && !found.cached; i++) {
		nap();
		found = look(f, domain);
	}
	assert_true(found.cached);
	return found;
}

static void test_found(void **state)
{
	struct found found;

	start(*state);
	want(*state, "example.com", START);
	found = wait_for_view(*state, "example.com");
	assert_false(found.wanted);
	assert_int_equal(found.view.tlsrpt, VIEW_NONE);
	assert_int_equal(found.view.expires_at, START + 300);
	/* wanted again while it is fresh: nobody is asked */
	want(*state, "example.com", START);
	for (int i = 0; i < PATIENCE && found.wanted; i++) {
		nap();
		found = look(*state, "example.com");
	}
	assert_false(found.wanted);
	assert_int_equal(atomic_load(&fake.queries), 1);
	policy_pool_stop(&fake.pool);
}

/* A clock that was a year ahead for a minute must neither keep a failed look-up
 * from being made again nor have an old answer believed for a year. */
static void test_clock_was_a_year_ahead(void **state)
{
	enum { YEAR = 365 * 24 * 3600 };

	start(*state);
	want(*state, "failed.example", START + YEAR + 3600);
	wait_for_view(*state, "failed.example");
	atomic_store(&fake.ahead_ms, YEAR * INT64_C(1000));
	want(*state, "believed.example", START);
	wait_for_view(*state, "believed.example");
	atomic_store(&fake.ahead_ms, 0);
	want(*state, "believed.example", START);
	wait_for_queries(3);
	policy_pool_stop(&fake.pool);
}

static void test_not_due(void **state)
{
	start(*state);
	want(*state, "later.example", START + 60);
	want(*state, "now.example", START);
	wait_for_view(*state, "now.example");
	assert_false(look(*state, "later.example").cached);
	atomic_fetch_add(&fake.now_ms, 60000);
	policy_pool_wake(fake.pool);
	wait_for_view(*state, "later.example");
	policy_pool_stop(&fake.pool);
}

/* One minute, doubled to one hour. */
static void test_back_off(void **state)
{
	static const int64_t waits[] = {60,   120,  240,  480, 960,
	                                1920, 3600, 3600, 60};
	int64_t now = START;

	start(*state);
	atomic_store(&fake.no_answer, true);
	want(*state, "example.com", START);
	for (size_t i = 0; i < COUNT(waits) - 1; i++) {
		struct found found;

		do {
			nap();
			found = look(*state, "example.com");
		} while (found.failures != i + 1);
		assert_int_equal(found.due - now, waits[i]);
		assert_int_equal(found.view.tlsrpt, VIEW_TEMPFAIL);
		now = found.due;
		atomic_store(&fake.now_ms, now * 1000);
		policy_pool_wake(fake.pool);
	}
	atomic_store(&fake.no_answer, false);
	policy_pool_stop(&fake.pool);
}

/* Woken again and again, the threads never take one domain twice. */
static void test_one_at_a_time(void **state)
{
	start(*state);
	atomic_store(&fake.hold, true);
	want(*state, "example.com", START);
	wait_for_queries(1);
	for (int i = 0; i < 10; i++) {
		policy_pool_wake(fake.pool);
		nap();
	}
	assert_int_equal(atomic_load(&fake.most), 1);
	atomic_store(&fake.hold, false);
	wait_for_view(*state, "example.com");
	policy_pool_stop(&fake.pool);
}

/* More than fit in the queue, all at once. */
static void test_many(void **state)
{
	enum { MANY = 600 };
	struct fixture *f = *state;
	struct db_txn *txn;

	start(f);
	txn = db_begin_write(f->db);
	for (int i = 0; i < MANY; i++) {
		char domain[32];

		snprintf(domain, sizeof(domain), "d%d.example", i);
		policy_wanted_put(txn, domain, START, 0);
	}
	commit_ok(&txn);
	policy_pool_wake(fake.pool);
	wait_for_queries(MANY);
	wait_for_view(f, "d599.example");
	policy_pool_stop(&fake.pool);
}

/* A look-up that is under way when the pool stops leaves no half of a view. */
static void *let_go(void *arg)
{
	nap();
	nap();
	atomic_store(&fake.hold, false);
	return arg;
}

static void test_stop(void **state)
{
	struct found found;
	pthread_t thread;

	start(*state);
	atomic_store(&fake.hold, true);
	want(*state, "example.com", START);
	wait_for_queries(1);
	assert_int_equal(pthread_create(&thread, NULL, let_go, NULL), 0);
	policy_pool_stop(&fake.pool);
	pthread_join(thread, NULL);
	assert_null(fake.pool);
	found = look(*state, "example.com");
	assert_int_not_equal(found.wanted, found.cached);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_found),
		STORE_TEST(test_not_due),
		STORE_TEST(test_found),
		STORE_TEST(test_clock_was_a_year_ahead),
		STORE_TEST(test_back_off),
		STORE_TEST(test_one_at_a_time),
		STORE_TEST(test_many),
		STORE_TEST(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
