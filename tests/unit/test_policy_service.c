#include "unit/store_test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "policy/service.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"

enum { PATIENCE = 2000, START = 1772366400, HELD_MAX = 20000, NAP_MS = 5 };

/* A resolver that counts, and answers when it is told to. */
struct fake {
	struct resolver resolver;
	struct loop *loop;
	struct loop_timer timer; /* looks whether to answer */
	struct dns_call *held[HELD_MAX];
	size_t held_count;
	struct conf conf;
	struct policy_service *service;
	struct clock clock;
	_Atomic int64_t now_ms;
	_Atomic int64_t ahead_ms; /* of the wall clock */
	atomic_int queries;
	atomic_int first,
		behind;   /* questions: with the right of way, and not */
	atomic_bool hold; /* answer nothing, but for "quick" names */
	atomic_bool no_answer;
	atomic_bool full; /* more questions would have to wait */
	char order[4096]; /* domains as they were begun */
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
	nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000}, NULL);
}

/* Twenty MX hosts. */
static void give_hosts(struct dns_call *call)
{
	struct dns_answer *answer = &call->answer;

	answer->status = VIEW_OK;
	answer->secure = true;
	answer->count = 20;
	answer->records = arena_array(call->arena, answer->count,
	                              sizeof(*answer->records));
	for (size_t i = 0; i < answer->count; i++)
		answer->records[i].host =
			arena_printf(call->arena, "mx%zu.many.example", i);
}

static void answer(struct dns_call *call)
{
	bool no_answer = atomic_load(&fake.no_answer);

	call->answer = (struct dns_answer){
		.status = no_answer ? VIEW_TEMPFAIL : VIEW_NONE,
		.ttl = 300,
		.owner = arena_strdup(call->arena, call->name),
		.problem = no_answer ? "no answer within the time limit" : NULL,
	};
	if (call->type == DNS_MX && strncmp(call->name, "many.", 5) == 0)
		give_hosts(call);
	call->done(call);
}

static void answer_held(struct loop_timer *timer)
{
	if (!atomic_load(&fake.hold))
		while (fake.held_count > 0)
			answer(fake.held[--fake.held_count]);
	loop_at(fake.loop, timer, clock_host_ms() + NAP_MS);
}

static void ask(struct resolver *self, struct dns_call *call)
{
	(void)self;
	atomic_fetch_add(call->background ? &fake.behind : &fake.first, 1);
	/* a domain is asked once for its record, and then for its hosts */
	if (call->type == DNS_TXT) {
		atomic_fetch_add(&fake.queries, 1);
		snprintf(fake.order + strlen(fake.order),
		         sizeof(fake.order) - strlen(fake.order), "%s ",
		         call->name + strlen("_smtp._tls."));
	}
	if (atomic_load(&fake.hold) && strstr(call->name, "quick") == NULL) {
		assert_true(fake.held_count < HELD_MAX);
		fake.held[fake.held_count++] = call;
	} else {
		answer(call);
	}
}

static void drop(struct resolver *self, struct dns_call *call)
{
	(void)self;
	for (size_t i = 0; i < fake.held_count; i++)
		if (fake.held[i] == call)
			fake.held[i] = fake.held[--fake.held_count];
}

static bool is_full(struct resolver *self, bool background)
{
	(void)self;
	(void)background;
	return atomic_load(&fake.full);
}

static void free_nothing(struct resolver **resolver)
{
	*resolver = NULL;
}

static int open_fake(void *arg, struct loop *loop, struct resolver **resolver,
                     struct sts_fetcher **fetcher, struct err *err)
{
	(void)arg;
	(void)err;
	fake.loop = loop;
	fake.timer.due = answer_held;
	loop_at(loop, &fake.timer, 0);
	*resolver = &fake.resolver;
	*fetcher = NULL;
	return 0;
}

static void start(struct fixture *f)
{
	struct policy_service_options options = {
		.conf = &fake.conf,
		.clock = &fake.clock,
		.db = f->db,
		.wanted = true,
		.open = open_fake,
	};
	struct err err = {0};

	memset(&fake, 0, sizeof(fake));
	fake.resolver = (struct resolver){ask, drop, is_full, free_nothing};
	fake.clock.now_ms = fake_now_ms;
	fake.clock.monotonic_ms = fake_monotonic_ms;
	fake.clock.boot_ms = fake_monotonic_ms;
	atomic_store(&fake.now_ms, START * INT64_C(1000));
	if (policy_service_open(&fake.service, &options, &err) != 0)
		fail_msg("%s", err.text);
}

static void want(struct fixture *f, const char *domain, int64_t due)
{
	struct db_txn *txn = db_begin_write(f->db);

	policy_wanted_put(txn, domain, due, 0);
	commit_ok(&txn);
	policy_service_wake(fake.service);
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
	policy_service_close(&fake.service);
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
	policy_service_close(&fake.service);
}

static void test_not_due(void **state)
{
	start(*state);
	want(*state, "later.example", START + 60);
	want(*state, "now.example", START);
	wait_for_view(*state, "now.example");
	assert_false(look(*state, "later.example").cached);
	atomic_fetch_add(&fake.now_ms, 60000);
	policy_service_wake(fake.service);
	wait_for_view(*state, "later.example");
	policy_service_close(&fake.service);
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
		policy_service_wake(fake.service);
	}
	atomic_store(&fake.no_answer, false);
	policy_service_close(&fake.service);
}

/* Woken again and again, it never takes one domain twice. */
static void test_one_at_a_time(void **state)
{
	start(*state);
	atomic_store(&fake.hold, true);
	want(*state, "example.com", START);
	wait_for_queries(1);
	for (int i = 0; i < 10; i++) {
		policy_service_wake(fake.service);
		nap();
	}
	wait_for_queries(1);
	atomic_store(&fake.hold, false);
	wait_for_view(*state, "example.com");
	policy_service_close(&fake.service);
}

/* More than are taken from the list at once. */
static void test_many(void **state)
{
	enum { MANY = 2500 };
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
	policy_service_wake(fake.service);
	wait_for_queries(MANY);
	for (int i = 0; i < MANY; i += 500) {
		char domain[32];

		snprintf(domain, sizeof(domain), "d%d.example", i);
		wait_for_view(f, domain);
	}
	policy_service_close(&fake.service);
}

/* A look-up that is under way when it closes leaves no half of a view. */
static void test_stop(void **state)
{
	struct found found;

	start(*state);
	atomic_store(&fake.hold, true);
	want(*state, "example.com", START);
	wait_for_queries(1);
	policy_service_close(&fake.service);
	assert_null(fake.service);
	found = look(*state, "example.com");
	assert_true(found.wanted);
	assert_false(found.cached);
}

/* --- told --- */

/* What somebody was told. */
struct told {
	char domain[64];
	atomic_int times;
	bool has_view, complete, answered;
	int64_t checked_at;
};

static void note_told(void *arg, const struct policy_told *told)
{
	struct told *note = arg;

	snprintf(note->domain, sizeof(note->domain), "%s", told->domain);
	note->has_view = told->view != NULL;
	note->complete = told->complete;
	note->answered = told->answered;
	note->checked_at = told->view != NULL ? told->view->checked_at : 0;
	atomic_fetch_add(&note->times, 1);
}

static void ask_for(struct told *told, const char *domain, bool background,
                    bool anew)
{
	const struct policy_ask this = {.domain = domain,
	                                .background = background,
	                                .anew = anew,
	                                .tell = note_told,
	                                .arg = told};
	struct err err = {0};

	*told = (struct told){.domain = ""};
	assert_int_equal(policy_service_ask(fake.service, &this, &err), 0);
}

static void wait_for_told(struct told *told)
{
	for (int i = 0; i < PATIENCE && atomic_load(&told->times) == 0; i++)
		nap();
	assert_int_equal(atomic_load(&told->times), 1);
}

/* One look-up for all who ask meanwhile, the list included. */
static void test_told_together(void **state)
{
	struct told told[3];
	struct found found;

	start(*state);
	atomic_store(&fake.hold, true);
	for (size_t i = 0; i < COUNT(told); i++)
		ask_for(&told[i], "example.com", i > 0, false);
	wait_for_queries(1);
	want(*state, "example.com", START);
	nap();
	atomic_store(&fake.hold, false);
	for (size_t i = 0; i < COUNT(told); i++) {
		wait_for_told(&told[i]);
		assert_string_equal(told[i].domain, "example.com");
		assert_true(told[i].has_view);
		assert_true(told[i].complete);
		assert_true(told[i].answered);
	}
	found = wait_for_view(*state, "example.com");
	for (int i = 0; i < PATIENCE && found.wanted; i++) {
		nap();
		found = look(*state, "example.com");
	}
	assert_false(found.wanted);
	assert_int_equal(atomic_load(&fake.queries), 1);
	policy_service_close(&fake.service);
}

/* A view that is good is told at once; anew, it is looked up all the same. */
static void test_told_anew(void **state)
{
	struct told told;

	start(*state);
	ask_for(&told, "example.com", false, false);
	wait_for_told(&told);
	wait_for_view(*state, "example.com");
	atomic_fetch_add(&fake.now_ms, 100 * 1000);
	nap(); /* the job has gone by then, mostly */
	ask_for(&told, "example.com", false, false);
	wait_for_told(&told);
	assert_int_equal(told.checked_at, START);
	assert_int_equal(atomic_load(&fake.queries), 1);
	ask_for(&told, "example.com", true, true);
	wait_for_told(&told);
	assert_int_equal(told.checked_at, START + 100);
	assert_int_equal(atomic_load(&fake.queries), 2);
	policy_service_close(&fake.service);
}

/* No answer is told as such, and what was known before with it. */
static void test_told_failure(void **state)
{
	struct told told;

	start(*state);
	atomic_store(&fake.no_answer, true);
	ask_for(&told, "example.com", false, false);
	wait_for_told(&told);
	assert_true(told.has_view);
	assert_false(told.complete);
	assert_false(told.answered);
	policy_service_close(&fake.service);
}

/* Domains that do not answer delay no other. */
static void test_slow_ones(void **state)
{
	struct told slow[200], quick;
	char domain[64];

	start(*state);
	atomic_store(&fake.hold, true);
	for (size_t i = 0; i < COUNT(slow); i++) {
		snprintf(domain, sizeof(domain), "slow%zu.example", i);
		ask_for(&slow[i], domain, i % 2, false);
	}
	wait_for_queries((int)COUNT(slow));
	ask_for(&quick, "quick.example", false, false);
	wait_for_told(&quick);
	for (size_t i = 0; i < COUNT(slow); i++)
		assert_int_equal(atomic_load(&slow[i].times), 0);
	policy_service_close(&fake.service);
	/* who was not told yet is told that there is nothing */
	for (size_t i = 0; i < COUNT(slow); i++) {
		assert_int_equal(atomic_load(&slow[i].times), 1);
		assert_false(slow[i].has_view);
	}
}

/* So many domains of an owner that answer nothing. */
static struct told *hold_many(size_t count, const char *below)
{
	struct told *told = calloc(count, sizeof(*told));
	char domain[64];

	atomic_store(&fake.hold, true);
	for (size_t i = 0; i < count; i++) {
		snprintf(domain, sizeof(domain), "slow%zu.%s", i, below);
		ask_for(&told[i], domain, false, false);
	}
	return told;
}

/* One who has many domains has not all that may be under way. */
static void test_one_owner(void **state)
{
	enum { MANY = 2500 };
	struct told *slow, quick, other;

	start(*state);
	slow = hold_many(MANY, "example.co.uk");
	ask_for(&quick, "quick.co.uk", false, false);
	ask_for(&other, "quick.example.com", true, false);
	wait_for_told(&quick);
	wait_for_told(&other);
	policy_service_close(&fake.service);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(atomic_load(&slow[i].times), 1);
	free(slow);
}

/* Who has many MX hosts has the right of way for some questions, no more. */
static void test_many_questions(void **state)
{
	struct told told;

	start(*state);
	policy_service_enforce(fake.service, true, false);
	ask_for(&told, "many.example", false, false);
	wait_for_told(&told);
	policy_service_close(&fake.service);
	assert_int_equal(atomic_load(&fake.first), 16);
	assert_true(atomic_load(&fake.behind) >= 20);
}

/* When domains of many owners answer nothing the oldest makes room, though not
 * at once. */
static void test_all_are_slow(void **state)
{
	enum { MANY = 2200 };
	struct told *slow, quick;

	start(*state);
	slow = hold_many(MANY, "example");
	ask_for(&quick, "quick.example", false, false);
	for (int i = 0; i < 20; i++)
		nap();
	assert_int_equal(atomic_load(&quick.times), 0);
	atomic_fetch_add(&fake.now_ms, 10 * 1000);
	wait_for_told(&quick);
	assert_true(quick.complete);
	wait_for_told(&slow[0]);
	assert_true(slow[0].has_view);
	assert_false(slow[0].complete);
	policy_service_close(&fake.service);
	free(slow);
}

/* Who waits comes before the background, also when he asks for what is in it
 * already. */
static void test_order(void **state)
{
	struct told told[5];

	start(*state);
	atomic_store(&fake.full, true);
	ask_for(&told[0], "a.example", true, false);
	ask_for(&told[1], "b.example", true, false);
	ask_for(&told[2], "c.example", false, false);
	ask_for(&told[3], "b.example", false, false);
	atomic_store(&fake.full, false);
	ask_for(&told[4], "d.example", true, false);
	for (size_t i = 0; i < COUNT(told); i++)
		wait_for_told(&told[i]);
	policy_service_close(&fake.service);
	assert_string_equal(fake.order,
	                    "c.example b.example a.example d.example ");
}

static void test_now(void **state)
{
	struct domain_view view;
	struct err err = {0};
	struct arena arena;

	start(*state);
	arena_init(&arena);
	assert_int_equal(policy_service_now(fake.service, "example.com",
	                                    clock_host_ms() + 10000, &arena,
	                                    &view, &err),
	                 0);
	assert_string_equal(view.domain, "example.com");
	assert_int_equal(view.tlsrpt, VIEW_NONE);
	atomic_store(&fake.hold, true);
	assert_int_equal(policy_service_now(fake.service, "slow.example",
	                                    clock_host_ms() + 20, &arena, &view,
	                                    &err),
	                 ERR_BUSY);
	assert_string_equal(
		err.text,
		"slow.example was not looked up within the time limit");
	policy_service_close(&fake.service);
	arena_clear(&arena);
}

static void test_cached(void **state)
{
	struct domain_view view;
	struct err err = {0};
	struct arena arena;

	start(*state);
	arena_init(&arena);
	assert_int_equal(policy_service_cached(fake.service, "example.com",
	                                       &arena, &view, &err),
	                 0);
	want(*state, "example.com", START);
	wait_for_view(*state, "example.com");
	assert_int_equal(policy_service_cached(fake.service, "example.com",
	                                       &arena, &view, &err),
	                 1);
	assert_int_equal(view.checked_at, START);
	policy_service_close(&fake.service);
	arena_clear(&arena);
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
		STORE_TEST(test_told_together),
		STORE_TEST(test_told_anew),
		STORE_TEST(test_told_failure),
		STORE_TEST(test_slow_ones),
		STORE_TEST(test_one_owner),
		STORE_TEST(test_many_questions),
		STORE_TEST(test_all_are_slow),
		STORE_TEST(test_order),
		STORE_TEST(test_now),
		STORE_TEST(test_cached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
