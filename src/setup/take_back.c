#include "setup/take_back.h"

#include "base/failpoint.h"
#include "setup/copies.h"
#include "postfix/list_text.h"

/* What it was before; a list that others have changed, without our item. */
static bool find_target(const struct record_row *row, const char *is,
                        struct arena *arena, const char **target)
{
	*target = row->before;
	if (thing_is(is, row->after) || thing_is(is, row->before))
		return true;
	if (row->item == NULL || is == NULL)
		return false;
	*target =
		row->instead != NULL
			? list_text_replaced(is, row->item, row->instead, arena)
			: list_text_without(is, row->item, arena);
	if ((*target)[0] == '\0' && row->before == NULL)
		*target = NULL;
	return !thing_is(is, *target);
}

/* Things that are taken back together: settings of one main.cf, or one thing.
 */
struct lot {
	size_t place, count;
	struct setup_step steps[THING_SETTINGS_MAX];
	struct record_row rows[THING_SETTINGS_MAX];
	bool is_done[THING_SETTINGS_MAX]; /* the row may go */
};

/* Its row, with texts that stay when the record changes. */
static void lot_add(struct lot *lot, struct work *work,
                    const struct record_row *row)
{
	struct arena *arena = &work->setup->arena;
	size_t i = lot->count++;

	lot->rows[i] = (struct record_row){
		.kind = row->kind,
		.name = arena_strdup(arena, row->name),
		.before = row->before ? arena_strdup(arena, row->before) : NULL,
		.after = row->after ? arena_strdup(arena, row->after) : NULL,
		.item = row->item ? arena_strdup(arena, row->item) : NULL,
		.instead =
			row->instead ? arena_strdup(arena, row->instead) : NULL,
	};
	lot->is_done[i] = false;
	lot->steps[i] = (struct setup_step){
		.thing = work_thing(work->setup, lot->place, row->kind,
	                            lot->rows[i].name),
		.place = lot->place,
		.why = "as it was before",
	};
}

/* Takes back those that are not as they were; is_done of the others, too, that
 * are nothing of ours any more. */
static void take_back(struct work *work, struct lot *lot)
{
	struct record *record = &work->records[lot->place];
	struct setup_step *steps[THING_SETTINGS_MAX],
		*to_do[THING_SETTINGS_MAX];
	const char *values[THING_SETTINGS_MAX];
	struct thing back[THING_SETTINGS_MAX];
	struct err err = {0};
	size_t n = 0, back_count = 0;

	for (size_t i = 0; i < lot->count; i++)
		steps[i] = &lot->steps[i];
	if (lot->count == 0)
		return;
	if (work_look(work, steps, lot->count, values, &err) < 0) {
		for (size_t i = 0; i < lot->count; i++)
			work_say(work, steps[i], SETUP_FAILED, err.text);
		return;
	}
	for (size_t i = 0; i < lot->count; i++) {
		steps[i]->present = values[i];
		if (!find_target(&lot->rows[i], values[i], &work->setup->arena,
		                 &steps[i]->wanted)) {
			steps[i]->wanted = lot->rows[i].after;
			work_say(work, steps[i], SETUP_CHANGED,
			         "it was changed since, so it is left "
			         "unchanged");
		} else if (thing_is(values[i], steps[i]->wanted)) {
			work_say(work, steps[i], SETUP_IS_SO, NULL);
		} else {
			to_do[n++] = steps[i];
		}
	}
	if (n > 0 && lot->rows[0].kind != THING_UNIT)
		record_set_reload(record, true);
	if (n > 0 && record_write(record, &err) < 0) {
		for (size_t i = 0; i < n; i++)
			work_say(work, to_do[i], SETUP_FAILED, err.text);
		n = 0;
	}
	work_bring(work, to_do, n, SETUP_BACK);
	failpoint_hit("setup taken back");
	for (size_t i = 0; i < lot->count; i++) {
		lot->is_done[i] = steps[i]->state != SETUP_FAILED;
		if (steps[i]->state == SETUP_BACK ||
		    steps[i]->state == SETUP_IS_SO)
			back[back_count++] = steps[i]->thing;
	}
	if (copies_give_back(back, back_count, &err) < 0)
		work_say(work, steps[0], SETUP_FAILED, err.text);
}

bool take_back_row(struct work *work, size_t place,
                   const struct record_row *row)
{
	struct lot lot = {.place = place};

	lot_add(&lot, work, row);
	take_back(work, &lot);
	if (lot.is_done[0])
		record_drop(&work->records[place], lot.rows[0].kind,
		            lot.rows[0].name);
	return lot.is_done[0];
}

void take_back_rows(struct work *work, size_t place, enum thing_kind kind,
                    take_back_wanted *wanted)
{
	struct record *record = &work->records[place];
	size_t most = kind == THING_SETTING ? THING_SETTINGS_MAX : 1;

	for (size_t i = record_count(record); i > 0;) {
		struct lot lot = {.place = place};
		struct err err = {0};

		for (; i > 0 && lot.count < most; i--) {
			struct record_row row;

			if (record_row(record, i - 1, &row) &&
			    row.kind == kind &&
			    (wanted == NULL || !wanted(work, place, &row)))
				lot_add(&lot, work, &row);
		}
		take_back(work, &lot);
		for (size_t k = 0; k < lot.count; k++)
			if (lot.is_done[k])
				record_drop(record, kind, lot.rows[k].name);
		if (lot.count > 0 && record_write(record, &err) < 0)
			work->failed++;
	}
}
