#include "unit/store_test.h"

#include "store/change_table.h"
#include "store/received_compare.h"
#include "store/received_table.h"
#include "store/row_check.h"

static struct received_row row_of(const char *submitter, bool authenticated,
                                  const char *report_id)
{
	struct received_row row = {.received_at = 1772409600,
	                           .expires_at = 1772409600 + 90 * 86400,
	                           .day = 20513,
	                           .way = RECEIVED_BY_MAIL,
	                           .authenticated = authenticated,
	                           .counts = true,
	                           .ours = 1,
	                           .foreign = 2,
	                           .problems = 3,
	                           .success = 7,
	                           .failure = UINT64_MAX,
	                           .bytes = 1000,
	                           .domain = "example.com",
	                           .organization = "Sender Inc.",
	                           .subject = "Report Domain: example.com"};

	snprintf(row.submitter, sizeof(row.submitter), "%s", submitter);
	snprintf(row.report_id, sizeof(row.report_id), "%s", report_id);
	return row;
}

static const struct received_faults expired = {
	.count = 1,
	.at = {{RESULT_CERTIFICATE_EXPIRED, "mx1.example.com", 2}},
};

static const struct received_domain one[] = {
	{"example.com",
         true,
         {.reports = 1,
          .success = 7,
          .failure = 2,
          .results = {[RESULT_CERTIFICATE_EXPIRED] = 2},
          .policies = {[POLICY_STS] = 9}},
         &expired},
};

static int put(struct fixture *f, struct received_row *row, const char *body)
{
	struct db_txn *txn = db_begin_write(f->db);
	int rc = received_put(txn, row, body, strlen(body), one, COUNT(one));

	commit_ok(&txn);
	return rc;
}

static struct received_sums sums_now(struct fixture *f)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct received_sum_row row = {.day = INT32_MIN};
	struct received_sums none = {0};

	if (!received_sums_next(txn, &row))
		return none;
	assert_int_equal(row.day, 20513);
	assert_string_equal(row.domain, "example.com");
	assert_string_equal(row.organization, "Sender Inc.");
	none = row.sums;
	assert_false(received_sums_next(txn, &row));
	return none;
}

static void test_round_trip(void **state)
{
	struct fixture *f = *state;
	struct received_row row = row_of("sender.example", true, "1@s"), got;
	auto_(strbuf_clear) struct strbuf body = {0};
	auto_(db_abort) struct db_txn *txn = NULL;

	assert_int_equal(put(f, &row, "gzip"), 1);
	txn = db_begin_read(f->db);
	memset(&got, 0, sizeof(got));
	assert_true(received_next(txn, &got));
	assert_int_equal(got.id, row.id);
	assert_int_equal(got.received_at, row.received_at);
	assert_int_equal(got.expires_at, row.expires_at);
	assert_int_equal(got.day, row.day);
	assert_true(got.authenticated);
	assert_int_equal(got.foreign, 2);
	assert_int_equal(got.failure, UINT64_MAX);
	assert_string_equal(got.submitter, "sender.example");
	assert_string_equal(got.subject, row.subject);
	assert_string_equal(got.to, "");
	assert_false(received_next(txn, &got));
	assert_true(received_body(txn, row.id, &body));
	assert_string_equal(strbuf_text(&body), "gzip");
	assert_int_equal(sums_now(f).results[RESULT_CERTIFICATE_EXPIRED], 2);
}

/* By each of its domains, also those that are not ours. */
static void test_domains(void **state)
{
	static const struct received_domain both[] = {
		{"example.com", true, {.reports = 1}, NULL},
		{"Foreign.example", false, {.reports = 1}, NULL},
	};
	struct fixture *f = *state;
	struct received_row row = row_of("a.example", true, "1@s"), got;
	struct received_row alone = row_of("a.example", true, "2@s");
	auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);

	received_put(txn, &row, "a", 1, both, COUNT(both));
	received_put(txn, &alone, "b", 1, both, 1);
	assert_true(received_get(txn, row.id, &got));
	assert_true(received_is_about(txn, &got, "EXAMPLE.com"));
	assert_true(received_is_about(txn, &got, "foreign.example"));
	assert_false(received_is_about(txn, &got, "foreign"));
	assert_true(received_names_have(txn, &got, "foreign"));
	assert_true(received_names_have(txn, &got, "Example.C"));
	assert_false(received_names_have(txn, &got, "sender"));
	assert_true(received_get(txn, alone.id, &got));
	assert_false(received_names_have(txn, &got, "foreign"));
	assert_false(received_is_about(txn, &got, "foreign.example"));
	commit_ok(&txn);
	assert_int_equal(sums_now(f).reports, 2);
}

/* An authenticated report counts once by submitter, organization, id and day.
 */
static void test_doubles(void **state)
{
	struct fixture *f = *state;
	struct received_row first = row_of("a.example", true, "1@s");
	struct received_row again = first, other_id = first, other = first;

	assert_int_equal(put(f, &first, "one"), 1);
	assert_int_equal(put(f, &again, "other bytes"), 0);
	assert_int_equal(again.id, first.id);
	snprintf(other_id.report_id, sizeof(other_id.report_id), "2@s");
	assert_int_equal(put(f, &other_id, "one"), 1);
	snprintf(other.submitter, sizeof(other.submitter), "b.example");
	assert_int_equal(put(f, &other, "one"), 1);
	assert_int_equal(sums_now(f).reports, 3);
}

/* A sender that has no ids, or the same one each day, loses no report by it. */
static void test_ids_that_are_none(void **state)
{
	struct fixture *f = *state;
	struct received_row first = row_of("a.example", true, "");
	struct received_row other = first, again = first;
	struct received_row same_id = row_of("a.example", true, "daily");
	struct received_row next_day = same_id, twice = same_id;

	assert_int_equal(put(f, &first, "one"), 1);
	assert_int_equal(put(f, &other, "two"), 1);
	assert_int_equal(put(f, &again, "one"), 0);
	assert_int_equal(again.id, first.id);
	assert_int_equal(put(f, &same_id, "one"), 1);
	next_day.day++;
	next_day.counts = false;
	assert_int_equal(put(f, &next_day, "one"), 1);
	assert_int_equal(put(f, &twice, "other bytes"), 0);
	assert_int_equal(sums_now(f).reports, 3);
}

/* Who is not authenticated takes nobody's place: not that of one who is, nor
 * that of another who says other things under the same id. */
static void test_unauthenticated(void **state)
{
	struct fixture *f = *state;
	struct received_row forged = row_of("a.example", false, "1@s");
	struct received_row other = forged, again = forged;
	struct received_row real = row_of("a.example", true, "1@s");

	assert_int_equal(put(f, &forged, "lies"), 1);
	assert_int_equal(put(f, &other, "other lies"), 1);
	assert_int_equal(put(f, &again, "lies"), 0);
	assert_int_equal(again.id, forged.id);
	assert_int_equal(put(f, &real, "lies"), 1);
	assert_true(real.id > other.id);
}

static void test_not_counted(void **state)
{
	struct fixture *f = *state;
	struct received_row row = row_of("", false, "1@s");

	row.counts = false;
	assert_int_equal(put(f, &row, "x"), 1);
	assert_int_equal(sums_now(f).reports, 0);
}

/* What is deleted leaves the sums as if it had never come, its id to nobody,
 * and may come again. */
static void test_delete(void **state)
{
	struct fixture *f = *state;
	struct received_row a = row_of("a.example", true, "1@s");
	struct received_row b = row_of("a.example", true, "2@s"), again = b;
	struct db_txn *txn;
	uint64_t id;

	put(f, &a, "one");
	put(f, &b, "two");
	id = b.id;
	txn = db_begin_write(f->db);
	assert_int_equal(received_delete(txn, b.id), 1);
	assert_int_equal(received_delete(txn, b.id), 0);
	commit_ok(&txn);
	assert_int_equal(sums_now(f).reports, 1);
	assert_int_equal(sums_now(f).success, 7);
	assert_int_equal(put(f, &again, "two"), 1);
	assert_true(again.id > id);
	txn = db_begin_write(f->db);
	received_delete(txn, a.id);
	received_delete(txn, again.id);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED), 0);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_SUM), 0);
	commit_ok(&txn);
}

/* Sums end at the most there is, and do not turn over. */
static void test_great_sums(void **state)
{
	static const struct received_domain great = {
		"example.com",
		true,
		{.reports = 1, .success = UINT64_MAX - 1},
		NULL};
	struct fixture *f = *state;
	struct received_row a = row_of("a.example", true, "1@s");
	struct received_row b = row_of("a.example", true, "2@s");
	struct db_txn *txn = db_begin_write(f->db);

	received_put(txn, &a, "x", 1, &great, 1);
	received_put(txn, &b, "x", 1, &great, 1);
	commit_ok(&txn);
	assert_int_equal(sums_now(f).success, UINT64_MAX);
}

/* The reports go when they expire, their sums with their day. */
static void test_purge(void **state)
{
	struct fixture *f = *state;
	struct received_row gone = row_of("a.example", true, "1@s");
	struct received_row stays = row_of("a.example", true, "2@s");
	struct received_row forever = row_of("a.example", true, "3@s");
	struct received_row got = {.id = 0}, again = gone;
	struct db_txn *txn;
	uint64_t rows = 0;

	stays.expires_at++;
	forever.expires_at = 0;
	put(f, &gone, "1");
	put(f, &stays, "2");
	put(f, &forever, "3");
	txn = db_begin_write(f->db);
	assert_int_equal(received_purge(txn, gone.expires_at, &rows), 0);
	assert_int_equal(rows, 1);
	assert_true(received_next(txn, &got));
	assert_int_equal(got.id, stays.id);
	commit_ok(&txn);
	assert_int_equal(sums_now(f).reports, 3);
	/* it is in the sums, so it has come already */
	assert_int_equal(put(f, &again, "1"), 0);
	assert_int_equal(sums_now(f).reports, 3);
	txn = db_begin_write(f->db);
	assert_int_equal(received_sums_purge(txn, 20513, &rows), 0);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_SUM), 1);
	assert_int_equal(received_sums_purge(txn, 20514, &rows), 0);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_SUM), 0);
	assert_int_equal(received_seen_purge(txn, 20513, &rows), 0);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_SEEN), 3);
	assert_int_equal(received_seen_purge(txn, 20514, &rows), 0);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_SEEN), 0);
	commit_ok(&txn);
}

/* What has expired is found without a look at the others, and what is
 * destroyed leaves nothing that expires. */
static void test_expiry(void **state)
{
	struct fixture *f = *state;
	struct received_row late = row_of("a.example", true, "1@s");
	struct received_row soon = row_of("a.example", true, "2@s");
	struct received_row got = {.id = 0};
	struct db_txn *txn;
	uint64_t rows = 0;

	late.expires_at += 86400;
	put(f, &late, "1");
	put(f, &soon, "2");
	txn = db_begin_write(f->db);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_EXPIRY), 2);
	assert_int_equal(received_purged_day(txn), INT32_MIN);
	received_purge(txn, soon.expires_at, &rows);
	assert_int_equal(rows, 1);
	assert_int_equal(received_purged_day(txn), 20513);
	assert_true(received_next(txn, &got));
	assert_int_equal(got.id, late.id);
	received_delete(txn, late.id);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_EXPIRY), 0);
	commit_ok(&txn);
}

/* By MX host, as long as there is room; then still by result. */
static void test_faults(void **state)
{
	struct received_faults faults = {.count = 0};
	struct received_domain domain = {.domain = "example.com",
	                                 .sums = {.reports = 1},
	                                 .faults = &faults};
	struct received_sum_row row = {.day = INT32_MIN};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	char host[32];

	for (int i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "mx%d.example.com", i);
		received_faults_add(&faults, RESULT_CERTIFICATE_EXPIRED, host,
		                    2);
	}
	received_faults_add(&faults, RESULT_CERTIFICATE_NOT_TRUSTED, NULL, 5);
	assert_int_equal(faults.count, RECEIVED_FAULTS_NAMED + 2);
	assert_string_equal(faults.at[RECEIVED_FAULTS_NAMED].host, "");
	assert_int_equal(faults.at[RECEIVED_FAULTS_NAMED].sessions,
	                 2 * (100 - RECEIVED_FAULTS_NAMED));
	received_sums_move(txn, 20513, "S", &domain, false);
	received_sums_move(txn, 20513, "S", &domain, false);
	received_sums_move(txn, 20513, "S", &domain, true);
	assert_true(received_sums_next(txn, &row));
	assert_int_equal(row.faults.count, faults.count);
	for (size_t i = 0; i < faults.count; i++) {
		assert_string_equal(row.faults.at[i].host, faults.at[i].host);
		assert_int_equal(row.faults.at[i].sessions,
		                 faults.at[i].sessions);
	}
	received_sums_move(txn, 20513, "S", &domain, true);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_SUM), 0);
	commit_ok(&txn);
}

static bool differ(struct fixture *f)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);

	received_compare(txn);
	return db_failed(txn);
}

/* Sums that are not those of the reports are found and made right; those that
 * have outlived a report are left alone. */
static void test_compare(void **state)
{
	struct fixture *f = *state;
	struct received_row old = row_of("a.example", true, "1@s");
	struct received_row now = row_of("a.example", true, "2@s");
	struct received_row last = row_of("b.example", true, "3@s");
	struct db_txn *txn;
	uint64_t rows = 0;

	now.day = last.day = 20514;
	now.expires_at = last.expires_at += 86400;
	put(f, &old, "1");
	put(f, &now, "2");
	snprintf(last.organization, sizeof(last.organization), "Other");
	put(f, &last, "3");
	assert_false(differ(f));
	assert_int_equal(received_rebuild(f->db, &f->err), 0);
	txn = db_begin_write(f->db);
	received_purge(txn, old.expires_at, &rows);
	assert_int_equal(rows, 1);
	commit_ok(&txn);
	assert_false(differ(f));
	/* one more than the reports say, one less, and none of a third */
	for (int i = 0; i < 3; i++) {
		txn = db_begin_write(f->db);
		if (i == 2)
			received_sums_purge(txn, 20515, &rows);
		else
			received_sums_move(txn, 20514, "Sender Inc.", one,
			                   i == 1);
		commit_ok(&txn);
		assert_true(differ(f));
		assert_int_equal(received_rebuild(f->db, &f->err), 1);
		assert_false(differ(f));
	}
	txn = db_begin_read(f->db);
	assert_int_equal(rows_in(txn, TABLE_RECEIVED_SUM), 2);
	db_abort(&txn);
}

static void test_changes(void **state)
{
	struct fixture *f = *state;
	struct received_row row = row_of("a.example", true, "1@s");
	struct change change;
	struct db_txn *txn;

	put(f, &row, "1");
	put(f, &row, "1");
	txn = db_begin_write(f->db);
	assert_int_equal(change_state(txn, CHANGE_RECEIVED), 1);
	received_delete(txn, row.id);
	assert_true(change_after(txn, CHANGE_RECEIVED, 1, &change));
	assert_int_equal(change.what, CHANGE_DESTROYED);
	commit_ok(&txn);
}

/* All rows are read as their owner reads them; damaged ones are found. */
static void test_check(void **state)
{
	static const enum db_table tables[] = {
		TABLE_RECEIVED, TABLE_RECEIVED_SUM, TABLE_RECEIVED_SEEN,
		TABLE_RECEIVED_EXPIRY};
	struct fixture *f = *state;
	struct received_row row = row_of("a.example", true, "1@s");

	put(f, &row, "1");
	for (size_t i = 0; i < COUNT(tables); i++) {
		struct db_txn *txn = db_begin_write(f->db);
		struct db_key all = key_of(tables[i]);
		auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);

		while (db_rows_next(&rows))
			row_check(txn, &rows.row);
		assert_false(db_failed(txn));
		raw_put(txn, tables[i], "\0\0\0\0", 4, "?", 1);
		all.len = 0;
		assert_true(db_get_from(txn, &all, &rows.row));
		row_check(txn, &rows.row);
		assert_true(db_failed(txn));
		db_rows_end(&rows);
		db_abort(&txn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_round_trip),
		STORE_TEST(test_domains),
		STORE_TEST(test_doubles),
		STORE_TEST(test_unauthenticated),
		STORE_TEST(test_not_counted),
		STORE_TEST(test_delete),
		STORE_TEST(test_great_sums),
		STORE_TEST(test_purge),
		STORE_TEST(test_expiry),
		STORE_TEST(test_faults),
		STORE_TEST(test_compare),
		STORE_TEST(test_changes),
		STORE_TEST(test_check),
		STORE_TEST(test_ids_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
