#include "unit/store_test.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/day.h"
#include "fake/fake_transport.h"
#include "outbox/outbox.h"
#include "outbox/recall.h"
#include "outbox/resend.h"
#include "outbox/settle_report.h"
#include "store/day_table.h"
#include "store/outbox_table.h"

enum { NOW = 1772409600, HOUR = 3600, DAY = 24 * HOUR, YEAR = 365 * DAY };

struct row {
	const char *name;
	enum delivery_state state;
	int64_t due, deliver_at;
	bool persons; /* deliver_at is */
	bool recalled;
};

static const struct row rows[] = {
	{"due in an hour", DELIVERY_PENDING, NOW + HOUR, NOW + HOUR, false,
         false},
	{"as far off as any rule looks", DELIVERY_DEFERRED, NOW + DAY, NOW,
         false, false},
	{"deferred when the clock was a year ahead", DELIVERY_DEFERRED,
         NOW + YEAR + 300, NOW, false, true},
	{"a person's report, deferred then", DELIVERY_DEFERRED,
         NOW + YEAR + 300, NOW, true, true},
	{"claimed then", DELIVERY_INFLIGHT, NOW + YEAR + 900, NOW, false, true},
	{"a report of the rollup, made then", DELIVERY_PENDING, NOW + YEAR,
         NOW + YEAR, false, true},
	{"for a moment that a person named", DELIVERY_PENDING, NOW + YEAR,
         NOW + YEAR, true, false},
	{"of such a one, put off by a limit then", DELIVERY_PENDING,
         NOW + YEAR + HOUR, NOW, true, true},
};

static uint64_t add(struct db_txn *txn, const struct row *row)
{
	struct outbox_new report = {
		.head = {.status = OUTBOX_PENDING,
	                 .planned = !row->persons,
	                 .deliver_at = row->deliver_at,
	                 .domain = "a.example"},
		.rua_count = 1,
		.body = "x",
		.body_len = 1,
	};
	struct outbox_destination dest;
	struct rua rua;
	uint64_t id;

	assert_int_equal(rua_parse("mailto:tls@a.example", 20, &rua, NULL), 0);
	report.ruas = &rua;
	id = outbox_add(txn, &report, NOW * INT64_C(1000));
	assert_int_equal(outbox_destination_get(txn, id, 0, &dest), 1);
	dest.state = row->state;
	dest.due = row->due;
	outbox_destination_put(txn, id, &dest);
	return id;
}

static void test_recalled(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t ids[COUNT(rows)], count = 0;
	struct outbox_destination dest;

	for (size_t i = 0; i < COUNT(rows); i++)
		ids[i] = add(txn, &rows[i]);
	commit_ok(&txn);
	assert_int_equal(outbox_recall(f->db, NOW, &count, &f->err), 0);
	assert_int_equal(count, 5);
	txn = db_begin_read(f->db);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(outbox_destination_get(txn, ids[i], 0, &dest),
		                 1);
		assert_int_equal(dest.due,
		                 rows[i].recalled ? NOW : rows[i].due);
	}
	db_abort(&txn);
}

/* Many are found however they lie among those that stay. */
static void test_many(void **state)
{
	enum { MANY = 1201 };
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t count = 0;

	for (int i = 0; i < MANY; i++) {
		struct row row = rows[i % 2 == 0 ? 2 : 6];

		row.due += i;
		row.deliver_at = row.persons ? row.due : row.deliver_at;
		add(txn, &row);
	}
	commit_ok(&txn);
	assert_int_equal(outbox_recall(f->db, NOW, &count, &f->err), 0);
	assert_int_equal(count, MANY / 2 + 1);
	count = 0;
	assert_int_equal(outbox_recall(f->db, NOW, &count, &f->err), 0);
	assert_int_equal(count, 0);
}

/* With --now a year ago nothing is "a year ahead". */
static void test_not_when_the_time_is_told(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct clock clock = clock_fixed(NOW - YEAR);
	struct outbox_options options = {.clock = &clock};
	struct fake_world world = {0};
	struct outbox_result result;
	struct conf conf;

	add(txn, &rows[0]);
	commit_ok(&txn);
	conf_init(&conf);
	conf.report.mode = MODE_ALL;
	options.conf = &conf;
	options.transport = fake_transport_new(&world);
	clock.told = true;
	assert_int_equal(outbox_run(f->db, &options, &result, &f->err), 0);
	assert_int_equal(result.recalled + result.attempts, 0);
	options.transport->free(&options.transport);
	fake_world_clear(&world);
	conf_clear(&conf);
}

/* As delivery runs leave it: one destination each way. */
static uint64_t add_sent(struct fixture *f, enum delivery_state first,
                         enum delivery_state second)
{
	const enum delivery_state states[] = {first, second};
	struct db_txn *txn = db_begin_write(f->db);
	struct outbox_new report = {
		.head = {.status = OUTBOX_PENDING,
	                 .deliver_at = NOW,
	                 .domain = "a.example",
	                 .report_id = "r@us.example"},
		.rua_count = 2,
		.body = "bytes",
		.body_len = 5,
	};
	struct outbox_destination dest;
	struct outbox_head head;
	struct rua ruas[2];
	uint64_t id;

	assert_int_equal(rua_parse("mailto:a@a.example", 18, &ruas[0], NULL),
	                 0);
	assert_int_equal(rua_parse("mailto:b@a.example", 18, &ruas[1], NULL),
	                 0);
	report.ruas = ruas;
	id = outbox_add(txn, &report, NOW * INT64_C(1000));
	for (uint16_t i = 0; i < 2; i++) {
		assert_int_equal(outbox_destination_get(txn, id, i, &dest), 1);
		dest.state = states[i];
		dest.due = 0;
		dest.attempts = 7;
		dest.first_attempt = NOW;
		strcpy(dest.token, "0123");
		outbox_destination_put(txn, id, &dest);
	}
	assert_int_equal(outbox_head_get(txn, id, &head), 1);
	assert_true(settle_report(txn, &head, NOW));
	commit_ok(&txn);
	return id;
}

static void test_sent_again(void **state)
{
	static const struct {
		const char *name;
		enum delivery_state first, second;
		bool force;
		uint64_t count; /* 0: refused */
	} cases[] = {
		{"the one that expired", DELIVERY_DELIVERED, DELIVERY_EXPIRED,
	         false, 1},
		{"both", DELIVERY_FAILED, DELIVERY_BOUNCED, false, 2},
		{"none, for they have it", DELIVERY_DELIVERED,
	         DELIVERY_DELIVERED, false, 0},
		{"both all the same", DELIVERY_DELIVERED, DELIVERY_EXPIRED,
	         true, 2},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t id = add_sent(f, cases[i].first, cases[i].second);
		auto_(arena_clear) struct arena mem = {0};
		struct outbox_destination dest;
		struct outbox_head head;
		const void *body;
		uint64_t count = 0;
		size_t len, ids;
		const uint64_t *policies;
		struct db_txn *txn;

		ROW(&cases[i]);
		assert_int_equal(resend_report(f->db, id, NOW + DAY,
		                               cases[i].force, &count, &f->err),
		                 cases[i].count ? 0 : ERR_LIMIT);
		assert_int_equal(count, cases[i].count);
		txn = db_begin_read(f->db);
		assert_int_equal(archive_head_get(txn, id, &head), count == 0);
		assert_int_equal(outbox_head_get(txn, id, &head), count > 0);
		if (count > 0) {
			assert_string_equal(head.report_id, "r@us.example");
			assert_int_equal(outbox_body_get(txn, id, &mem, &body,
			                                 &len, &policies, &ids),
			                 1);
			assert_memory_equal(body, "bytes", 5);
			assert_int_equal(
				outbox_destination_get(txn, id, 1, &dest), 1);
			assert_int_equal(dest.state, DELIVERY_PENDING);
			assert_int_equal(dest.due, NOW + DAY);
			assert_int_equal(dest.first_attempt, 0);
			assert_string_equal(dest.token, "0123");
			assert_int_equal(
				outbox_destination_get(txn, id, 0, &dest), 1);
			assert_int_equal(dest.state, count == 2
			                                     ? DELIVERY_PENDING
			                                     : cases[i].first);
		}
		db_abort(&txn);
	}
	assert_int_equal(
		resend_report(f->db, 17, NOW, true, &(uint64_t){0}, &f->err),
		ERR_NOTFOUND);
}

static struct day_settled settled_of(struct fixture *f, int64_t now)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct day_settled settled;

	day_table_settled_get(txn, day_of(now), &settled);
	return settled;
}

/* Each destination is in the sums of the day when it became final, however
 * often its report was sent again: A has it, B expired and got it later. */
static void test_each_is_counted_once(void **state)
{
	struct fixture *f = *state;
	uint64_t id = add_sent(f, DELIVERY_DELIVERED, DELIVERY_EXPIRED);
	struct day_settled first = settled_of(f, NOW), second;
	int64_t later = NOW + 2 * DAY;
	uint64_t count = 0;

	assert_int_equal(first.destinations[DELIVERY_DELIVERED], 1);
	assert_int_equal(first.destinations[DELIVERY_EXPIRED], 1);
	for (int i = 0; i < 2; i++) {
		struct outbox_destination dest;
		struct outbox_head head;
		struct db_txn *txn;

		assert_int_equal(
			resend_report(f->db, id, later, false, &count, &f->err),
			0);
		txn = db_begin_write(f->db);
		assert_int_equal(outbox_destination_get(txn, id, 1, &dest), 1);
		dest.state = i == 0 ? DELIVERY_EXPIRED : DELIVERY_DELIVERED;
		outbox_destination_put(txn, id, &dest);
		assert_int_equal(outbox_head_get(txn, id, &head), 1);
		assert_true(settle_report(txn, &head, later));
		assert_int_equal(head.delivered_count, 1 + i);
		commit_ok(&txn);
	}
	second = settled_of(f, later);
	assert_int_equal(second.destinations[DELIVERY_DELIVERED], 1);
	assert_int_equal(second.destinations[DELIVERY_EXPIRED], 1);
	first = settled_of(f, NOW);
	assert_int_equal(first.destinations[DELIVERY_DELIVERED], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_recalled),
		STORE_TEST(test_sent_again),
		STORE_TEST(test_each_is_counted_once),
		STORE_TEST(test_many),
		STORE_TEST(test_not_when_the_time_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
