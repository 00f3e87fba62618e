#include "unit/store_test.h"

#include "base/clock.h"
#include "fake/fake_transport.h"
#include "outbox/outbox.h"
#include "outbox/recall.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_recalled),
		STORE_TEST(test_many),
		STORE_TEST(test_not_when_the_time_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
