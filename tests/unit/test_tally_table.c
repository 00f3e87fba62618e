#include "unit/store_test.h"

#include <inttypes.h>

#include "fake/fake_tally.h"
#include "session/session.h"
#include "store/day_table.h"
#include "store/intern.h"
#include "store/keys.h"
#include "store/tally_row.h"
#include "store/tally_table.h"

enum { DAY = 20513 }; /* 2026-03-01 */

static const struct tally_limits wide = {.max_policies = 1000,
                                         .max_details = 100000,
                                         .soft_bytes = 64u << 20,
                                         .hard_bytes = 64u << 20};

/* One session of a domain under one policy of its own number. */
struct event {
	const char *domain;
	int policy;         /* which STS policy; 0: no policy found */
	const char *reason; /* a failure with that reason; NULL: success */
	uint64_t n;
};

static void add(struct tally *tally, const struct event *e)
{
	char id[32];
	const char *strings[] = {"version: STSv1", id};
	struct failure_detail detail = {.result = RESULT_CERTIFICATE_EXPIRED,
	                                .mx_host = "mx.example.com",
	                                .mx_helo = "helo.example.com",
	                                .reason = e->reason};
	struct session_policy policy = {.type = e->policy ? POLICY_STS
	                                                  : POLICY_NONE,
	                                .domain = e->domain,
	                                .strings = strings,
	                                .string_count = e->policy ? 2 : 0,
	                                .failures = &detail,
	                                .failure_count = e->reason ? 1 : 0,
	                                .failed = e->reason != NULL};
	struct session session = {.domain = e->domain,
	                          .record =
	                                  "v=TLSRPTv1; rua=mailto:a@b.example",
	                          .policies = &policy,
	                          .policy_count = 1,
	                          .valid = true};

	snprintf(id, sizeof(id), "max_age: %d", e->policy);
	assert_true(tally_add(tally, DAY, &session, e->n));
}

static void commit(struct db *db, const struct event *events, size_t count,
                   const struct tally_limits *limits)
{
	auto_(tally_free) struct tally *tally = tally_new(1, &wide);
	struct err err = {0};

	for (size_t i = 0; i < count; i++)
		add(tally, &events[i]);
	if (fake_tally_commit(db, tally, limits, &err) != 0)
		fail_msg("%s", err.text);
}

static void drop(struct report *report)
{
	arena_clear(&report->mem);
}

static void load(struct db *db, const char *domain, struct report *report)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct err err = {0};

	if (tally_load(txn, DAY, domain, report, &err) != 0)
		fail_msg("%s", err.text);
}

static uint64_t failures(const struct report *report)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		sum += report->policies[i].failure;
	return sum;
}

static struct tally_head head_of(struct db *db, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct tally_head head;

	assert_int_equal(tally_head_get(txn, DAY, domain, &head), 1);
	return head;
}

static uint64_t count_of(const struct report_detail *detail)
{
	bool one = strcmp(detail->detail.reason, "one") == 0;

	if (detail->count != 1) /* the no-policy-found's */
		assert_int_equal(detail->count, one ? 6 : 3);
	return detail->count;
}

static void test_counts_add_up(void **state)
{
	static const struct event first[] = {
		{"a.example", 1, NULL, 5},
		{"a.example", 1, "one", 2},
		{"a.example", 0, "one", 1},
		{"b.a.example", 0, NULL, 7},
	};
	static const struct event second[] = {
		{"a.example", 1, "two", 3},
		{"a.example", 1, "one", 4},
		{"a.example", 2, NULL, 1},
	};
	struct fixture *f = *state;
	auto_(drop) struct report report = {0};
	struct tally_head head;

	commit(f->db, first, COUNT(first), &wide);
	commit(f->db, second, COUNT(second), &wide);
	head = head_of(f->db, "a.example");
	assert_int_equal(head.success, 6);
	assert_int_equal(head.failure, 10);
	assert_int_equal(head.policies, 3);
	assert_int_equal(head.details, 3);
	assert_int_equal(head.folded, 0);
	assert_int_equal(head.revision, 2);
	assert_int_equal(head.mark, TALLY_OPEN);
	assert_true(head.valid);
	assert_string_equal(head.record, "v=TLSRPTv1; rua=mailto:a@b.example");
	assert_string_equal(head.reason, "");
	load(f->db, "a.example", &report);
	assert_int_equal(report.policy_count, 3);
	assert_int_equal(failures(&report), 10);
	for (size_t i = 0; i < report.policy_count; i++) {
		const struct report_policy *p = &report.policies[i];
		uint64_t sum = 0;

		assert_string_equal(p->domain, "a.example");
		assert_true(p->id > 0);
		for (size_t d = 0; d < p->detail_count; d++)
			sum += count_of(&p->details[d]);
		assert_int_equal(sum, p->failure);
		if (p->type == POLICY_STS && p->failure > 0) {
			assert_int_equal(p->detail_count, 2);
			assert_null(p->details[0].detail.sending_ip);
			assert_string_equal(p->strings[1], "max_age: 1");
		}
	}
}

static uint64_t details_counted(const struct report *report)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		for (size_t d = 0; d < report->policies[i].detail_count; d++)
			sum += report->policies[i].details[d].count;
	return sum;
}

static void test_caps(void **state)
{
	static const struct {
		const char *name;
		struct tally_limits limits;
		int policies, reasons; /* that many of each, all different */
		uint32_t want_policies, want_details;
		uint64_t want_folded;
	} rows[] = {
		{"all fit",
	         {.max_policies = 4, .max_details = 12},
	         4,
	         3,
	         4,
	         12,
	         0},
		/* the fifth's details stand under the folded policy */
		{"one policy too many",
	         {.max_policies = 4, .max_details = 100},
	         6,
	         3,
	         5,
	         15,
	         0},
		/* one more row for each policy: peer-less */
		{"details past the cap",
	         {.max_policies = 4, .max_details = 10},
	         1,
	         30,
	         1,
	         11,
	         20},
		/* no room for those either: by result type alone */
		{"past the extra rows too",
	         {.max_policies = 4, .max_details = 10},
	         4,
	         10,
	         4,
	         13,
	         30},
		{"nothing allowed",
	         {.max_policies = 0, .max_details = 0},
	         3,
	         3,
	         1,
	         1,
	         9},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(drop) struct report report = {0};
		struct tally_head head;
		char domain[32], reason[32];
		uint64_t n = 0;

		ROW(&rows[i]);
		snprintf(domain, sizeof(domain), "%zu.example", i);
		/* one commit for each, as a slow hostile MX would have it */
		for (int p = 1; p <= rows[i].policies; p++)
			for (int r = 0; r < rows[i].reasons; r++) {
				struct event e = {domain, p, reason, 2};

				snprintf(reason, sizeof(reason), "%d", r);
				commit(f->db, &e, 1, &rows[i].limits);
				n += 2;
			}
		head = head_of(f->db, domain);
		assert_int_equal(head.failure, n);
		assert_int_equal(head.policies, rows[i].want_policies);
		assert_int_equal(head.details, rows[i].want_details);
		assert_int_equal(head.folded, 2 * rows[i].want_folded);
		load(f->db, domain, &report);
		assert_int_equal(report.policy_count, rows[i].want_policies);
		assert_int_equal(failures(&report), n);
		assert_int_equal(details_counted(&report), n);
	}
}

static void mark(struct db *db, const char *domain, uint32_t revision, int want,
                 const char *words)
{
	struct db_txn *txn = db_begin_write(db);
	struct err err = {0};

	tally_mark_set(txn, DAY, domain, revision, TALLY_QUEUED, 77, "because");
	assert_int_equal(db_commit(&txn, &err), want);
	if (words != NULL)
		assert_non_null(strstr(err.text, words));
}

static void test_marks_and_late_counts(void **state)
{
	static const struct event event = {"a.example", 1, "one", 3};
	static const struct event late[] = {{"a.example", 2, "two", 5},
	                                    {"a.example", 1, NULL, 4}};
	struct fixture *f = *state;
	auto_(drop) struct report report = {0};
	struct tally_head head;

	commit(f->db, &event, 1, &wide);
	mark(f->db, "b.example", 1, ERR_NOTFOUND,
	     "b.example was not counted on 2026-03-01");
	mark(f->db, "a.example", 2, ERR_BUSY, "have changed");
	assert_int_equal(head_of(f->db, "a.example").mark, TALLY_OPEN);
	mark(f->db, "a.example", 1, 0, NULL);
	commit(f->db, late, COUNT(late), &wide);
	head = head_of(f->db, "a.example");
	assert_int_equal(head.mark, TALLY_QUEUED);
	assert_int_equal(head.outbox_id, 77);
	assert_string_equal(head.reason, "because");
	assert_int_equal(head.failure, 3);
	assert_int_equal(head.success, 0);
	assert_int_equal(head.late_failure, 5);
	assert_int_equal(head.late_success, 4);
	assert_int_equal(head.revision, 3);
	load(f->db, "a.example", &report);
	assert_int_equal(report.policy_count, 1);
	assert_int_equal(details_counted(&report), 3);
}

static void test_order_of_domains(void **state)
{
	static char longest[SESSION_STRING_MAX + 1];
	/* "a" is before "a.b", whatever rows they have */
	const struct event events[] = {{"a.b", 1, "x", 1},
	                               {"a", 1, "x", 1},
	                               {"b", 0, NULL, 1},
	                               {longest, 1, "x", 1}};
	const char *want[] = {"a", "a.b", "b", longest};
	struct fixture *f = *state;
	auto_(db_abort) struct db_txn *txn = NULL;
	char domain[DOMAIN_TEXT + 64] = "";
	int32_t day = DAY - 1, first, last;
	struct tally_head head;

	txn = db_begin_read(f->db);
	assert_int_equal(tally_day_range(txn, &first, &last), 0);
	db_abort(&txn);
	memset(longest, 'c', SESSION_STRING_MAX);
	commit(f->db, events, COUNT(events), &wide);
	txn = db_begin_read(f->db);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(tally_head_next(txn, &day, domain, &head), 1);
		assert_string_equal(domain, want[i]);
		assert_int_equal(day, DAY);
		assert_int_equal(head.success + head.failure, 1);
	}
	assert_int_equal(tally_head_next(txn, &day, domain, &head), 0);
	assert_int_equal(tally_day_range(txn, &first, &last), 1);
	assert_int_equal(first, DAY);
	assert_int_equal(last, DAY);
}

static void test_policy_ids(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t a = intern_add(txn, DAY, "a", 1, 0), b, found;
	struct db_value blob;

	assert_int_equal(intern_find(txn, DAY, "b", 1, &found), 0);
	assert_int_equal(found, 0);
	b = intern_add(txn, DAY, "b", 1, 0);
	assert_int_not_equal(a, b);
	assert_int_equal(intern_add(txn, DAY, "a", 1, 0), a);
	assert_int_equal(intern_find(txn, DAY, "b", 1, &found), 1);
	assert_int_equal(found, b);
	assert_int_equal(intern_find(txn, DAY + 1, "b", 1, &found), 0);
	assert_true(intern_add(txn, DAY + 1, "a", 1, 0) > b);
	assert_int_equal(intern_get(txn, DAY, b, &blob), 1);
	assert_int_equal(blob.len, 1);
	assert_memory_equal(blob.data, "b", 1);
	commit_ok(&txn);
}

/* Another blob stands where this one's hash points: the next place is it. */
static void test_hashes_that_meet(void **state)
{
	struct fixture *f = *state;
	uint64_t hash = hash64(db_seed(f->db), "a", 1);
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t other = intern_add(txn, DAY, "other", 5, 0), a, found;
	struct db_key key = key_of_day(TABLE_INTERN, DAY);

	key_u8(&key, INTERN_NEAR);
	key_bytes(&key, "a", 1);
	key_u64(&key, hash);
	db_put_u64(txn, &key, other);
	a = intern_add(txn, DAY, "a", 1, 0);
	assert_int_not_equal(a, other);
	assert_int_equal(intern_find(txn, DAY, "a", 1, &found), 1);
	assert_int_equal(found, a);
	commit_ok(&txn);
}

/* A day that a store of schema version 3 had begun. */
static void test_policies_of_an_older_store(void **state)
{
	struct fixture *f = *state;
	struct hash128 hash = hash128(db_seed(f->db), "a", 1);
	struct db_txn *txn = db_begin_write(f->db);
	struct db_key by_hash = key_of_day(TABLE_INTERN, DAY), by_id = by_hash;
	uint64_t id = intern_reserve(txn, 1), found;

	key_u8(&by_hash, INTERN_HASH);
	key_hash(&by_hash, hash);
	db_put_u64(txn, &by_hash, id);
	key_u8(&by_id, INTERN_ID);
	key_u64(&by_id, id);
	db_put_bytes(txn, &by_id, "a", 1);
	assert_int_equal(intern_find(txn, DAY, "a", 1, &found), 1);
	assert_int_equal(found, id);
	assert_int_equal(intern_find(txn, DAY, "b", 1, &found), 0);
	commit_ok(&txn);
}

static void test_damaged_rows(void **state)
{
	static const struct {
		const char *name;
		uint8_t kind;
		const char *bytes;
		size_t len;
	} rows[] = {
		{"a short head", TALLY_HEAD, "\1", 1},
		{"a policy without sums", TALLY_POLICY, "", 0},
		{"a detail without count", TALLY_DETAIL, "123", 3},
		{"a detail that is none", TALLY_DETAIL, "\0\0\0\0\0\0\0\1\xff",
	         9},
		{"an unknown kind", 9, "", 0},
	};
	static const struct event event = {"a.example", 1, "one", 3};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(drop) struct report report = {0};
		struct db_key key =
			key_of_domain(TABLE_TALLY, DAY, "a.example");
		struct db_key end = key_of_day(TABLE_TALLY, DAY + 1);
		struct db_txn *txn = db_begin_write(f->db);
		struct err err = {0};

		ROW(&rows[i]);
		db_delete_before(txn, &end, SIZE_MAX);
		commit_ok(&txn);
		commit(f->db, &event, 1, &wide);
		key_u8(&key, rows[i].kind);
		if (rows[i].kind != TALLY_HEAD)
			key_u64(&key, 1);
		if (rows[i].kind == TALLY_DETAIL)
			key_hash(&key, (struct hash128){0});
		txn = db_begin_write(f->db);
		db_put_bytes(txn, &key, rows[i].bytes, rows[i].len);
		assert_int_equal(
			tally_load(txn, DAY, "a.example", &report, &err),
			ERR_IO);
		assert_non_null(strstr(err.text, "table tally"));
		assert_non_null(strstr(err.text, "a.example\\x00"));
		db_abort(&txn);
	}
}

static void test_day_stats(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct day_stats stats = {.events = 3, .bad = {[15] = 2}, .unnamed = 1};
	struct day_stats got;

	assert_int_equal(day_table_stats_get(txn, DAY, &got), 0);
	day_table_stats_add(txn, DAY, &stats);
	day_table_stats_add(txn, DAY, &stats);
	assert_int_equal(day_table_stats_get(txn, DAY, &got), 1);
	assert_int_equal(got.events, 6);
	assert_int_equal(got.bad[15], 4);
	assert_int_equal(got.unnamed, 2);
	assert_int_equal(got.named, 0);
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_counts_add_up),
		STORE_TEST(test_caps),
		STORE_TEST(test_marks_and_late_counts),
		STORE_TEST(test_order_of_domains),
		STORE_TEST(test_policy_ids),
		STORE_TEST(test_hashes_that_meet),
		STORE_TEST(test_policies_of_an_older_store),
		STORE_TEST(test_damaged_rows),
		STORE_TEST(test_day_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
