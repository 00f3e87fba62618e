#include "unit/store_test.h"

#include "base/clock.h"
#include "store/clock_watch.h"
#include "store/meta_table.h"

enum { NOW = 1772323200, MINUTE_MS = 60 * 1000 };

#define YEAR_MS (INT64_C(365) * 86400 * 1000)

static struct clock_look look_at(struct clock *clock, const char *boot)
{
	struct clock_look look = {
		.wall_ms = clock->wall_ms(clock),
		.boot_ms = clock_boot_ms(clock),
	};

	snprintf(look.boot, sizeof(look.boot), "%s", boot);
	return look;
}

static bool watch(struct fixture *f, struct clock *clock)
{
	struct clock_look look = look_at(clock, "boot");
	struct clock_record record;

	if (clock_watch(f->db, clock, &look, &record, &f->err) != 0)
		fail_msg("%s", f->err.text);
	return record.doubted;
}

/* Two processes: what one has found out the other knows, and both go by the
 * time before. */
static void test_watched(void **state)
{
	struct fixture *f = *state;
	struct clock daemon = clock_fixed(NOW), run = daemon;

	assert_false(watch(f, &daemon));
	clock_step(&daemon, YEAR_MS);
	clock_step(&run, YEAR_MS);
	assert_int_equal(clock_secs(&run), NOW + YEAR_MS / 1000);
	assert_true(watch(f, &run));
	assert_int_equal(clock_secs(&run), NOW);
	assert_int_equal(clock_secs(&daemon), NOW);
	run.fixed_ms += MINUTE_MS;
	assert_true(watch(f, &run));
	assert_int_equal(clock_secs(&run), NOW + 60);
	clock_step(&run, -YEAR_MS);
	assert_false(watch(f, &run));
	assert_int_equal(clock_secs(&run), NOW + 60);
}

static void test_accepted(void **state)
{
	struct fixture *f = *state;
	struct clock clock = clock_fixed(NOW);
	struct clock_look look;

	watch(f, &clock);
	clock_step(&clock, YEAR_MS);
	assert_true(watch(f, &clock));
	look = look_at(&clock, "boot");
	assert_int_equal(clock_watch_accept(f->db, &clock, &look, &f->err), 0);
	assert_int_equal(clock_secs(&clock), NOW + YEAR_MS / 1000);
	assert_false(watch(f, &clock));
}

static void test_forgotten(void **state)
{
	struct fixture *f = *state;
	struct clock clock = clock_fixed(NOW);
	struct clock_record record;
	struct db_txn *txn;

	watch(f, &clock);
	txn = db_begin_write(f->db);
	assert_int_equal(meta_clock_get(txn, &record), 1);
	assert_string_equal(record.boot, "boot");
	meta_clock_forget(txn);
	assert_int_equal(meta_clock_get(txn, &record), 0);
	assert_string_equal(record.boot, "");
	commit_ok(&txn);
	/* whatever it shows is a beginning */
	clock_step(&clock, YEAR_MS);
	assert_false(watch(f, &clock));
}

/* A backup may be old, or of another host. */
static void test_not_restored(void **state)
{
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	auto_(xfree_str) char *copy = xasprintf("%s/copy.mdb", f->directory);
	struct clock clock = clock_fixed(NOW);

	watch(f, &clock);
	assert_int_equal(backup_to(f->db, copy, &f->err), 0);
	clock_step(&clock, YEAR_MS);
	assert_true(watch(f, &clock));
	db_close(&f->db);
	if (restore_from(&options, copy, &f->err) != 0)
		fail_msg("%s", f->err.text);
	fixture_open(f);
	assert_false(watch(f, &clock));
}

static void test_kept_whole(void **state)
{
	const struct clock_record want = {
		.boot = "0123456789abcdef-0123456789abcdef-00",
		.wall_ms = NOW * INT64_C(1000),
		.boot_ms = 5,
		.carried = true,
		.vouched = true,
		.doubted = true,
		.doubt_wall_ms = -7,
		.doubt_boot_ms = 11,
		.since_ms = 3,
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct clock_record got;

	meta_clock_put(txn, &want);
	assert_int_equal(meta_clock_get(txn, &got), 1);
	assert_string_equal(got.boot, want.boot);
	assert_int_equal(got.wall_ms, want.wall_ms);
	assert_int_equal(got.boot_ms, want.boot_ms);
	assert_true(got.carried && got.vouched && got.doubted);
	assert_int_equal(got.doubt_wall_ms, want.doubt_wall_ms);
	assert_int_equal(got.doubt_boot_ms, want.doubt_boot_ms);
	assert_int_equal(got.since_ms, want.since_ms);
	raw_put(txn, TABLE_META, META_CLOCK, strlen(META_CLOCK), "x", 1);
	assert_int_equal(meta_clock_get(txn, &got), 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_watched),    STORE_TEST(test_accepted),
		STORE_TEST(test_forgotten),  STORE_TEST(test_not_restored),
		STORE_TEST(test_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
