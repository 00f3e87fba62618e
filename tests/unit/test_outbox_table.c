#include "unit/store_test.h"

#include <inttypes.h>

#include "store/answer_group.h"
#include "store/keys.h"
#include "store/due_table.h"
#include "store/outbox_table.h"

enum { NOW = 1772359200 }; /* 2026-03-01T10:00:00Z */

static struct rua rua_of(const char *local)
{
	struct rua rua = {.kind = RUA_MAIL, .host = "example.com"};

	snprintf(rua.uri, sizeof(rua.uri), "mailto:%s@example.com", local);
	snprintf(rua.address, sizeof(rua.address), "%s@example.com", local);
	return rua;
}

static uint64_t add_report_at(struct db_txn *txn, int64_t now,
                              enum outbox_status status, int64_t deliver_at,
                              size_t rua_count)
{
	static const uint64_t ids[] = {7, 11};
	struct rua ruas[] = {rua_of("a"), rua_of("b"), rua_of("c")};
	struct outbox_new report = {
		.head = {.domain = "example.com",
	                 .day = 20512,
	                 .status = status,
	                 .created_at = NOW,
	                 .deliver_at = deliver_at,
	                 .start = 1772236800,
	                 .end = 1772323199,
	                 .success = 5,
	                 .failure = 3,
	                 .policy_count = 2,
	                 .report_id =
	                         "20260228.example.com.0a1b2c3d@us.example"},
		.ruas = ruas,
		.rua_count = rua_count,
		.body = "gzip\0bytes",
		.body_len = 10,
		.policy_ids = ids,
		.policy_id_count = 2,
	};

	return outbox_add(txn, &report, now * 1000);
}

static uint64_t add_report(struct db_txn *txn, enum outbox_status status,
                           int64_t deliver_at, size_t rua_count)
{
	return add_report_at(txn, NOW, status, deliver_at, rua_count);
}

static void assert_body(struct db_txn *txn, uint64_t id)
{
	auto_(arena_clear) struct arena mem = {0};
	const uint64_t *ids;
	const void *body;
	size_t len, count;

	assert_int_equal(
		outbox_body_get(txn, id, &mem, &body, &len, &ids, &count), 1);
	assert_int_equal(len, 10);
	assert_memory_equal(body, "gzip\0bytes", 10);
	assert_int_equal(count, 2);
	assert_int_equal(ids[1], 11);
}

static void test_a_report_comes_back_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct outbox_destination d;
	struct outbox_head head;
	uint64_t id = add_report(txn, OUTBOX_PENDING, NOW + 60, 2);

	commit_ok(&txn);
	txn = db_begin_read(f->db);
	assert_int_equal(id >> 20, (uint64_t)NOW * 1000);
	assert_int_equal(outbox_head_get(txn, id, &head), 1);
	assert_int_equal(head.id, id);
	assert_int_equal(head.day, 20512);
	assert_int_equal(head.status, OUTBOX_PENDING);
	assert_false(head.frozen);
	assert_int_equal(head.created_at, NOW);
	assert_int_equal(head.deliver_at, NOW + 60);
	assert_int_equal(head.end, 1772323199);
	assert_int_equal(head.success, 5);
	assert_int_equal(head.failure, 3);
	assert_int_equal(head.policy_count, 2);
	assert_int_equal(head.destination_count, 2);
	assert_int_equal(head.body_len, 10);
	assert_string_equal(head.domain, "example.com");
	assert_string_equal(head.report_id,
	                    "20260228.example.com.0a1b2c3d@us.example");
	assert_int_equal(outbox_destination_get(txn, id, 1, &d), 1);
	assert_int_equal(d.index, 1);
	assert_int_equal(d.state, DELIVERY_PENDING);
	assert_int_equal(d.due, NOW + 60);
	assert_int_equal(d.rua.kind, RUA_MAIL);
	assert_string_equal(d.rua.uri, "mailto:b@example.com");
	assert_string_equal(d.rua.address, "b@example.com");
	assert_int_equal(outbox_destination_get(txn, id, 2, &d), 0);
	assert_int_equal(outbox_head_get(txn, id + 1, &head), 0);
	assert_body(txn, id);
	db_abort(&txn);
}

static void test_ids_grow(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct outbox_head head = {.id = 0};
	uint64_t last = 0;

	for (int i = 0; i < 3; i++) {
		uint64_t id = add_report(txn, OUTBOX_PENDING, NOW, 0);

		assert_true(id > last && id < UINT64_C(1) << 63);
		last = id;
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(outbox_head_next(txn, &head), 1);
		assert_int_equal(head.status, OUTBOX_IDLE);
	}
	assert_int_equal(head.id, last);
	assert_int_equal(outbox_head_next(txn, &head), 0);
	/* what was removed does not give its id to another */
	outbox_remove(txn, last);
	assert_true(add_report(txn, OUTBOX_PENDING, NOW, 0) > last);
	commit_ok(&txn);
}

static void test_what_is_due(void **state)
{
	static const struct {
		const char *name;
		int64_t now;
		size_t want;
	} rows[] = {
		{"before all", NOW - 1, 0},
		{"the first", NOW, 2},
		{"between", NOW + 59, 2},
		{"all", NOW + 60, 4},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	assert_int_equal(due_first(txn), 0);
	add_report(txn, OUTBOX_PENDING, NOW + 60, 2);
	add_report(txn, OUTBOX_PENDING, NOW, 2);
	add_report(txn, OUTBOX_HELD, NOW, 2);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct due_row row = {0};
		size_t n = 0;

		ROW(&rows[i]);
		while (due_next(txn, rows[i].now, &row)) {
			assert_int_equal(row.index, n % 2);
			assert_int_equal(row.due, n < 2 ? NOW : NOW + 60);
			n++;
		}
		assert_int_equal(n, rows[i].want);
	}
	assert_int_equal(due_first(txn), NOW);
	commit_ok(&txn);
}

static void test_the_index_follows_the_destination(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id = add_report(txn, OUTBOX_PENDING, NOW, 1);
	struct outbox_destination d, got;

	assert_int_equal(outbox_destination_get(txn, id, 0, &d), 1);
	d.state = DELIVERY_INFLIGHT;
	d.attempts = 2;
	d.first_attempt = NOW - 5;
	d.last_attempt = NOW;
	d.due = NOW + 900; /* end of the lease */
	d.lease_run = UINT64_MAX;
	d.date = NOW - 5;
	d.uncertain = true;
	d.stage = STAGE_DATA;
	d.code = -451;
	memset(d.token, 'f', 32);
	d.token[32] = '\0';
	memset(d.answer, 'x', 255);
	d.answer[255] = '\0';
	outbox_destination_put(txn, id, &d);
	assert_int_equal(rows_in(txn, TABLE_DUE), 1);
	assert_int_equal(due_first(txn), NOW + 900);
	assert_int_equal(outbox_destination_get(txn, id, 0, &got), 1);
	assert_int_equal(got.state, DELIVERY_INFLIGHT);
	assert_int_equal(got.attempts, 2);
	assert_int_equal(got.first_attempt, NOW - 5);
	assert_int_equal(got.last_attempt, NOW);
	assert_true(got.lease_run == UINT64_MAX);
	assert_int_equal(got.date, NOW - 5);
	assert_true(got.uncertain);
	assert_int_equal(got.stage, STAGE_DATA);
	assert_int_equal(got.code, -451);
	assert_string_equal(got.token, d.token);
	assert_string_equal(got.answer, d.answer);
	d.due = 0; /* never again */
	outbox_destination_put(txn, id, &d);
	assert_int_equal(rows_in(txn, TABLE_DUE), 0);
	commit_ok(&txn);
}

static void test_held_and_released(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id = add_report(txn, OUTBOX_HELD, NOW, 3);
	struct outbox_destination d;
	struct outbox_head head;

	assert_int_equal(rows_in(txn, TABLE_DUE), 0);
	assert_int_equal(outbox_destination_get(txn, id, 2, &d), 1);
	d.state = DELIVERY_FAILED;
	outbox_destination_put(txn, id, &d);
	outbox_release(txn, id, NOW + 1);
	assert_int_equal(rows_in(txn, TABLE_DUE), 2);
	assert_int_equal(outbox_head_get(txn, id, &head), 1);
	assert_int_equal(head.status, OUTBOX_PENDING);
	assert_int_equal(head.deliver_at, NOW + 1);
	outbox_release(txn, id, 0);
	assert_int_equal(rows_in(txn, TABLE_DUE), 0);
	assert_int_equal(outbox_head_get(txn, id, &head), 1);
	assert_int_equal(head.status, OUTBOX_HELD);
	outbox_release(txn, id + 1, 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_NOTFOUND);
}

static void test_removed_means_all_of_it(void **state)
{
	static const enum db_table tables[] = {TABLE_OUTBOX, TABLE_DESTINATION,
	                                       TABLE_BODY, TABLE_DUE};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id = add_report(txn, OUTBOX_PENDING, NOW, 3), keep;

	keep = add_report(txn, OUTBOX_PENDING, NOW, 1);
	outbox_remove(txn, id);
	outbox_remove(txn, id);
	for (size_t i = 0; i < COUNT(tables); i++)
		assert_int_equal(rows_in(txn, tables[i]), 1);
	assert_body(txn, keep);
	commit_ok(&txn);
}

static void test_body_replaced(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	auto_(arena_clear) struct arena mem = {0};
	uint64_t id = add_report(txn, OUTBOX_PENDING, NOW, 0);
	const uint64_t *ids;
	const void *body;
	size_t len, count;

	outbox_body_put(txn, id, "", 0, NULL, 0);
	assert_int_equal(
		outbox_body_get(txn, id, &mem, &body, &len, &ids, &count), 1);
	assert_int_equal(len, 0);
	assert_int_equal(count, 0);
	commit_ok(&txn);
}

static void test_archive(void **state)
{
	static const enum db_table tables[] = {TABLE_OUTBOX, TABLE_DESTINATION,
	                                       TABLE_BODY, TABLE_DUE};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	auto_(arena_clear) struct arena mem = {0};
	uint64_t id = add_report(txn, OUTBOX_PENDING, NOW, 3), second;
	struct outbox_destination d;
	struct outbox_head head;
	uint64_t rows = 0;
	const void *body;
	size_t len;

	second = add_report_at(txn, NOW + 1, OUTBOX_PENDING, NOW, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(outbox_head_get(txn, i ? second : id, &head),
		                 1);
		head.status = OUTBOX_DONE;
		head.done_at = NOW + 100;
		head.created_at = INT64_MAX; /* a person wrote it */
		archive_move(txn, &head);
	}
	for (size_t i = 0; i < COUNT(tables); i++)
		assert_int_equal(rows_in(txn, tables[i]), 0);
	assert_int_equal(archive_destination_get(txn, id, 2, &d), 1);
	assert_string_equal(d.rua.address, "c@example.com");
	assert_int_equal(archive_destination_get(txn, id, 3, &d), 0);
	assert_int_equal(archive_body_get(txn, id, &mem, &body, &len), 1);
	assert_memory_equal(body, "gzip\0bytes", 10);
	assert_int_equal(archive_head_get(txn, id, &head), 1);
	assert_int_equal(head.done_at, NOW + 100);
	head.id = 0;
	assert_int_equal(archive_head_next(txn, &head), 1);
	assert_int_equal(head.id, id);
	assert_int_equal(archive_head_next(txn, &head), 1);
	assert_int_equal(head.id, second);
	assert_int_equal(archive_head_next(txn, &head), 0);
	assert_int_equal(archive_purge(txn, NOW, NOW + 200, &rows), 0);
	assert_int_equal(rows, 0);
	assert_int_equal(archive_purge(txn, NOW + 1, NOW + 200, &rows), 0);
	assert_int_equal(rows, 5);
	assert_int_equal(archive_head_get(txn, id, &head), 0);
	assert_int_equal(archive_head_get(txn, second, &head), 1);
	assert_int_equal(archive_purge(txn, NOW + 2, NOW + 200, &rows), 0);
	assert_int_equal(rows_in(txn, TABLE_ARCHIVE), 0);
	commit_ok(&txn);
}

/* Ids of a clock that was a year ahead, and all that came after them, say
 * nothing about when: then it is when the report was done. */
static void test_archive_of_a_clock_ahead(void **state)
{
	enum { YEAR = 365 * 86400 };
	static const struct {
		const char *name;
		int64_t added_at, done_at;
		bool stays;
	} rows[] = {
		{"added and done long ago", NOW - 200, NOW - 200, false},
		{"added and done by a clock ahead", NOW + YEAR, NOW + YEAR,
	         true},
		{"done long ago, its id from then on", NOW - 150, NOW - 150,
	         false},
		{"done lately", NOW - 50, NOW - 50, true},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t ids[COUNT(rows)], deleted = 0;
	struct outbox_head head;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ids[i] = add_report_at(txn, rows[i].added_at, OUTBOX_PENDING,
		                       NOW, 1);
		assert_int_equal(outbox_head_get(txn, ids[i], &head), 1);
		head.status = OUTBOX_DONE;
		head.done_at = rows[i].done_at;
		archive_move(txn, &head);
	}
	assert_int_equal(archive_purge(txn, NOW - 100, NOW, &deleted), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(archive_head_get(txn, ids[i], &head),
		                 rows[i].stays);
	}
	commit_ok(&txn);
}

static void read_head(struct db_txn *txn, uint64_t id)
{
	struct outbox_head head;

	outbox_head_get(txn, id, &head);
}

static void read_next(struct db_txn *txn, uint64_t id)
{
	struct outbox_head head = {.id = id - 1};

	outbox_head_next(txn, &head);
}

static void read_destination(struct db_txn *txn, uint64_t id)
{
	struct outbox_destination d;

	outbox_destination_get(txn, id, 0, &d);
}

static void read_body(struct db_txn *txn, uint64_t id)
{
	auto_(arena_clear) struct arena mem = {0};
	const uint64_t *ids;
	const void *body;
	size_t len, count;

	outbox_body_get(txn, id, &mem, &body, &len, &ids, &count);
}

static void read_archive(struct db_txn *txn, uint64_t id)
{
	struct outbox_head head = {.id = id - 1};

	archive_head_next(txn, &head);
}

static void read_due(struct db_txn *txn, uint64_t id)
{
	(void)id;
	due_first(txn);
}

/* The last ten, also of one that nobody came back from. */
static void test_tries(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t id = add_report(txn, OUTBOX_PENDING, NOW, 1);
	struct outbox_destination d;
	char answer[32];

	assert_int_equal(outbox_destination_get(txn, id, 0, &d), 1);
	assert_int_equal(d.try_count, 0);
	outbox_try_end(&d, "of no attempt");
	assert_int_equal(d.try_count, 0);
	for (int i = 1; i <= OUTBOX_TRIES + 2; i++) {
		snprintf(answer, sizeof(answer), "answer %d", i);
		outbox_try_begin(&d, NOW + i);
		if (i != OUTBOX_TRIES)
			outbox_try_end(&d, answer);
		outbox_destination_put(txn, id, &d);
		memset(&d, 0xff, sizeof(d));
		assert_int_equal(outbox_destination_get(txn, id, 0, &d), 1);
		assert_int_equal(d.try_count,
		                 i < OUTBOX_TRIES ? i : OUTBOX_TRIES);
		assert_int_equal(d.tries[d.try_count - 1].at, NOW + i);
	}
	assert_int_equal(d.tries[0].at, NOW + 3);
	assert_string_equal(d.tries[0].answer, "answer 3");
	assert_string_equal(d.tries[OUTBOX_TRIES - 3].answer, "");
	assert_string_equal(d.tries[OUTBOX_TRIES - 1].answer, "answer 12");
	commit_ok(&txn);
}

static void add_answer(struct db_txn *txn, enum delivery_state state,
                       const char *domain, int64_t at, const char *answer)
{
	struct outbox_destination dest = {
		.rua = rua_of("a"),
		.state = state,
		.stage = STAGE_RCPT,
		.code = 450,
		.first_attempt = at,
		.last_attempt = at + 60,
	};
	struct answer_group group;

	snprintf(dest.answer, sizeof(dest.answer), "%s", answer);
	answer_group_of(&dest, domain, &group);
	answer_group_add(txn, 20512, &group);
}

/* One cause is one line, whatever of it varies with the recipient. */
static void test_answers_in_groups(void **state)
{
	struct fixture *f = *state;
	struct answer_group group = {.key = 0};
	uint64_t counts[DELIVERY_STATES] = {0};
	struct db_txn *txn = db_begin_write(f->db);

	for (int i = 0; i < 199; i++) {
		char domain[32], answer[64];

		snprintf(domain, sizeof(domain), "d%d.example", i);
		snprintf(answer, sizeof(answer),
		         "450 4.7.1 <a@%s>: wait %d seconds", domain, i);
		add_answer(txn, DELIVERY_EXPIRED, domain, NOW + i, answer);
	}
	add_answer(txn, DELIVERY_FAILED, "x.example", NOW, "550 5.7.1 no");
	commit_ok(&txn);
	txn = db_begin_read(f->db);
	while (answer_group_next(txn, 20512, &group)) {
		counts[group.state] = group.n;
		if (group.state != DELIVERY_EXPIRED)
			continue;
		assert_int_equal(group.first, NOW);
		assert_int_equal(group.last, NOW + 198 + 60);
		assert_string_equal(group.domain, "d0.example");
		assert_int_equal(group.kind, RUA_MAIL);
		assert_int_equal(group.code, 450);
	}
	assert_int_equal(counts[DELIVERY_EXPIRED], 199);
	assert_int_equal(counts[DELIVERY_FAILED], 1);
	assert_int_equal(answer_group_next(txn, 20513, &group), 0);
	db_abort(&txn);
}

/* A receiver that says something else each time fills no store. */
static void test_answers_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct answer_group group = {.key = 0};
	size_t rows = 0, n = 0;
	struct db_txn *txn = db_begin_write(f->db);

	for (int i = 0; i < 3 * ANSWER_GROUPS_MAX; i++) {
		char answer[4] = {(char)('a' + i / 26), (char)('a' + i % 26)};

		add_answer(txn, DELIVERY_FAILED, "x.example", NOW, answer);
	}
	while (answer_group_next(txn, 20512, &group)) {
		rows++;
		n += group.n;
	}
	assert_int_equal(rows, ANSWER_GROUPS_MAX + 1);
	assert_int_equal(n, 3 * ANSWER_GROUPS_MAX);
	commit_ok(&txn);
}

static void test_damaged_rows(void **state)
{
	static const struct {
		const char *name;
		enum db_table table;
		const char *more_key, *words;
		size_t more_len;
		void (*read)(struct db_txn *txn, uint64_t id);
	} rows[] = {
		{"a head", TABLE_OUTBOX, "", "table outbox", 0, read_head},
		{"the next head", TABLE_OUTBOX, "", "table outbox", 0,
	         read_next},
		{"a destination", TABLE_DESTINATION, "\0\0",
	         "table destination", 2, read_destination},
		{"a body", TABLE_BODY, "", "table body", 0, read_body},
		{"an archive without head", TABLE_ARCHIVE, "\3",
	         "table archive", 1, read_archive},
		{"a short key in the index", TABLE_DUE, "", "table due", 0,
	         read_due},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_txn *txn = db_begin_write(f->db);
		struct db_key key = key_of_id(rows[i].table, 5);

		ROW(&rows[i]);
		key_bytes(&key, rows[i].more_key, rows[i].more_len);
		db_put_bytes(txn, &key, "\xff\xff\xff", 3);
		rows[i].read(txn, 5);
		assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
		assert_non_null(strstr(f->err.text, rows[i].words));
		assert_non_null(strstr(f->err.text, "\\x05"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_a_report_comes_back_as_it_was),
		STORE_TEST(test_ids_grow),
		STORE_TEST(test_what_is_due),
		STORE_TEST(test_the_index_follows_the_destination),
		STORE_TEST(test_held_and_released),
		STORE_TEST(test_removed_means_all_of_it),
		STORE_TEST(test_body_replaced),
		STORE_TEST(test_archive_of_a_clock_ahead),
		STORE_TEST(test_archive),
		STORE_TEST(test_tries),
		STORE_TEST(test_answers_in_groups),
		STORE_TEST(test_answers_are_bounded),
		STORE_TEST(test_damaged_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
