#include "unit/test.h"

#include "base/clock.h"
#include "base/clock_record.h"

enum { NOW = 1772323200, MINUTE = 60, HOUR = 3600, DAY = 86400 };

#define YEAR (INT64_C(365) * DAY)

/* One look after the other.  The first look of each row is at NOW, an hour
 * after the host was started. */
struct look {
	int64_t boot; /* secs since the first look, or since the other boot */
	int64_t wall; /* secs since NOW */
	bool synchronised, doubted;
	bool anew; /* the host was started again: boot begins at 0 */
};

struct row {
	const char *name;
	struct look looks[8];
	int64_t time; /* secs since NOW, by the last agreement */
};

#define AT(b, w, ...)                                                          \
	{                                                                      \
		.boot = (b), .wall = (w), __VA_ARGS__                          \
	}

static const struct row rows[] = {
	{"all goes on", {AT(300, 300), AT(600, 600)}, 600},
	{"NTP sets it by a little, again and again",
         {AT(300, 500), AT(600, 1000), AT(900, 1100)},
         1100},
	{"a year ahead for a minute",
         {AT(60, YEAR + 60, .doubted = true), AT(120, 120)},
         120},
	{"a year back for a minute",
         {AT(60, 60 - YEAR, .doubted = true), AT(120, 120)},
         120},
	{"a year ahead, and nobody sets it back",
         {AT(300, YEAR + 300, .doubted = true),
          AT(HOUR + 299, YEAR + HOUR + 299, .doubted = true),
          AT(HOUR + 300, YEAR + HOUR + 300)},
         YEAR + HOUR + 300},
	{"while it is doubted the time before goes on",
         {AT(300, YEAR + 300, .doubted = true),
          AT(900, YEAR + 900, .doubted = true)},
         900},
	{"a wrong NTP server for a minute, and the kernel believes it",
         {AT(60, YEAR + 60, .synchronised = true, .doubted = true),
          AT(120, 120, .synchronised = true)},
         120},
	{"a paused machine that NTP has set",
         {AT(300, 5 * HOUR, .doubted = true),
          AT(600, 5 * HOUR + 300, .synchronised = true, .doubted = true),
          AT(900, 5 * HOUR + 600, .synchronised = true)},
         5 * HOUR + 600},
	{"synchronised, but to another time each time",
         {AT(300, YEAR, .synchronised = true, .doubted = true),
          AT(900, 2 * YEAR, .synchronised = true, .doubted = true),
          AT(1500, YEAR, .synchronised = true, .doubted = true)},
         1500},
	{"a suspended machine: the boot clock goes on", {AT(DAY, DAY)}, DAY},
	{"started again, five minutes later", {AT(30, 330, .anew = true)}, 330},
	{"off for the weekend", {AT(30, 3 * DAY, .anew = true)}, 3 * DAY},
	{"off for two weeks, and NTP",
         {AT(30, 14 * DAY, .doubted = true, .anew = true),
          AT(630, 14 * DAY + 600, .synchronised = true)},
         14 * DAY + 600},
	{"a board without a clock: 1970, then NTP",
         {AT(10, -NOW, .doubted = true, .anew = true), AT(40, 120)},
         120},
	{"and then it goes on like any other",
         {AT(10, -NOW, .doubted = true, .anew = true), AT(40, 120),
          AT(340, YEAR + 420, .doubted = true)},
         420},
	{"a board without a clock and without NTP",
         {AT(10, -NOW, .doubted = true, .anew = true),
          AT(HOUR, HOUR - NOW, .doubted = true)},
         HOUR - 10},
	{"a dead battery: a year ahead when it is started",
         {AT(10, YEAR, .doubted = true, .anew = true),
          AT(310, YEAR + 300, .doubted = true), AT(320, 400)},
         400},
	{"the boot clock went back, as in a container that moved",
         {AT(-HOUR + 1, 60)},
         60},
};

static void show(struct clock_look *look, const struct look *step, int boots)
{
	snprintf(look->boot, sizeof(look->boot), "boot-%d", boots);
	look->boot_ms = ((boots == 1 ? HOUR : 0) + step->boot) * INT64_C(1000);
	look->wall_ms = (NOW + step->wall) * INT64_C(1000);
	look->synchronised = step->synchronised;
}

static void test_looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct clock_record record = {.boot = ""};
		struct clock_look look;
		int boots = 1;

		ROW(&rows[i]);
		show(&look, &(struct look){.boot = 0}, boots);
		assert_false(clock_record_look(&record, &look));
		for (const struct look *step = rows[i].looks; step->boot != 0;
		     step++) {
			boots += step->anew;
			show(&look, step, boots);
			assert_int_equal(clock_record_look(&record, &look),
			                 step->doubted);
		}
		assert_int_equal(clock_record_ms(&record, look.boot_ms) / 1000,
		                 NOW + rows[i].time);
	}
}

static void test_accepted(void **state)
{
	struct clock_record record = {.boot = ""};
	char words[CLOCK_WORDS];
	struct clock_look look;

	(void)state;
	show(&look, &(struct look){.boot = 0}, 1);
	clock_record_look(&record, &look);
	assert_string_equal(clock_record_words(&record, words), "");
	show(&look, &(struct look)AT(60, YEAR + 60), 1);
	assert_true(clock_record_look(&record, &look));
	assert_string_equal(clock_record_words(&record, words),
	                    "the clock has jumped ahead by 365 days, to "
	                    "2027-03-01T00:01:00Z");
	clock_record_accept(&record, &look);
	assert_string_equal(clock_record_words(&record, words), "");
	show(&look, &(struct look)AT(120, YEAR + 120), 1);
	assert_false(clock_record_look(&record, &look));
	show(&look, &(struct look)AT(180, YEAR + 180 - 3 * HOUR), 1);
	assert_true(clock_record_look(&record, &look));
	assert_string_equal(clock_record_words(&record, words),
	                    "the clock has jumped back by 3 hours, to "
	                    "2027-02-28T21:03:00Z");
}

struct vouching {
	const char *name;
	struct look looks[4];
	bool vouched;
};

static const struct vouching vouchings[] = {
	{"nobody does", {AT(300, 300)}, false},
	{"the kernel does", {AT(300, 300, .synchronised = true)}, true},
	{"the kernel did",
         {AT(300, 300, .synchronised = true), AT(600, 600)},
         true},
	{"both have agreed for a day", {AT(HOUR, HOUR), AT(DAY, DAY)}, true},
	{"nearly for a day", {AT(DAY - 1, DAY - 1)}, false},
	{"a new time, for nearly a day",
         {AT(300, YEAR, .doubted = true), AT(HOUR + 300, YEAR + HOUR),
          AT(DAY + 299, YEAR + DAY - 1)},
         false},
	{"a new time, for a day",
         {AT(300, YEAR, .doubted = true), AT(HOUR + 300, YEAR + HOUR),
          AT(DAY + 300, YEAR + DAY)},
         true},
	{"started again: who did then does not now",
         {AT(300, 300, .synchronised = true), AT(30, 600, .anew = true)},
         false},
};

static void test_vouched(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vouchings); i++) {
		struct clock_record record = {.boot = ""};
		struct clock_look look;
		int boots = 1;

		ROW(&vouchings[i]);
		show(&look, &(struct look){.boot = 0}, boots);
		clock_record_look(&record, &look);
		for (const struct look *step = vouchings[i].looks;
		     step->boot != 0; step++) {
			boots += step->anew;
			show(&look, step, boots);
			clock_record_look(&record, &look);
		}
		assert_int_equal(record.vouched, vouchings[i].vouched);
	}
}

static void test_hold(void **state)
{
	struct clock clock = clock_fixed(NOW);

	(void)state;
	clock_hold(&clock, clock.wall_ms(&clock) - clock_boot_ms(&clock));
	assert_int_equal(clock_secs(&clock), NOW);
	/* a little does not matter, and is taken over */
	clock_step(&clock, CLOCK_BOUND_SECS * 1000);
	assert_int_equal(clock_secs(&clock), NOW + CLOCK_BOUND_SECS);
	clock_step(&clock, -CLOCK_BOUND_SECS * 1000);
	clock_step(&clock, YEAR * 1000);
	clock.fixed_ms += 60 * 1000;
	assert_int_equal(clock_secs(&clock), NOW + 60);
	clock_hold(&clock, clock.wall_ms(&clock) - clock_boot_ms(&clock));
	assert_int_equal(clock_secs(&clock), NOW + YEAR + 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_vouched),
		cmocka_unit_test(test_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
