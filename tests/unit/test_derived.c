/* Whatever happens to domains, what is derived of their rows stays true. */
#include "unit/store_test.h"

#include "fake/fake_tally.h"
#include "session/session.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "store/derived.h"
#include "store/domain_index.h"
#include "store/domain_period.h"
#include "store/keys.h"
#include "store/outbox_sums.h"
#include "store/tally_row.h"
#include "store/tally_settle.h"
#include "store/tally_table.h"

/* Days of two blocks of the history. */
enum { DAY = 20510 /* 2026-02-26 */, DAYS = 4, DOMAINS = 9, ROUNDS = 400 };

/* So few that some are folded. */
static const struct tally_limits narrow = {.max_policies = 2,
                                           .max_details = 4,
                                           .soft_bytes = 64u << 20,
                                           .hard_bytes = 64u << 20};

/* The same each time. */
static unsigned draw(unsigned below)
{
	static uint64_t state = 7;

	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

static int32_t some_day(void)
{
	return DAY + (int32_t)draw(DAYS);
}

static const char *some_domain(void)
{
	static char domain[32];

	snprintf(domain, sizeof(domain), "d%u.example", draw(DOMAINS));
	return domain;
}

static struct failure_detail some_failure(char reason[32])
{
	snprintf(reason, 32, "reason %u", draw(9));
	return (struct failure_detail){.result = draw(RESULT_TYPES),
	                               .mx_helo = reason,
	                               .reason = reason};
}

static void count(struct db_txn *txn)
{
	auto_(tally_free) struct tally *tally = tally_new(1, &narrow);
	char text[32], reason[32];
	const char *strings[] = {text};
	struct failure_detail detail = some_failure(reason);
	bool failed = draw(2) == 0;
	struct session_policy policy = {.type = draw(POLICY_TYPES),
	                                .strings = strings,
	                                .string_count = 1,
	                                .failures = &detail,
	                                .failure_count = failed,
	                                .failed = failed,
	                                .unjudged = !failed && draw(3) == 0};
	struct session session = {.domain = some_domain(),
	                          .policies = &policy,
	                          .policy_count = 1,
	                          .valid = true};

	snprintf(text, sizeof(text), "policy %u", draw(4));
	policy.domain = session.domain;
	assert_true(tally_add(tally, some_day(), &session, 1 + draw(300)));
	tally_apply(txn, tally_sorted(tally)[0], &narrow);
}

static void mark(struct db_txn *txn)
{
	int32_t day = some_day();
	const char *domain = some_domain();
	struct tally_head head;

	if (tally_head_get(txn, day, domain, &head))
		tally_mark_set(txn, day, domain, head.revision,
		               draw(TALLY_MARKS), draw(3), "words");
}

static void make_late(struct db_txn *txn)
{
	/* seldom: it leaves little behind */
	if (draw(6) == 0)
		tally_make_late(txn, some_day(), some_domain());
}

static void settle(struct db_txn *txn)
{
	auto_(arena_clear) struct arena arena = {0};
	struct tally_unjudged unjudged = {.policy_id = 0};
	const char *domain = some_domain();
	int32_t day = some_day();
	char reason[32];
	struct failure_detail detail = some_failure(reason);
	struct session_policy verdict = {.failures = &detail,
	                                 .failure_count = draw(2)};

	verdict.failed = verdict.failure_count > 0;
	if (tally_unjudged_next(txn, day, domain, &narrow, &arena, &unjudged))
		tally_settle(txn, day, domain, unjudged.policy_id,
		             1 + draw((unsigned)unjudged.sessions), &verdict,
		             &narrow);
}

static void close_day(struct db_txn *txn)
{
	int32_t day = some_day();

	if (draw(2) == 0)
		day_table_closed_set(txn, day);
	else
		day_table_closed_clear(txn, day);
}

/* How many domains the index has as failing. */
static uint64_t check(struct db *db, unsigned round)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	uint64_t n = 0;
	struct err err;

	for (int i = 0; i < DAYS; i++) {
		struct failing_domain at = {.failure = UINT64_MAX};
		uint64_t before = UINT64_MAX;

		derived_check_day(txn, DAY + i);
		for (; domain_index_failing(txn, DAY + i, &at); n++) {
			assert_true(at.failure <= before);
			before = at.failure;
		}
	}
	if (db_failure(txn, &err) < 0)
		fail_msg("round %u: %s", round, err.text);
	return n;
}

/* The same as domain_period_each() makes of it, from the heads alone. */
static bool brute_period(struct db_txn *txn, int32_t first, int32_t last,
                         const char *domain, struct domain_period *of)
{
	*of = (struct domain_period){.failing_since = PERIOD_NO_DAY,
	                             .last_failed = PERIOD_NO_DAY};
	for (int32_t day = first; day <= last; day++) {
		struct tally_head head;
		struct domain_day told;

		if (!tally_head_get(txn, day, domain, &head) ||
		    !domain_day_of(&head, &told))
			continue;
		of->counted_days++;
		of->last_counted = day;
		of->sessions += told.success + told.failure;
		of->sums.failure += told.failure;
		of->sums.clear += told.clear;
		of->sums.policies |= told.policies;
		if (told.failure > 0 && of->failing_since == PERIOD_NO_DAY)
			of->failing_since = day;
		else if (told.failure == 0)
			of->failing_since = PERIOD_NO_DAY;
		if (told.failure > 0) {
			of->failing_days++;
			of->last_failed = day;
		}
	}
	return of->counted_days > 0;
}

struct periods {
	struct db_txn *txn;
	struct period *period;
	int32_t first, last;
	unsigned n;
};

static bool is_same(const struct domain_period *a,
                    const struct domain_period *b)
{
	return a->counted_days == b->counted_days &&
	       a->failing_days == b->failing_days &&
	       a->last_counted == b->last_counted &&
	       a->last_failed == b->last_failed &&
	       a->failing_since == b->failing_since &&
	       a->sessions == b->sessions &&
	       a->sums.failure == b->sums.failure &&
	       a->sums.clear == b->sums.clear &&
	       a->sums.policies == b->sums.policies;
}

static bool check_period(void *arg, const struct domain_period *of)
{
	struct periods *periods = arg;
	struct domain_period want, got;

	periods->n++;
	assert_true(brute_period(periods->txn, periods->first, periods->last,
	                         of->domain, &want));
	assert_true(domain_period_get(periods->period, of->domain, &got));
	assert_true(is_same(of, &want));
	assert_true(is_same(&got, &want));
	assert_int_equal(got.failing_with, of->failing_with);
	assert_int_equal(got.fault, of->fault);
	return true;
}

/* Of those that did not fail the name is told. */
static bool check_failed(void *arg, const struct domain_period *of)
{
	struct periods *periods = arg;
	struct domain_period want;

	if (of->failing_days > 0)
		return check_period(arg, of);
	periods->n++;
	assert_true(domain_period_get(periods->period, of->domain, &want));
	assert_true(want.failing_days == 0 && of->sums.failure == 0 &&
	            of->failing_since == want.failing_since &&
	            of->last_failed == want.last_failed &&
	            of->main_result == want.main_result);
	return true;
}

static unsigned told_of(struct periods *periods, unsigned which)
{
	periods->n = 0;
	domain_period_each(periods->period,
	                   &(struct domains_asked){"", which, PERIOD_ANY},
	                   check_period, periods);
	return periods->n;
}

static void check_periods(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct period *period;
	int32_t one = some_day(), other = some_day();
	struct periods periods = {.txn = txn,
	                          .first = one < other ? one : other,
	                          .last = one < other ? other : one};
	struct domain_period want;
	unsigned n = 0, failed = 0, either = 0;

	period = domain_period_of(txn, periods.first, periods.last);
	periods.period = period;
	for (unsigned i = 0; i < DOMAINS; i++) {
		char domain[32];

		snprintf(domain, sizeof(domain), "d%u.example", i);
		if (!brute_period(txn, periods.first, periods.last, domain,
		                  &want))
			continue;
		n++;
		failed += want.sums.failure > 0;
		either += want.sums.failure > 0 || want.sums.clear > 0;
	}
	assert_int_equal(told_of(&periods, PERIOD_ANY), n);
	assert_int_equal(told_of(&periods, PERIOD_FAILURE), failed);
	periods.n = 0;
	domain_period_each(
		period, &(struct domains_asked){"", PERIOD_ANY, PERIOD_FAILURE},
		check_failed, &periods);
	assert_int_equal(periods.n, n);
	assert_int_equal(told_of(&periods, PERIOD_FAILURE | PERIOD_CLEAR),
	                 either);
}

static void test_after_anything(void **state)
{
	static void (*const deeds[])(struct db_txn * txn) = {
		count, count, count,  count,     mark,
		mark,  mark,  settle, make_late, close_day};
	struct fixture *f = *state;
	uint64_t failing = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		bool wanted = draw(8) != 0;
		unsigned n = 1 + draw(5);

		while (n-- > 0)
			deeds[draw(COUNT(deeds))](txn);
		/* a program that ends before its commit */
		if (wanted && db_commit(&txn, &f->err) != 0)
			fail_msg("round %u: %s", round, f->err.text);
		db_abort(&txn);
		failing += check(f->db, round);
		check_periods(f->db);
	}
	assert_true(failing > ROUNDS); /* something was tried */
}

/* --- made right --- */

static int break_row(struct db_txn *txn, enum db_table table)
{
	struct db_key all = key_of(table), key;
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);

	for (unsigned skip = draw(5); skip > 0; skip--)
		db_rows_next(&rows);
	if (!db_rows_next(&rows))
		return 0;
	if (table == TABLE_DOMAIN_INDEX && draw(2) == 0) {
		/* one of a domain that is not there */
		key = raw_key(table, rows.row.key.data, rows.row.key.len);
		key_text(&key, "x");
		db_put_bytes(txn, &key, "", 0);
	} else {
		db_rows_delete(&rows);
	}
	return 1;
}

static int break_index(struct db_txn *txn)
{
	return break_row(txn, TABLE_DOMAIN_INDEX);
}

static int break_history(struct db_txn *txn)
{
	return break_row(txn, TABLE_DOMAIN_HISTORY);
}

static int break_sums(struct db_txn *txn)
{
	int32_t day = some_day();
	struct day_sums sums;

	day_sums_get(txn, day, &sums);
	sums.failing_domains++;
	sums.marks[draw(TALLY_MARKS)]--;
	day_sums_put(txn, day, &sums);
	return 1;
}

static int break_kinds(struct db_txn *txn)
{
	auto_(strbuf_clear) struct strbuf scratch = {0};
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head, before;
	int32_t day = DAY;
	struct db_key key;

	if (!tally_head_next(txn, &day, domain, &head))
		return 0;
	before = head;
	head.kinds.results[POLICY_NONE][RESULT_OTHER] += 3;
	key = tally_domain_key(day, domain);
	tally_head_put(txn, &key, &before, &head, &scratch);
	return 1;
}

/* Does what is derived of every day follow from its rows? */
static bool is_right(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	for (int i = 0; i < DAYS; i++)
		derived_check_day(txn, DAY + i);
	return !db_failed(txn);
}

static void test_made_right(void **state)
{
	static int (*const breaks[])(struct db_txn * txn) = {
		break_index, break_history, break_sums, break_kinds};
	struct fixture *f = *state;
	unsigned tried = 0;

	for (unsigned round = 0; round < ROUNDS / 4; round++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		int broken = 0, mended = 0;

		for (int i = 0; i < 6; i++)
			(i < 4 ? count : mark)(txn);
		commit_ok(&txn);
		txn = db_begin_write(f->db);
		broken += breaks[draw(COUNT(breaks))](txn);
		commit_ok(&txn);
		assert_int_equal(is_right(f->db), broken == 0);
		for (int i = 0; i < DAYS; i++) {
			int rc = derived_rebuild_day(f->db, DAY + i, &f->err);

			assert_true(rc >= 0);
			mended += rc;
		}
		/* a row of the history has several days */
		assert_true(broken == 0 ? mended == 0 : mended >= 1);
		assert_true(is_right(f->db));
		tried += (unsigned)broken;
	}
	assert_true(tried > ROUNDS / 8);
}

/* Rows grow and shrink while those behind them are read. */
static void test_all_kinds_made_right(void **state)
{
	struct fixture *f = *state;
	struct tally_head heads[DAYS * DOMAINS], head, before;
	auto_(strbuf_clear) struct strbuf scratch = {0};
	auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	int32_t day = DAY;
	size_t n = 0;

	for (int i = 0; i < 200; i++)
		count(txn);
	commit_ok(&txn);
	txn = db_begin_write(f->db);
	for (; tally_head_next(txn, &day, domain, &head); n++) {
		struct db_key key = tally_domain_key(day, domain);

		heads[n] = before = head;
		memset(&head.kinds, n % 2 == 0 ? 0x7f : 0, sizeof(head.kinds));
		tally_head_put(txn, &key, &before, &head, &scratch);
	}
	assert_true(n > DAYS * DOMAINS / 2);
	commit_ok(&txn);
	for (int i = 0; i < DAYS; i++)
		assert_int_equal(derived_rebuild_day(f->db, DAY + i, &f->err),
		                 1);
	assert_true(is_right(f->db));
	txn = db_begin_read(f->db);
	day = DAY;
	domain[0] = '\0';
	for (n = 0; tally_head_next(txn, &day, domain, &head); n++) {
		assert_memory_equal(&head.kinds, &heads[n].kinds,
		                    sizeof(head.kinds));
		assert_int_equal(head.success, heads[n].success);
		assert_int_equal(head.failure, heads[n].failure);
		assert_string_equal(head.record, heads[n].record);
	}
}

/* --- the outbox --- */

enum { REPORTS = 12 };

static uint64_t some_report(struct db_txn *txn, bool archived)
{
	struct outbox_head head = {.id = 0};
	unsigned skip = draw(REPORTS);
	uint64_t id = 0;

	while ((archived ? archive_head_next(txn, &head)
	                 : outbox_head_next(txn, &head)) &&
	       skip-- > 0)
		id = head.id;
	return id;
}

static void add_report(struct db_txn *txn)
{
	struct outbox_new report = {.head = {.status = draw(OUTBOX_DONE),
	                                     .deliver_at = 1000 + draw(9),
	                                     .day = DAY},
	                            .rua_count = draw(3),
	                            .body = "x",
	                            .body_len = 1};
	struct rua ruas[2];
	struct err err;

	rua_from_address("tls@a.example", 13, &ruas[0], &err);
	rua_from_address("tls@b.example", 13, &ruas[1], &err);
	report.ruas = ruas;
	snprintf(report.head.domain, sizeof(report.head.domain), "%s",
	         some_domain());
	outbox_add(txn, &report, 1772323200000);
}

static void try_destination(struct db_txn *txn)
{
	struct outbox_destination dest;
	uint64_t id = some_report(txn, false);

	if (!outbox_destination_get(txn, id, (uint16_t)draw(2), &dest))
		return;
	dest.state = draw(DELIVERY_STATES);
	dest.attempts = draw(3);
	dest.last_attempt = draw(2000);
	dest.due = draw(3) == 0 ? OUTBOX_DUE_IN_TURN : (int64_t)draw(2000);
	dest.code = (int)draw(2 * ANSWER_GROUPS_MAX);
	snprintf(dest.answer, sizeof(dest.answer), "%s",
	         draw(2) ? "450 later" : "550 never");
	outbox_destination_put(txn, id, &dest);
}

static void change_report(struct db_txn *txn)
{
	struct outbox_head head;
	uint64_t id = some_report(txn, false);

	if (!outbox_head_get(txn, id, &head))
		return;
	switch (draw(6)) {
	case 0:
		outbox_remove(txn, id);
		break;
	case 1:
		outbox_destination_remove(txn, id, (uint16_t)draw(2));
		break;
	case 2:
		archive_move(txn, &head);
		break;
	case 3:
		outbox_release(txn, id, draw(2) ? 0 : 500);
		break;
	default:
		head.status = draw(OUTBOX_DONE);
		outbox_head_put(txn, &head);
	}
}

static void send_again(struct db_txn *txn)
{
	struct outbox_head head;
	uint64_t id = some_report(txn, true);

	if (archive_head_get(txn, id, &head))
		archive_move_back(txn, &head);
}

static void test_outbox_after_anything(void **state)
{
	static void (*const deeds[])(struct db_txn * txn) = {
		add_report,      try_destination, try_destination,
		try_destination, change_report,   send_again};
	struct fixture *f = *state;
	struct outbox_sums sums;
	uint64_t groups = 0;

	for (unsigned round = 0; round < 3 * ROUNDS; round++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		bool wanted = draw(8) != 0;
		unsigned n = 1 + draw(5);

		while (n-- > 0)
			deeds[draw(COUNT(deeds))](txn);
		if (wanted && db_commit(&txn, &f->err) != 0)
			fail_msg("round %u: %s", round, f->err.text);
		db_abort(&txn);
		txn = db_begin_read(f->db);
		derived_check_outbox(txn);
		outbox_sums_get(txn, &sums);
		groups = sums.groups > groups ? sums.groups : groups;
		if (db_failure(txn, &f->err) < 0)
			fail_msg("round %u: %s", round, f->err.text);
	}
	assert_true(groups > 2);
	/* its sums, or one that belongs to a group */
	for (int last = 0; last < 2; last++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		struct db_key all = key_of(TABLE_OUTBOX_INDEX), key;
		struct db_row row;

		assert_true(last ? db_get_last(txn, all.table, &row)
		                 : db_get_from(txn, &all, &row));
		key = raw_key(all.table, row.key.data, row.key.len);
		db_delete(txn, &key);
		commit_ok(&txn);
		assert_int_equal(derived_rebuild_outbox(f->db, &f->err), 1);
		assert_int_equal(derived_rebuild_outbox(f->db, &f->err), 0);
	}
}

/* --- stores of schema version 3 --- */

/* As it was written then. */
static void put_old_head(struct db_txn *txn, const struct db_key *domain,
                         const struct tally_head *head)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct db_key key = *domain;

	key_u8(&key, TALLY_HEAD);
	strbuf_u8(&value, (uint8_t)head->mark);
	strbuf_u8(&value, head->valid);
	strbuf_u64(&value, head->success);
	strbuf_u64(&value, head->failure);
	strbuf_u64(&value, head->late_success);
	strbuf_u64(&value, head->late_failure);
	strbuf_u32(&value, head->policies);
	strbuf_u32(&value, head->details);
	strbuf_u64(&value, head->folded);
	strbuf_u64(&value, head->outbox_id);
	strbuf_u32(&value, head->revision);
	strbuf_str(&value, head->record);
	strbuf_str(&value, head->reason);
	if (head->unjudged > 0)
		strbuf_u64(&value, head->unjudged);
	db_put(txn, &key, &value);
}

static void make_old(struct db_txn *txn)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t day = 0;
	uint64_t rows = 0;

	while (tally_head_next(txn, &day, domain, &head)) {
		struct db_key key = tally_domain_key(day, domain);
		struct db_key sums = key_of_day(TABLE_DAY, day);

		put_old_head(txn, &key, &head);
		key_u8(&sums, 10);
		db_delete(txn, &sums);
	}
	while (domain_index_purge(txn, DAY + DAYS, &rows) ||
	       domain_history_purge(txn, DAY + 64, &rows))
		;
}

static void test_upgrade(void **state)
{
	static void (*const deeds[])(struct db_txn *
	                             txn) = {count, count, count, mark, settle};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	for (unsigned i = 0; i < ROUNDS; i++)
		deeds[draw(COUNT(deeds))](txn);
	make_old(txn);
	assert_int_equal(db_commit(&txn, &f->err), 0);
	/* what was ended goes on: one of them is done already */
	for (int i = 0; i < 2; i++) {
		if (derived_upgrade_tally(f->db, &f->err) != 0)
			fail_msg("%s", f->err.text);
		assert_true(check(f->db, 0) > 0);
	}
}

/* What is found when one of them was forgotten. */
static void test_what_differs_is_found(void **state)
{
	static const struct {
		const char *name, *words;
		enum db_table table;
		uint8_t kind;
		bool gone;
	} rows[] = {
		{"a day without sums", "the sums of 2026-02-26", TABLE_DAY, 10,
	         true},
		{"a failing domain is missing", "the index rows of 2026-02-26",
	         TABLE_DOMAIN_INDEX, 1, true},
		{"one too many", "the failing domains of 2026-02-26",
	         TABLE_DOMAIN_INDEX, 1, false},
		{"one without a report is missing",
	         "the index rows of 2026-02-26", TABLE_DOMAIN_INDEX, 2, true},
		{"one of them too many",
	         "the domains without a report of 2026-02-26",
	         TABLE_DOMAIN_INDEX, 2, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		struct db_key key = key_of_day(rows[i].table, DAY);
		struct tally_head head = {
			.mark = TALLY_NO_RUA, .failure = 3, .record = ""};
		struct db_key domain = tally_domain_key(DAY, "a.example");
		auto_(strbuf_clear) struct strbuf scratch = {0};
		struct db_row row;
		struct err err;

		tally_head_put(txn, &domain, NULL, &head, &scratch);
		derived_check_day(txn, DAY);
		assert_int_equal(db_failed(txn), false);
		key_u8(&key, rows[i].kind);
		assert_int_equal(db_get_from(txn, &key, &row), 1);
		memcpy(key.bytes, row.key.data, row.key.len);
		key.len = row.key.len;
		if (rows[i].gone) {
			db_delete(txn, &key);
		} else {
			key_text(&key, "x");
			db_put_bytes(txn, &key, "", 0);
		}
		derived_check_day(txn, DAY);
		assert_true(db_failure(txn, &err) < 0);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].name, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_after_anything),
		STORE_TEST(test_made_right),
		STORE_TEST(test_all_kinds_made_right),
		STORE_TEST(test_outbox_after_anything),
		STORE_TEST(test_upgrade),
		STORE_TEST(test_what_differs_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
