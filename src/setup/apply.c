/*
 * setup_apply() and setup_undo(): the changes, each recorded before it is made
 */
#include "setup/setup.h"

#include <string.h>

#include "base/failpoint.h"
#include "setup/copies.h"
#include "setup/needs.h"
#include "setup/record.h"
#include "setup/take_back.h"
#include "setup/work.h"

/* Kept for the next time, when something else than the usual is asked for, or
 * not any more. */
static int keep_wishes(struct work *work, struct err *err)
{
	struct record *record = &work->records[0];
	bool differs = false;

	for (int i = 0; i < SETUP_WISHES; i++) {
		const struct setup_wish_row *row = &setup_wishes[i];
		const char *wish = *setup_wish_at(&work->setup->wish, i);
		const char *before = record_asked(record, row->name);

		differs |= strcmp(before[0] != '\0' ? before : row->words[0],
		                  wish) != 0;
		record_ask(record, row->name, wish);
	}
	return differs ? record_write(record, err) : 0;
}

/* To be written before the thing is made.  A value that is recorded as ours is
 * not what was before us. */
static int note_before(struct work *work, const struct setup_step *step,
                       struct err *err)
{
	struct record *record = &work->records[step->place];
	const struct thing *thing = &step->thing;
	struct record_row row = {
		.kind = thing->kind,
		.name = thing->name,
		.before = step->present,
		.after = step->wanted,
		.item = step->item,
		.instead = step->instead,
	};
	struct record_row old;

	if (record_find(record, thing->kind, thing->name, &old) &&
	    thing_is(old.after, step->present)) {
		row.before = old.before;
		row.instead = old.instead;
	}
	if (record_count(record) == 0 &&
	    copies_make(work_directory(work->setup, step->place), err) < 0)
		return err->class;
	failpoint_hit("setup copied");
	if (record_put(record, &row, err) < 0)
		return err->class;
	if (thing->kind != THING_UNIT)
		record_set_reload(record, true);
	return 0;
}

static bool is_wanted(const struct work *work, size_t place,
                      const struct record_row *row)
{
	const struct setup *setup = work->setup;

	for (size_t i = 0; i < setup->step_count; i++)
		if (setup->steps[i].place == place &&
		    setup->steps[i].thing.kind == row->kind &&
		    strcmp(setup->steps[i].thing.name, row->name) == 0)
			return true;
	return false;
}

/* Takes out what was put into the list the last time, when that is another item
 * now.  False: it failed, and that was said. */
static bool replace_item(struct work *work, struct setup_step *step,
                         struct err *err)
{
	struct record *record = &work->records[step->place];
	const struct thing *thing = &step->thing;
	struct record_row row;

	if (step->item == NULL ||
	    !record_find(record, thing->kind, thing->name, &row) ||
	    row.item == NULL || strcmp(row.item, step->item) == 0 ||
	    thing_is(row.after, step->present))
		return true;
	if (!take_back_row(work, step->place, &row))
		return false;
	thing_look(thing, &work->setup->arena, &step->present, err);
	return true;
}

/* Those that are to do, of a lot: recorded, made, and said. */
static void make(struct work *work, struct setup_step **steps, size_t count)
{
	struct err err = {0};
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct setup_step *step = steps[i];

		err.class = 0;
		if (!replace_item(work, step, &err))
			continue;
		if (err.class == 0 && note_before(work, step, &err) == 0)
			steps[n++] = step;
		else
			work_say(work, step, SETUP_FAILED, err.text);
	}
	if (n > 0 && record_write(&work->records[steps[0]->place], &err) < 0) {
		for (size_t i = 0; i < n; i++)
			work_say(work, steps[i], SETUP_FAILED, err.text);
		return;
	}
	failpoint_hit("setup noted");
	work_bring(work, steps, n, SETUP_DONE);
}

/* Why it cannot be made just now; NULL: it can. */
static const char *must_wait(struct work *work, const struct setup_step *step)
{
	const struct need_list *list = step->need->list;
	const struct need_of of = {
		.setup = work->setup,
		.instance = work->setup->places[step->place].instance,
		.present = step->present,
	};

	return list != NULL && list->wait != NULL ? list->wait(&of) : NULL;
}

static void make_all(struct work *work, size_t place, enum thing_kind kind)
{
	struct setup *setup = work->setup;
	size_t most = kind == THING_SETTING ? THING_SETTINGS_MAX : 1;

	for (size_t i = 0; i < setup->step_count;) {
		struct setup_step *lot[THING_SETTINGS_MAX];
		const char *why;
		size_t n = 0;

		for (; i < setup->step_count && n < most; i++) {
			struct setup_step *step = &setup->steps[i];

			if (step->place != place || step->thing.kind != kind)
				continue;
			why = NULL;
			if (step->state == SETUP_TO_DO)
				why = must_wait(work, step);
			if (why != NULL)
				step->state = SETUP_LEFT;
			if (step->state == SETUP_TO_DO) {
				lot[n++] = step;
				continue;
			}
			work_say(work, step, step->state, why);
			if (kind == THING_UNIT && step->state == SETUP_IS_SO)
				work_retire(work, step);
		}
		if (n > 0)
			make(work, lot, n);
	}
}

/* Daemons first, so that they listen when Postfix is told of them; and a
 * service before the settings that name it. */
int setup_apply(struct setup *setup, setup_tell *tell, void *arg,
                struct err *err)
{
	static const enum thing_kind order[] = {THING_UNIT, THING_SERVICE,
	                                        THING_SETTING};
	struct work work;
	int rc = work_begin(&work, setup, tell, arg, err);

	if (rc == 0)
		rc = keep_wishes(&work, err);
	if (rc == 0) {
		for (size_t k = 0; k < THING_KINDS; k++)
			for (size_t i = 0; i < setup->place_count; i++)
				make_all(&work, i, order[k]);
		for (size_t i = 0; i < setup->place_count; i++) {
			take_back_rows(&work, i, THING_SETTING, is_wanted);
			take_back_rows(&work, i, THING_SERVICE, is_wanted);
		}
		work_reload(&work);
		for (size_t i = 0; i < setup->place_count; i++)
			take_back_rows(&work, i, THING_UNIT, is_wanted);
		rc = work_result(&work, err);
	}
	work_end(&work);
	return rc;
}

/* Rows that are not understood stay, and are the administrator's. */
static void tell_strange_rows(struct work *work, size_t place)
{
	const struct record *record = &work->records[place];

	for (size_t i = 0; i < record_count(record); i++) {
		struct arena *arena = &work->setup->arena;
		struct setup_step step = {
			.thing = {.name = arena_printf(arena, "row %zu", i + 1),
		                  .directory = record->path},
			.place = place,
		};
		struct record_row row;

		if (!record_row(record, i, &row))
			work_say(work, &step, SETUP_LEFT,
			         "it is not understood, so it is not taken "
			         "back: was it written by a later version of "
			         "tlstally?");
	}
}

/* Nothing is left to take back; the copies stay where somebody else's changes
 * do. */
static void forget(struct work *work, size_t place)
{
	struct err err = {0};

	if (record_count(&work->records[place]) > 0 ||
	    record_reload(&work->records[place]))
		return;
	if (record_remove(&work->records[place], &err) < 0)
		work->failed++;
	else if (work->changed == 0)
		copies_remove(work_directory(work->setup, place));
}

int setup_undo(struct setup *setup, setup_tell *tell, void *arg,
               struct err *err)
{
	struct work work;
	int rc = work_begin(&work, setup, tell, arg, err);

	if (rc == 0) {
		for (size_t i = setup->place_count; i > 0; i--) {
			take_back_rows(&work, i - 1, THING_SETTING, NULL);
			take_back_rows(&work, i - 1, THING_SERVICE, NULL);
		}
		work_reload(&work);
		for (size_t i = setup->place_count; i > 0; i--) {
			take_back_rows(&work, i - 1, THING_UNIT, NULL);
			tell_strange_rows(&work, i - 1);
			forget(&work, i - 1);
		}
		rc = work_result(&work, err);
	}
	work_end(&work);
	return rc;
}
