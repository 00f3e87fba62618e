#include "unit/store_test.h"

#include "session/session.h"
#include "store/host_day_table.h"
#include "store/purge.h"
#include "store/row_check.h"

enum { DAY = 20513, NOW = 1772410200 };

static const struct host_day mx1 = {
	.head = {.host = "mx1.example.org",
                 .store_id = 1,
                 .epoch = 2,
                 .day = DAY,
                 .generation = 3,
                 .sealed_at = NOW},
	.totals = {.domains = 2, .policies = 1, .success = 5},
	.imported_at = NOW + 60,
};

static void put_domain(struct db_txn *txn, uint32_t slot,
                       const struct sealed_domain *domain,
                       struct strbuf *scratch)
{
	strbuf_reset(scratch);
	host_day_domain_encode(domain, scratch);
	host_day_domain_put(txn, DAY, slot, domain->counts.domain,
	                    scratch->data, scratch->len);
}

/* A slot with so many domains: "d0.example" and on, each of `success`. */
static uint32_t fill(struct db *db, int domains, uint64_t success)
{
	struct db_txn *txn = db_begin_write(db);
	uint32_t slot = host_day_begin(txn, DAY, NOW);
	struct strbuf scratch = {0};
	char name[32];

	for (int i = 0; i < domains; i++) {
		struct sealed_domain domain = {.counts.domain = name,
		                               .counts.success = success};

		snprintf(name, sizeof(name), "d%04d.example", i);
		put_domain(txn, slot, &domain, &scratch);
	}
	strbuf_clear(&scratch);
	assert_int_equal(db_commit(&txn, NULL), 0);
	return slot;
}

static void make_hosts(struct db *db, const char *host, uint32_t slot)
{
	struct db_txn *txn = db_begin_write(db);
	struct host_day day = mx1;

	snprintf(day.head.host, sizeof(day.head.host), "%s", host);
	day.slot = slot;
	host_day_put(txn, &day);
	assert_int_equal(db_commit(&txn, NULL), 0);
}

static size_t rows_of(struct db *db, enum db_table table)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct db_key all = key_of(table);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);
	size_t n = 0;

	while (db_rows_next(&rows)) {
		row_check(txn, &rows.row);
		n++;
	}
	assert_false(db_failed(txn));
	return n;
}

static void test_a_domain_comes_back_as_it_was(void **state)
{
	struct tally_detail second = {.key = {.bytes = "two", .len = 3},
	                              .count = 2};
	struct tally_detail first = {
		.key = {.bytes = "one", .len = 3}, .next = &second, .count = 1};
	struct tally_policy last = {.key = {.bytes = "b", .len = 1},
	                            .success = 7};
	struct tally_policy policy = {.key = {.bytes = "a", .len = 1},
	                              .next = &last,
	                              .details = &first,
	                              .success = 4,
	                              .failure = 5,
	                              .unjudged = 6};
	struct sealed_domain domain = {
		.counts = {.domain = "a.example",
	                   .valid = true,
	                   .record = "v=TLSRPTv1; rua=mailto:a@b.example",
	                   .success = 11,
	                   .failure = 5,
	                   .unjudged = 6,
	                   .policies = &policy},
		.record_at = NOW,
		.folded = 8,
		.waits = true,
	};
	struct arena arena = {0};
	struct sealed_domain got;
	struct strbuf scratch = {0};
	struct db_txn *txn;
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	txn = db_begin_write(f.db);
	put_domain(txn, 1, &domain, &scratch);
	assert_int_equal(
		host_day_domain_get(txn, DAY, 1, "a.example", &arena, &got), 1);
	assert_string_equal(got.counts.domain, "a.example");
	assert_string_equal(got.counts.record, domain.counts.record);
	assert_true(got.counts.valid && got.waits);
	assert_int_equal(got.counts.day, DAY);
	assert_int_equal(got.counts.success, 11);
	assert_int_equal(got.counts.failure, 5);
	assert_int_equal(got.counts.unjudged, 6);
	assert_int_equal(got.record_at, NOW);
	assert_int_equal(got.folded, 8);
	assert_int_equal(got.counts.policy_count, 2);
	assert_int_equal(got.counts.detail_count, 2);
	assert_int_equal(got.counts.policies->failure, 5);
	assert_int_equal(got.counts.policies->details->next->count, 2);
	assert_memory_equal(got.counts.policies->details->next->key.bytes,
	                    "two", 3);
	assert_int_equal(got.counts.policies->next->success, 7);
	assert_int_equal(
		host_day_domain_get(txn, DAY, 2, "a.example", &arena, &got), 0);
	strbuf_clear(&scratch);
	arena_clear(&arena);
	db_abort(&txn);
	fixture_clear(&f);
}

static void test_a_slot_is_walked_by_name(void **state)
{
	char name[TALLY_DOMAIN_TEXT] = "";
	struct db_txn *txn;
	struct fixture f;
	int n = 0;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	fill(f.db, 3, 1);
	fill(f.db, 5, 1); /* not its */
	txn = db_begin_read(f.db);
	while (host_day_domain_next(txn, DAY, 1, name))
		assert_int_equal(name[4], '0' + n++);
	assert_int_equal(n, 3);
	assert_false(db_failed(txn));
	db_abort(&txn);
	fixture_clear(&f);
}

static void test_hosts_are_walked_by_name(void **state)
{
	struct host_day at = {.slot = 0};
	struct db_txn *txn;
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	make_hosts(f.db, "mx2.example.org", fill(f.db, 1, 1));
	make_hosts(f.db, "mx1.example.org", fill(f.db, 1, 1));
	fill(f.db, 1, 1); /* nobody's */
	txn = db_begin_read(f.db);
	assert_int_equal(host_day_next(txn, DAY, &at), 1);
	assert_string_equal(at.head.host, "mx1.example.org");
	assert_int_equal(at.slot, 2);
	assert_int_equal(at.head.generation, 3);
	assert_int_equal(at.totals.success, 5);
	assert_int_equal(at.imported_at, NOW + 60);
	assert_int_equal(host_day_next(txn, DAY, &at), 1);
	assert_string_equal(at.head.host, "mx2.example.org");
	assert_int_equal(host_day_next(txn, DAY, &at), 0);
	at.head.host[0] = '\0';
	assert_int_equal(host_day_next(txn, DAY + 1, &at), 0);
	assert_false(db_failed(txn));
	db_abort(&txn);
	fixture_clear(&f);
}

static void purge_slots(struct db *db, int64_t now)
{
	int more = 1;

	while (more) {
		struct db_txn *txn = db_begin_write(db);
		uint64_t rows = 0;

		more = host_day_purge_slots(txn, now, &rows);
		assert_int_equal(db_commit(&txn, NULL), 0);
	}
}

/* What a host sent again takes the place of what it had sent; what it had sent
 * goes with the next purge, and what was never finished after some hours. */
static void test_what_is_nobodys_is_purged(void **state)
{
	struct host_day got;
	struct db_txn *txn;
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	make_hosts(f.db, "mx1.example.org", fill(f.db, 2500, 1));
	make_hosts(f.db, "mx1.example.org", fill(f.db, 7, 2));
	fill(f.db, 30, 3); /* killed, or at work */
	purge_slots(f.db, NOW + 60);
	assert_int_equal(rows_of(f.db, TABLE_HOST_COUNT), 37);
	txn = db_begin_read(f.db);
	assert_int_equal(host_day_get(txn, DAY, "mx1.example.org", &got), 1);
	assert_int_equal(got.slot, 2);
	db_abort(&txn);
	purge_slots(f.db, NOW + HOST_DAY_IMPORT_SECS + 1);
	assert_int_equal(rows_of(f.db, TABLE_HOST_COUNT), 7);
	/* the import that was at work after all is told */
	txn = db_begin_write(f.db);
	got.slot = 3;
	host_day_put(txn, &got);
	assert_int_equal(db_commit(&txn, &f.err), ERR_BUSY);
	fixture_clear(&f);
}

/* A clock that was a year ahead when the import was killed. */
static void test_a_slot_of_a_clock_that_was_ahead_is_purged(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	fill(f.db, 30, 3);
	purge_slots(f.db, NOW - 365 * 86400);
	assert_int_equal(rows_of(f.db, TABLE_HOST_COUNT), 0);
	fixture_clear(&f);
}

static void test_old_days_are_purged(void **state)
{
	struct purge_counts counts;
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	make_hosts(f.db, "mx1.example.org", fill(f.db, 2500, 1));
	assert_int_equal(
		purge_run(f.db, DAY + 30, NOW, 30, 30, &counts, &f.err), 0);
	assert_int_equal(rows_of(f.db, TABLE_HOST_COUNT), 2500);
	assert_int_equal(
		purge_run(f.db, DAY + 31, NOW, 30, 30, &counts, &f.err), 0);
	assert_int_equal(rows_of(f.db, TABLE_HOST_COUNT), 0);
	assert_int_equal(rows_of(f.db, TABLE_HOST_DAY), 0);
	fixture_clear(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_domain_comes_back_as_it_was),
		cmocka_unit_test(test_a_slot_is_walked_by_name),
		cmocka_unit_test(test_hosts_are_walked_by_name),
		cmocka_unit_test(test_what_is_nobodys_is_purged),
		cmocka_unit_test(
			test_a_slot_of_a_clock_that_was_ahead_is_purged),
		cmocka_unit_test(test_old_days_are_purged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
