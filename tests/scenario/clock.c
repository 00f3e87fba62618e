/* `clock`: somebody sets it, and what the programs think of that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "fake/fake_events.h"
#include "scenario/world.h"
#include "store/clock_watch.h"
#include "store/not_yet.h"

enum { HOUR = 3600, YEAR_DAYS = 365 };

static const int64_t year_ms = YEAR_DAYS * INT64_C(1000) * DAY_SECS;

int64_t world_true_ms(const struct world *world)
{
	return world->clock.fixed_ms + world->clock.slept_ms + world->paused_ms;
}

static struct clock_look look_of(struct world *world)
{
	struct clock_look look = {
		.wall_ms = world->clock.wall_ms(&world->clock),
		.boot_ms = clock_boot_ms(&world->clock),
		.synchronised = world->synchronised,
	};

	snprintf(look.boot, sizeof(look.boot), "boot-%u", world->boots);
	return look;
}

int world_watch(struct world *world, struct err *err)
{
	struct clock_look look = look_of(world);

	world->clock_record = (struct clock_record){.wall_ms = 0};
	if (world->unwatched) {
		world->clock.now_ms = world->clock.wall_ms;
		return 0;
	}
	return clock_watch(world->db, &world->clock, &look,
	                   &world->clock_record, err);
}

/* "365d", "3h", "10m" */
static int read_span(struct words *words, int64_t *ms, struct err *err)
{
	const char *text;
	char *unit;

	if (words_need(words, "a span", &text, err) < 0)
		return err->class;
	*ms = strtoll(text, &unit, 10) * 1000;
	if (strcmp(unit, "d") == 0)
		*ms *= DAY_SECS;
	else if (strcmp(unit, "h") == 0)
		*ms *= HOUR;
	else if (strcmp(unit, "m") == 0)
		*ms *= 60;
	else
		return err_set(err, ERR_PARSE, "'%s' is no span", text);
	return 0;
}

static int ahead(struct world *world, struct words *words, struct err *err)
{
	int64_t ms;

	if (read_span(words, &ms, err) < 0)
		return err->class;
	clock_step(&world->clock, ms);
	return 0;
}

static int back(struct world *world, struct words *words, struct err *err)
{
	int64_t ms;

	if (read_span(words, &ms, err) < 0)
		return err->class;
	clock_step(&world->clock, -ms);
	return 0;
}

static int right(struct world *world, struct words *words, struct err *err)
{
	(void)words;
	(void)err;
	clock_step(&world->clock, world->paused_ms - world->clock.stepped_ms);
	return 0;
}

/* A hypervisor stops the host; then NTP sets the clock. */
static int pauses(struct world *world, struct words *words, struct err *err)
{
	int64_t ms;

	if (read_span(words, &ms, err) < 0)
		return err->class;
	clock_step(&world->clock, ms);
	world->paused_ms += ms;
	return 0;
}

/* The host is started, and this process anew. */
static int starts(struct world *world, struct words *words, struct err *err)
{
	(void)words;
	world->boots++;
	world->clock.now_ms = world->clock.wall_ms;
	return world_watch(world, err);
}

static int synchronised(struct world *world, struct words *words,
                        struct err *err)
{
	(void)words;
	(void)err;
	world->synchronised = true;
	return 0;
}

static int accepted(struct world *world, struct words *words, struct err *err)
{
	struct clock_look look = look_of(world);

	(void)words;
	return clock_watch_accept(world->db, &world->clock, &look, err);
}

/* As before it was asked whether the time is right. */
static int unwatched(struct world *world, struct words *words, struct err *err)
{
	(void)words;
	world->unwatched = true;
	return world_watch(world, err);
}

static int watched(struct world *world, struct words *words, struct err *err)
{
	(void)words;
	world->unwatched = false;
	return world_watch(world, err);
}

int act_clock(struct world *world, struct words *words, struct err *err)
{
	static const struct verb verbs[] = {
		{"ahead", "SPAN", ahead},   {"back", "SPAN", back},
		{"right", "", right},       {"pauses", "SPAN", pauses},
		{"starts", "", starts},     {"synchronised", "", synchronised},
		{"accepted", "", accepted}, {"unwatched", "", unwatched},
		{"watched", "", watched},   {NULL, NULL, NULL},
	};

	/* who sets the clock himself wants nobody else to */
	world->disturbed = UNDISTURBED;
	return verb_run(verbs, world, words, err);
}

int expect_clock(struct world *world, struct words *words, struct err *err)
{
	char why[CLOCK_WORDS];
	bool doubted = words_flag(words, "doubted");

	if (!doubted && !words_flag(words, "believed"))
		return err_set(err, ERR_PARSE, "believed or doubted?");
	if (world_watch(world, err) < 0)
		return err->class;
	if (world->clock_record.doubted == doubted)
		return 0;
	return err_set(err, ERR_PARSE, "it is %s%s",
	               doubted ? "believed" : "doubted: ",
	               clock_record_words(&world->clock_record, why));
}

int act_purge(struct world *world, struct words *words, struct err *err)
{
	int64_t now = clock_secs(&world->clock);
	struct purge_counts counts;

	(void)words;
	if (world_watch(world, err) < 0)
		return err->class;
	if (world->clock_record.doubted)
		return 0;
	return purge_run(world->db, day_of(now), now,
	                 (int32_t)world->conf.store.keep_days,
	                 (int32_t)world->conf.store.archive_days, &counts, err);
}

/* --- every scenario once more, with a clock that is set --- */

static int daemons_commit(struct world *world, struct err *err)
{
	struct fake_events events = {world->db, &world->conf, &world->clock,
	                             "events", world->leaves_journal};

	if (world->logd_seen && logged_up_to(world, err) < 0)
		return err->class;
	if (!world->daemon_seen || world->daemon_stands)
		return 0;
	return fake_events_send(&events, NULL, NULL, 0, err);
}

/* Nobody notices: daemons of old commit that all is counted until next year.
 * Then it is taken back, and they go on. */
static int disturb_unnoticed(struct world *world, int64_t ms, struct err *err)
{
	const struct tally_limits limits = {
		.max_policies = world->conf.store.max_policies,
		.max_details = world->conf.store.max_details,
	};
	bool unwatched = world->unwatched;
	struct not_yet done;
	int rc;

	world->unwatched = true;
	clock_step(&world->clock, ms);
	rc = world_watch(world, err);
	if (rc == 0)
		rc = daemons_commit(world, err);
	clock_step(&world->clock, -ms);
	if (rc == 0)
		rc = not_yet_take_back(world->db, clock_secs(&world->clock),
		                       true, &limits, &done, err);
	world->unwatched = unwatched;
	if (rc == 0)
		rc = world_watch(world, err);
	return rc == 0 ? daemons_commit(world, err) : rc;
}

/* All that must wait is tried. */
static int disturb_noticed(struct world *world, int64_t ms, struct err *err)
{
	struct rollup_options options = {
		.conf = &world->conf, .clock = &world->clock, .doubt = "test"};
	struct rollup_result result;
	struct words none = {.count = 0};
	int rc;

	clock_step(&world->clock, ms);
	rc = world_watch(world, err);
	if (rc == 0 && !world->clock_record.doubted)
		rc = err_set(err, ERR_PARSE, "nobody doubts a year");
	if (rc == 0)
		rc = daemons_commit(world, err);
	if (rc == 0)
		rc = rollup_run(world->db, &options, &result, err);
	if (rc == 0)
		rc = act_purge(world, &none, err);
	clock_step(&world->clock, -ms);
	return rc == 0 ? world_watch(world, err) : rc;
}

int world_disturb(struct world *world, struct err *err)
{
	int64_t ms = world->disturbed == DISTURBED_AHEAD ? year_ms : -year_ms;

	if (world->disturbed != DISTURBED_AHEAD &&
	    world->disturbed != DISTURBED_BACK)
		return 0;
	if (world_watch(world, err) < 0 || disturb_noticed(world, ms, err) < 0)
		return err_prefix(err, "with a clock that is set for a moment");
	return ms > 0 ? disturb_unnoticed(world, ms, err) : 0;
}
