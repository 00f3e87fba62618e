#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "conf/conf.h"
#include "fleet/fleet_rule.h"
#include "fleet/fleet_settings.h"

enum { DAY = 20513 };

#define AFTER(hours) ((int64_t)(DAY + 1) * DAY_SECS + (hours)*3600)

static const struct ledger_life life = {1, 2};

/* --- what is shipped --- */

static const struct {
	const char *name;
	struct ledger_host_day there; /* host "": nothing */
	struct fleet_own_day own;
	const char *reporter;
	enum fleet_ship want;
} ships[] = {
	{.name = "a day of which nothing is there",
         .own = {.revision = 5},
         .want = FLEET_SHIP_COUNTS},
	{.name = "an empty day, too: it is waited for",
         .want = FLEET_SHIP_COUNTS},
	{.name = "nothing is new",
         .there = {.host = "mx1", .life = {1, 2}, .revision = 5},
         .own = {.revision = 5},
         .want = FLEET_SHIP_NOTHING},
	{.name = "new, but it was shipped a moment ago",
         .there = {.host = "mx1",
                   .life = {1, 2},
                   .revision = 4,
                   .shipped_at = AFTER(1) - 60},
         .own = {.revision = 5},
         .want = FLEET_SHIP_NOTHING},
	{.name = "new, and its time has come",
         .there = {.host = "mx1",
                   .life = {1, 2},
                   .revision = 4,
                   .shipped_at = AFTER(1) - 900},
         .own = {.revision = 5},
         .want = FLEET_SHIP_COUNTS},
	{.name = "over, and not sealed",
         .there = {.host = "mx1",
                   .life = {1, 2},
                   .revision = 5,
                   .shipped_at = AFTER(1) - 60},
         .own = {.revision = 5, .complete = true},
         .want = FLEET_SHIP_SEALED},
	{.name = "sealed",
         .there = {.host = "mx1",
                   .life = {1, 2},
                   .revision = 5,
                   .sealed_at = AFTER(0)},
         .own = {.revision = 5, .complete = true},
         .want = FLEET_SHIP_NOTHING},
	{.name = "sealed, and counted on before anybody took it",
         .there = {.host = "mx1",
                   .life = {1, 2},
                   .revision = 5,
                   .sealed_at = AFTER(0)},
         .own = {.revision = 6, .complete = true},
         .want = FLEET_SHIP_SEALED},
	{.name = "sealed, and counted on after its reports were made",
         .there = {.host = "mx1",
                   .life = {1, 2},
                   .revision = 5,
                   .sealed_at = AFTER(0)},
         .own = {.revision = 6, .complete = true},
         .reporter = "mx2",
         .want = FLEET_SHIP_NOTHING},
	{.name = "a domain has its policy now",
         .there = {.host = "mx1",
                   .life = {1, 2},
                   .revision = 5,
                   .sealed_at = AFTER(0),
                   .totals.waiting = 2},
         .own = {.revision = 6, .complete = true, .waiting = 1},
         .reporter = "mx2",
         .want = FLEET_SHIP_SEALED},
	{.name = "both still wait",
         .there = {.host = "mx1",
                   .life = {1, 2},
                   .revision = 5,
                   .sealed_at = AFTER(0),
                   .totals.waiting = 2},
         .own = {.revision = 5, .complete = true, .waiting = 2},
         .want = FLEET_SHIP_NOTHING},
	{.name = "sealed by the life that a restore has ended",
         .there = {.host = "mx1",
                   .life = {1, 9},
                   .revision = 5,
                   .sealed_at = AFTER(0)},
         .own = {.revision = 3, .complete = true},
         .want = FLEET_SHIP_NOTHING},
	{.name = "not sealed by it",
         .there = {.host = "mx1", .life = {1, 9}, .revision = 5},
         .own = {.revision = 3, .complete = true},
         .want = FLEET_SHIP_SEALED},
	{.name = "of a day that goes on by it",
         .there = {.host = "mx1",
                   .life = {1, 9},
                   .revision = 5,
                   .shipped_at = AFTER(1) - 60},
         .own = {.revision = 3},
         .want = FLEET_SHIP_COUNTS},
};

static void test_ships(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ships) / sizeof(ships[0]); i++) {
		struct ledger_host_day there = ships[i].there;
		struct fleet_own_day own = ships[i].own;
		struct ledger_day day = {.day = DAY};
		struct ledger_view view = {
			.now = AFTER(1),
			.host_days = &there,
			.host_day_count = there.host[0] != '\0',
			.days = &day,
			.day_count = 1,
		};
		enum fleet_ship got;

		there.day = own.day = DAY;
		if (ships[i].reporter != NULL)
			strcpy(day.reporter, ships[i].reporter);
		got = fleet_ship_what(&view, "mx1", &life, &own, 900);
		if (got != ships[i].want)
			fail_msg("%s: %d", ships[i].name, got);
	}
}

/* --- whose row --- */

static const struct {
	const char *name;
	struct ledger_host row;
	enum fleet_row want;
} row_cases[] = {
	{"no row", {.name = "mx9"}, FLEET_ROW_NONE},
	{"as we left it",
         {.name = "mx1", .life = {1, 2}, .mark = 7},
         FLEET_ROW_OURS},
	{"the shipment whose answer was lost",
         {.name = "mx1", .life = {1, 2}, .mark = 8},
         FLEET_ROW_CONFIRMED},
	{"a copy has shipped",
         {.name = "mx1", .life = {1, 2}, .mark = 9},
         FLEET_ROW_COPIED},
	{"before a restore",
         {.name = "mx1", .life = {1, 3}, .mark = 9},
         FLEET_ROW_RESTORED},
	{"another store",
         {.name = "mx1", .life = {4, 2}, .mark = 7},
         FLEET_ROW_OTHERS},
	{"another store that was retired",
         {.name = "mx1", .life = {4, 2}, .mark = 7, .retired = true},
         FLEET_ROW_NONE},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(row_cases) / sizeof(row_cases[0]); i++) {
		struct ledger_host row = row_cases[i].row;
		struct ledger_view view = {.hosts = &row, .host_count = 1};
		enum fleet_row got = fleet_row_of(&view, "mx1", &life, 7, 8);

		if (got != row_cases[i].want)
			fail_msg("%s: %d", row_cases[i].name, got);
	}
}

/* --- may the day be closed --- */

/* Three hosts; of each what it has of days: 's' sealed, 'c' counts, '-'. */
static const struct {
	const char *name;
	const char *before, *day; /* DAY - 1, DAY */
	const char *expect;
	int64_t seal_at, now;
	bool retired, new; /* the third host */
	enum fleet_ready want;
	const char *missing;
} days[] = {
	{.name = "all have sealed it",
         .before = "sss",
         .day = "sss",
         .seal_at = AFTER(0),
         .now = AFTER(1),
         .want = FLEET_READY_WHOLE,
         .missing = ""},
	{.name = "one has not",
         .before = "sss",
         .day = "ssc",
         .seal_at = AFTER(0),
         .now = AFTER(1),
         .want = FLEET_READY_NOT_YET,
         .missing = "c.example"},
	{.name = "one has shipped nothing of it",
         .before = "sss",
         .day = "ss-",
         .seal_at = AFTER(0),
         .now = AFTER(6) - 1,
         .want = FLEET_READY_NOT_YET,
         .missing = "c.example"},
	{.name = "at the deadline",
         .before = "sss",
         .day = "s-c",
         .seal_at = AFTER(0),
         .now = AFTER(6),
         .want = FLEET_READY_INCOMPLETE,
         .missing = "b.example, c.example"},
	{.name = "not within an hour of the first seal",
         .before = "sss",
         .day = "ssc",
         .seal_at = AFTER(9),
         .now = AFTER(10) - 1,
         .want = FLEET_READY_NOT_YET,
         .missing = "c.example"},
	{.name = "after that hour",
         .before = "sss",
         .day = "ssc",
         .seal_at = AFTER(9),
         .now = AFTER(10),
         .want = FLEET_READY_INCOMPLETE,
         .missing = "c.example"},
	{.name = "nobody has sealed it",
         .before = "sss",
         .day = "ccc",
         .now = AFTER(20),
         .want = FLEET_READY_NOT_YET,
         .missing = "a.example, b.example, c.example"},
	{.name = "one that has not shipped for days is not waited for",
         .before = "ss-",
         .day = "ss-",
         .seal_at = AFTER(0),
         .now = AFTER(1),
         .want = FLEET_READY_WHOLE,
         .missing = ""},
	{.name = "nor one that is retired",
         .before = "sss",
         .day = "ssc",
         .seal_at = AFTER(0),
         .now = AFTER(1),
         .retired = true,
         .want = FLEET_READY_WHOLE,
         .missing = ""},
	{.name = "nor one that joined with a later day",
         .before = "sss",
         .day = "ss-",
         .seal_at = AFTER(0),
         .now = AFTER(1),
         .new = true,
         .want = FLEET_READY_WHOLE,
         .missing = ""},
	{.name = "nor one that is not in the list",
         .before = "sss",
         .day = "scc",
         .expect = "fleet.expect=A.example",
         .seal_at = AFTER(0),
         .now = AFTER(1),
         .want = FLEET_READY_WHOLE,
         .missing = ""},
	{.name = "one in the list that was never there",
         .before = "sss",
         .day = "sss",
         .expect = "fleet.expect=a.example, z.example",
         .seal_at = AFTER(0),
         .now = AFTER(1),
         .want = FLEET_READY_NOT_YET,
         .missing = "z.example"},
};

static size_t put_days(struct ledger_host_day *to, int32_t day,
                       const struct ledger_host *hosts, const char *letters)
{
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (letters[i] == '-')
			continue;
		to[n].day = day;
		strcpy(to[n].host, hosts[i].name);
		to[n++].sealed_at = letters[i] == 's' ? AFTER(0) : 0;
	}
	return n;
}

static void test_days(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct ledger_host hosts[3] = {{.name = "a.example"},
		                               {.name = "b.example"},
		                               {.name = "c.example"}};
		struct ledger_host_day host_days[6] = {{.day = 0}};
		struct ledger_day row = {.day = DAY,
		                         .first_seal_at = days[i].seal_at};
		struct ledger_view view = {
			.now = days[i].now,
			.hosts = hosts,
			.host_count = 3,
			.host_days = host_days,
			.days = &row,
			.day_count = 1,
		};
		char missing[LEDGER_MISSING];
		enum fleet_ready got;
		struct conf conf;
		struct err err;

		conf_init(&conf);
		if (days[i].expect != NULL)
			assert_int_equal(conf_set(&conf, days[i].expect, &err),
			                 0);
		hosts[2].retired = days[i].retired;
		hosts[2].since = days[i].new ? DAY + 1 : 0;
		view.host_day_count =
			put_days(host_days, DAY - 1, hosts, days[i].before);
		view.host_day_count += put_days(host_days + view.host_day_count,
		                                DAY, hosts, days[i].day);
		got = fleet_day_ready(&view, &conf, DAY, missing);
		if (got != days[i].want ||
		    strcmp(missing, days[i].missing) != 0)
			fail_msg("%s: %d, missing '%s'", days[i].name, got,
			         missing);
		conf_clear(&conf);
	}
}

/* --- who may lead --- */

enum { NOW = 1772323200, LATELY = NOW - 300, LONG_AGO = NOW - 3600 };

static const struct {
	const char *name;
	const char *leader; /* mx1 has store 1, and mx2, who asks, 2 */
	uint64_t leader_store;
	int64_t lease_until;
	struct ledger_host mx1, mx2;
	int64_t relay_at;
	bool leaves;
	enum fleet_lead want;
} candidates[] = {
	{.name = "nobody has led yet", .leader = "", .want = FLEET_LEAD_MAY},
	{.name = "the same settings",
         .leader = "mx1",
         .leader_store = 1,
         .mx1 = {.settings = "a"},
         .want = FLEET_LEAD_MAY},
	{.name = "other settings than the host that leads",
         .leader = "mx1",
         .leader_store = 1,
         .lease_until = NOW + 60,
         .mx1 = {.settings = "b"},
         .want = FLEET_LEAD_SETTINGS},
	{.name = "also when that one is dead",
         .leader = "mx1",
         .leader_store = 1,
         .lease_until = LONG_AGO,
         .mx1 = {.settings = "b"},
         .want = FLEET_LEAD_SETTINGS},
	{.name = "but not when it is retired",
         .leader = "mx1",
         .leader_store = 1,
         .mx1 = {.settings = "b", .retired = true},
         .want = FLEET_LEAD_MAY},
	{.name = "nor when it leaves",
         .leader = "mx1",
         .leader_store = 1,
         .mx1 = {.settings = "b", .leaves = true},
         .want = FLEET_LEAD_MAY},
	{.name = "nor when its name is another host's by now",
         .leader = "mx1",
         .leader_store = 7,
         .mx1 = {.settings = "b"},
         .want = FLEET_LEAD_MAY},
	{.name = "an older tlstally does not say which it has",
         .leader = "mx1",
         .leader_store = 1,
         .want = FLEET_LEAD_MAY},
	{.name = "the leader's own settings are those that count",
         .leader = "mx2",
         .leader_store = 2,
         .mx2 = {.settings = "old"},
         .want = FLEET_LEAD_MAY},
	{.name = "its relay fails, and another can",
         .leader = "mx2",
         .leader_store = 2,
         .lease_until = NOW + 60,
         .mx1 = {.settings = "a", .seen_at = LATELY},
         .relay_at = LATELY,
         .want = FLEET_LEAD_RELAY},
	{.name = "its relay failed long ago",
         .leader = "mx2",
         .leader_store = 2,
         .lease_until = NOW + 60,
         .mx1 = {.settings = "a", .seen_at = LATELY},
         .relay_at = LONG_AGO,
         .want = FLEET_LEAD_MAY},
	{.name = "the other is dead, too",
         .leader = "mx2",
         .leader_store = 2,
         .lease_until = NOW + 60,
         .mx1 = {.settings = "a", .seen_at = LONG_AGO},
         .relay_at = LATELY,
         .want = FLEET_LEAD_MAY},
	{.name = "the other could not lead",
         .leader = "mx2",
         .leader_store = 2,
         .lease_until = NOW + 60,
         .mx1 = {.settings = "b", .seen_at = LATELY},
         .relay_at = LATELY,
         .want = FLEET_LEAD_MAY},
	{.name = "the other did not want to for long",
         .leader = "mx2",
         .leader_store = 2,
         .lease_until = LONG_AGO,
         .mx1 = {.settings = "a", .seen_at = LATELY},
         .relay_at = LATELY,
         .want = FLEET_LEAD_MAY},
	{.name = "who leaves does not lead",
         .leader = "mx2",
         .leader_store = 2,
         .leaves = true,
         .want = FLEET_LEAD_LEAVES},
};

static void test_candidates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]);
	     i++) {
		struct ledger_host hosts[2] = {candidates[i].mx1,
		                               candidates[i].mx2};
		struct ledger_view view = {
			.now = NOW,
			.leader_store = candidates[i].leader_store,
			.lease_until = candidates[i].lease_until,
			.hosts = hosts,
			.host_count = 2,
		};
		const struct fleet_candidate me = {
			.name = "mx2",
			.store_id = 2,
			.settings = "a",
			.relay_at = candidates[i].relay_at,
			.now = NOW,
			.leaves = candidates[i].leaves,
		};
		enum fleet_lead got;

		snprintf(view.leader, sizeof(view.leader), "%s",
		         candidates[i].leader);
		for (int h = 0; h < 2; h++) {
			snprintf(hosts[h].name, sizeof(hosts[h].name), "mx%d",
			         h + 1);
			hosts[h].life.store_id = (uint64_t)h + 1;
		}
		got = fleet_may_lead(&view, &me);
		if (got != candidates[i].want)
			fail_msg("%s: %d", candidates[i].name, got);
	}
}

/* --- settings --- */

static void test_settings(void **state)
{
	struct ledger_settings mine, theirs;
	char names[FLEET_SETTINGS_NAMES];
	struct conf conf;
	struct err err;

	(void)state;
	conf_init(&conf);
	fleet_settings_make(&mine, &conf);
	conf_set(&conf, "store.directory=/elsewhere", &err);
	fleet_settings_make(&theirs, &conf);
	assert_string_equal(mine.digest, theirs.digest);
	fleet_settings_differ(&mine, &theirs, names);
	assert_string_equal(names, "");
	ledger_settings_clear(&theirs);

	assert_int_equal(conf_set(&conf, "report.mode=all", &err), 0);
	assert_int_equal(conf_set(&conf, "deliver.spread=1h", &err), 0);
	fleet_settings_make(&theirs, &conf);
	assert_string_not_equal(mine.digest, theirs.digest);
	fleet_settings_differ(&mine, &theirs, names);
	assert_string_equal(names, "[report] mode, [deliver] spread");

	/* another version knows one less */
	theirs.count--;
	fleet_settings_differ(&theirs, &mine, names);
	assert_non_null(strstr(names, mine.list[mine.count - 1].name));
	ledger_settings_clear(&mine);
	ledger_settings_clear(&theirs);
	conf_clear(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_ships),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
