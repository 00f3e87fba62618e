#include "unit/store_test.h"

#include <inttypes.h>

#include "base/day.h"
#include "store/day_table.h"
#include "store/doubt_table.h"
#include "store/inbound_table.h"
#include "store/intern.h"
#include "store/log_pending_table.h"
#include "store/mail_table.h"
#include "store/outbox_table.h"
#include "store/own_report_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"
#include "store/purge.h"
#include "store/suppress_table.h"
#include "store/tally_table.h"
#include "store/token_table.h"

enum { TODAY = 20513, KEEP = 30, ARCHIVE = 90 };
#define NOW (day_start(TODAY) + 3600 * 10)
#define POLICY "\x01" /* its type */

static const struct tally_limits limits = {.max_policies = 32,
                                           .max_details = 1000};

/* A day of a table is a range of rows: `n` domains, each counted alone. */
static void count_domains(struct db *db, int32_t day, int n)
{
	struct db_txn *txn = db_begin_write(db);
	struct tally_policy policy = {.success = 1,
	                              .key = {.bytes = POLICY, .len = 1}};

	for (int i = 0; i < n; i++) {
		char name[32];
		struct tally_domain domain = {.day = day,
		                              .domain = name,
		                              .success = 1,
		                              .policies = &policy};

		snprintf(name, sizeof(name), "%d.example", i);
		tally_apply(txn, &domain, &limits);
	}
	day_table_stats_add(txn, day,
	                    &(struct day_stats){.events = (uint64_t)n});
	own_report_add(txn, day, "example.com", 1);
	own_seen_add(txn, day, "example.com", 1);
	own_rate_add(txn, day_start(day) / 3600 + 10, "", 1);
	inbound_table_add(txn, day, "example.com", &(struct inbound){.bits = 1},
	                  1);
	mail_add(txn, &(struct mail_row){.day = day,
	                                 .domain = "example.com",
	                                 .messages = 1});
	log_pending_add(txn, day, "example.com", "session", 7, 3);
	commit_ok(&txn);
}

static void archive_report(struct db *db, int64_t created_at)
{
	struct db_txn *txn = db_begin_write(db);
	struct outbox_new report = {.head = {.domain = "example.com",
	                                     .created_at = created_at,
	                                     .report_id = "a@b"},
	                            .body = "x",
	                            .body_len = 1};

	report.head.id = outbox_add(txn, &report, created_at * 1000);
	archive_move(txn, &report.head);
	commit_ok(&txn);
}

/* As earlier versions wrote it. */
static void put_raw_token(struct db *db, const char *token)
{
	struct db_txn *txn = db_begin_write(db);
	struct token_owner owner;

	raw_put(txn, TABLE_TOKEN, token, strlen(token), "0123456789", 10);
	assert_int_equal(token_get(txn, token, &owner), 1);
	commit_ok(&txn);
}

/* The mail of a report that was claimed then. */
static void put_token(struct db_txn *txn, int64_t claimed_at,
                      const char *chance)
{
	char token[OUTBOX_TOKEN_TEXT];

	snprintf(token, sizeof(token), "%08" PRIx32 "%s", (uint32_t)claimed_at,
	         chance);
	token_put(txn, token, &(struct token_owner){.id = 1});
}

static bool has_token(struct db_txn *txn, int64_t claimed_at,
                      const char *chance)
{
	char token[OUTBOX_TOKEN_TEXT];
	struct token_owner owner;

	snprintf(token, sizeof(token), "%08" PRIx32 "%s", (uint32_t)claimed_at,
	         chance);
	return token_get(txn, token, &owner);
}

/* Tokens of old mails go, those of mails that are still tried stay; one of an
 * earlier version goes with its report. */
static void test_tokens(void **state)
{
	static const char old_form[] = "0123456789abcdef0123456789abcdef";
	const int64_t limit = NOW - (ARCHIVE + 7) * DAY_SECS;
	struct fixture *f = *state;
	struct outbox_destination dest = {.rua.kind = RUA_MAIL,
	                                  .rua.uri = "mailto:a@b.example",
	                                  .rua.address = "a@b.example",
	                                  .rua.host = "b.example"};
	struct outbox_new report = {
		.head = {.domain = "example.com", .report_id = "a@b"},
		.ruas = &dest.rua,
		.rua_count = 1,
		.body = "x",
		.body_len = 1};
	struct db_txn *txn = db_begin_write(f->db);
	struct purge_counts counts;
	struct token_owner owner;

	put_token(txn, limit - 1, "ffffffffffffffffffffffff");
	put_token(txn, limit, "000000000000000000000000");
	report.head.id =
		outbox_add(txn, &report, (NOW - ARCHIVE * DAY_SECS - 9) * 1000);
	report.head.destination_count = 1;
	assert_int_equal(outbox_destination_get(txn, report.head.id, 0, &dest),
	                 1);
	snprintf(dest.token, sizeof(dest.token), "%s", old_form);
	outbox_destination_put(txn, report.head.id, &dest);
	archive_move(txn, &report.head);
	commit_ok(&txn);
	put_raw_token(f->db, old_form);
	assert_int_equal(
		purge_run(f->db, TODAY, NOW, KEEP, ARCHIVE, &counts, &f->err),
		0);
	assert_int_equal(counts.archive, 3 + 1); /* a report, a token */
	txn = db_begin_read(f->db);
	assert_false(has_token(txn, limit - 1, "ffffffffffffffffffffffff"));
	assert_true(has_token(txn, limit, "000000000000000000000000"));
	assert_int_equal(token_get(txn, old_form, &owner), 0);
	db_abort(&txn);
}

static void fill(struct db *db)
{
	struct suppression row = {.address = "a@example.com", .until = NOW - 1};
	struct domain_view view = {.domain = "old.example"};
	struct db_txn *txn = db_begin_write(db);

	suppress_put(txn, &row);
	doubt_table_note_refused(txn, "old@example.com", TODAY - DOUBT_DAYS - 1,
	                         7);
	doubt_table_note_refused(txn, "new@example.com", TODAY - DOUBT_DAYS, 7);
	view.checked_at = NOW - KEEP * DAY_SECS - 1;
	policy_cache_put(txn, &view);
	view = (struct domain_view){.domain = "example.com",
	                            .checked_at = NOW - KEEP * DAY_SECS};
	policy_cache_put(txn, &view);
	policy_wanted_put(txn, "old.example", NOW - 7 * DAY_SECS - 1, 0);
	policy_wanted_put(txn, "example.com", NOW - 7 * DAY_SECS, 0);
	commit_ok(&txn);
	/* more than one transaction deletes */
	count_domains(db, TODAY - KEEP - 1, DB_PURGE_ROWS);
	count_domains(db, TODAY - KEEP, 2);
	count_domains(db, TODAY - 5, 2);
	count_domains(db, TODAY - 4, 2);
	count_domains(db, TODAY, 2);
	archive_report(db, NOW - ARCHIVE * DAY_SECS - 1);
	archive_report(db, NOW - ARCHIVE * DAY_SECS);
}

static void test_what_is_old_goes(void **state)
{
	static const struct {
		const char *name;
		int32_t day;
		bool counted;
		uint64_t own, rate;
	} rows[] = {
		{"past keep_days", TODAY - KEEP - 1, false, 0, 0},
		{"the last day kept", TODAY - KEEP, true, 0, 0},
		{"past the loop breaker's", TODAY - 5, true, 0, 0},
		{"the loop breaker's last", TODAY - 4, true, 1, 0},
		{"today", TODAY, true, 1, 1},
	};
	struct fixture *f = *state;
	struct purge_counts counts;
	struct suppression row;
	struct doubt doubt;
	struct outbox_head archived = {.id = 0};
	struct tally_head head;
	struct day_stats stats;
	struct mail_row mail;
	char domain[DOMAIN_TEXT] = "";
	int32_t at;
	struct db_txn *txn;
	uint32_t failures;
	int64_t due;
	uint64_t id;

	fill(f->db);
	assert_int_equal(
		purge_run(f->db, TODAY, NOW, KEEP, ARCHIVE, &counts, &f->err),
		0);
	/* head and policy of each domain, two rows of the interned policy,
	 * the day's numbers, its sums, and its revision */
	assert_int_equal(counts.tally, 2 * DB_PURGE_ROWS + 2 + 3);
	assert_int_equal(counts.archive, 2);
	assert_int_equal(counts.suppressions, 2); /* one, and a doubt */
	assert_int_equal(counts.own_reports, 2 * 3);
	assert_int_equal(counts.inbound, 2); /* head and row */
	assert_int_equal(counts.mail, 1);
	assert_int_equal(counts.rates, 4);
	assert_int_equal(counts.log, 1);
	assert_int_equal(counts.policies, 1);
	assert_int_equal(counts.wanted, 1);
	txn = db_begin_read(f->db);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int32_t day = rows[i].day;

		ROW(&rows[i]);
		assert_int_equal(tally_head_get(txn, day, "1.example", &head),
		                 rows[i].counted);
		assert_int_equal(intern_find(txn, day, POLICY, 1, &id),
		                 rows[i].counted);
		assert_int_equal(day_table_stats_get(txn, day, &stats),
		                 rows[i].counted);
		assert_int_equal(log_pending_has(txn, day, NULL),
		                 rows[i].counted);
		assert_int_equal(own_report_get(txn, day, "example.com"),
		                 rows[i].own);
		assert_int_equal(own_seen_get(txn, day, "example.com"),
		                 rows[i].own);
		assert_int_equal(mail_get(txn, day, "example.com", &mail),
		                 rows[i].counted);
		at = day;
		assert_int_equal(inbound_table_domain_next(txn, &at, domain),
		                 1);
		assert_int_equal(at == day, rows[i].counted);
		domain[0] = '\0';
		assert_int_equal(
			own_rate_get(txn, day_start(day) / 3600 + 10, ""),
			rows[i].rate);
	}
	assert_int_equal(archive_head_next(txn, &archived), 1);
	assert_int_equal(archived.created_at, NOW - ARCHIVE * DAY_SECS);
	assert_int_equal(archive_head_next(txn, &archived), 0);
	assert_int_equal(suppress_get(txn, "a@example.com", &row), 0);
	assert_int_equal(doubt_table_get(txn, "old@example.com", &doubt), 0);
	assert_int_equal(doubt_table_get(txn, "new@example.com", &doubt), 1);
	assert_int_equal(policy_wanted_get(txn, "old.example", &due, &failures),
	                 0);
	assert_int_equal(policy_wanted_get(txn, "example.com", &due, &failures),
	                 1);
	assert_int_equal(db_commit(&txn, &f->err), 0);
	/* again: nothing left to do */
	assert_int_equal(
		purge_run(f->db, TODAY, NOW, KEEP, ARCHIVE, &counts, &f->err),
		0);
	assert_int_equal(counts.tally + counts.archive + counts.rates +
	                         counts.inbound + counts.mail,
	                 0);
}

static void test_a_clock_of_1970_deletes_nothing(void **state)
{
	struct fixture *f = *state;
	struct purge_counts counts;
	struct tally_head head;
	struct db_txn *txn;

	count_domains(f->db, TODAY, 2);
	txn = db_begin_write(f->db);
	doubt_table_note_refused(txn, "a@example.com", TODAY, 7);
	commit_ok(&txn);
	assert_int_equal(
		purge_run(f->db, 0, 60, KEEP, ARCHIVE, &counts, &f->err), 0);
	assert_int_equal(counts.tally + counts.own_reports + counts.rates +
	                         counts.suppressions,
	                 0);
	txn = db_begin_read(f->db);
	assert_int_equal(tally_head_get(txn, TODAY, "1.example", &head), 1);
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_what_is_old_goes),
		STORE_TEST(test_tokens),
		STORE_TEST(test_a_clock_of_1970_deletes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
