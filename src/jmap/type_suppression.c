/* tally:Suppression: addresses that get no reports for a while; its id is the
 * address (jmap/id_text.h). */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/json_at.h"
#include "base/xalloc.h"
#include "jmap/id_text.h"
#include "jmap/jmap_types.h"
#include "store/suppress_table.h"

struct shown {
	const char *id;
	const char *address;
	int64_t since;
	int64_t until;
	const char *by;
	const char *reason;
};

#define SHOWN(member) .offset = offsetof(struct shown, member)

static const struct property rows[] = {
	{"id", &property_word, SHOWN(id)},
	{"address", &property_address, SHOWN(address), .need = JSON_MUST},
	{"since", &property_moment, SHOWN(since)},
	{"until", &property_until, SHOWN(until)}, /* null: for good */
	{"by", &property_word, SHOWN(by)},
	{"reason", &property_text, SHOWN(reason),
         .max = sizeof(((struct suppression *)0)->reason) - 1},
};

static const struct property_table shown_table = {
	PROPERTY_ROWS(rows),
	.size = sizeof(struct shown),
};

#define ROW(member) offsetof(struct suppression, member)

static const struct jmap_sort sorts[] = {
	{"id", FIELD_ID, 0},
	{"address", FIELD_TEXT, ROW(address)},
	{"since", FIELD_INT64, ROW(since)},
	{"until", FIELD_INT64, ROW(until)},
	{0},
};

static const struct jmap_condition conditions[] = {
	{"address", MATCH_EQUAL, ROW(address), 0, NULL, NULL},
	{"text", MATCH_CONTAINS, ROW(address), ROW(reason), NULL, NULL},
	{"sinceBefore", MATCH_BEFORE, ROW(since), 0, NULL, NULL},
	{"sinceAfter", MATCH_AFTER, ROW(since), 0, NULL, NULL},
	{0},
};

static json_t *show(const struct suppression *row)
{
	char id[JMAP_ID_TEXT];
	struct shown shown = {
		.id = id,
		.address = row->address,
		.since = row->since,
		.until = row->until,
		.by = row->by_hand ? "hand" : "answer",
		.reason = row->reason[0] ? row->reason : NULL,
	};

	id_text_write(row->address, id);
	return property_table_write(&shown_table, &shown);
}

static int next(struct db_txn *txn, void *facts)
{
	return suppress_next(txn, facts);
}

static struct jmap_key id_key(const void *facts, struct arena *mem)
{
	const struct suppression *row = facts;
	char id[JMAP_ID_TEXT];

	id_text_write(row->address, id);
	return (struct jmap_key){.text = arena_strdup(mem, id)};
}

static int find_row(struct db_txn *txn, const struct jmap_type *type,
                    const char *id, void *facts)
{
	struct suppression *row = facts;
	char address[sizeof(row->address)];
	bool hashed;

	if (id_text_read(id, address, sizeof(address), &hashed))
		return suppress_get(txn, address, row);
	*row = (struct suppression){.address = ""};
	return hashed ? jmap_scan_for(txn, type, id, 0, row) : 0;
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	struct suppression row;
	int found = find_row(txn, &type_suppression, id, &row);

	(void)wanted;
	if (db_failed(txn))
		return db_failure(txn, err);
	if (found == 1)
		*object = show(&row);
	return found;
}

static void change_id(const struct change *change, char out[JMAP_ID_TEXT])
{
	char address[CHANGE_ID_MAX + 1];

	memcpy(address, change->id, change->id_len);
	address[change->id_len] = '\0';
	id_text_write(address, out);
}

/* --- set --- */

static void read_given(json_t *given, struct suppression *row, json_t *paths,
                       struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	struct json_in in = {.err = err, .paths = paths};
	struct json_at root = json_at_root(&in, given);
	struct shown shown = {.until = 0};

	property_table_read(&root, &shown_table, &mem, &shown);
	if (in.class != 0)
		return;
	snprintf(row->address, sizeof(row->address), "%s", shown.address);
	snprintf(row->reason, sizeof(row->reason), "%s",
	         shown.reason ? shown.reason : "");
	row->until = shown.until;
}

struct plan {
	struct jmap_plan plan;
	bool is_new;
	struct suppression before; /* as it was looked at */
	struct suppression row;
};

static struct jmap_plan *plan_create(struct jmap_set_run *set, json_t *given)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	struct err err = {0};

	plan->is_new = true;
	plan->row.by_hand = true;
	plan->row.since = clock_secs(set->run->jmap->clock);
	read_given(given, &plan->row, jmap_bad_paths(set), &err);
	if (!jmap_properties_good(set, &err))
		return jmap_plan_drop(&type_suppression, &plan->plan);
	plan->plan.expected = json_incref(given);
	return &plan->plan;
}

static bool find_before(struct jmap_set_run *set, const char *id,
                        struct suppression *row)
{
	auto_(db_abort) struct db_txn *own = NULL;
	struct db_txn *txn = jmap_set_look(set, &own);
	struct err err;
	int found = find_row(txn, &type_suppression, id, row);

	if (db_failure(txn, &err) < 0)
		return jmap_refuse_store(set, &err);
	return found ? true
	             : jmap_refuse(set, "notFound",
	                           "not on the suppression list");
}

static bool read_patched(struct jmap_set_run *set, json_t *patch,
                         struct plan *plan)
{
	auto_(json_free) json_t *shown = show(&plan->before);
	auto_(json_free) json_t *patched =
		jmap_patched(set, &type_suppression, shown, patch, &plan->plan);
	struct err err = {0};

	if (patched == NULL)
		return false;
	if (!json_same(json_object_get(patched, "address"),
	               json_object_get(shown, "address")))
		jmap_bad_property(set, "address", "cannot be changed");
	jmap_put(patched, "address", json_string(plan->before.address));
	plan->row = plan->before;
	read_given(patched, &plan->row, jmap_bad_paths(set), &err);
	return jmap_properties_good(set, &err);
}

static struct jmap_plan *plan_update(struct jmap_set_run *set, const char *id,
                                     json_t *patch)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));

	if (!find_before(set, id, &plan->before) ||
	    !read_patched(set, patch, plan))
		return jmap_plan_drop(&type_suppression, &plan->plan);
	return &plan->plan;
}

static bool same_row(const struct suppression *a, const struct suppression *b)
{
	return a->since == b->since && a->until == b->until &&
	       a->by_hand == b->by_hand && strcmp(a->reason, b->reason) == 0;
}

static enum jmap_applied apply(struct jmap_set_run *set, struct jmap_plan *arg)
{
	struct plan *plan = (struct plan *)arg;
	struct suppression now;
	int found = suppress_get(set->txn, plan->row.address, &now);

	id_text_write(plan->row.address, arg->id);
	if (plan->is_new && found) {
		set->error.existing = arg->id;
		jmap_refuse(set, "alreadyExists",
		            "the address is already on the suppression list");
		return APPLY_REFUSED;
	}
	if (!plan->is_new && !(found && same_row(&now, &plan->before)))
		return db_failed(set->txn) ? APPLY_REFUSED : APPLY_STALE;
	suppress_put(set->txn, &plan->row);
	return db_failed(set->txn) ? APPLY_REFUSED : APPLY_DONE;
}

static json_t *plan_result(const struct jmap_plan *arg)
{
	return show(&((const struct plan *)arg)->row);
}

static bool destroy(struct jmap_set_run *set, const char *id)
{
	struct suppression row;

	if (find_row(set->txn, &type_suppression, id, &row) &&
	    suppress_delete(set->txn, row.address))
		return !db_failed(set->txn);
	return db_failed(set->txn) ? false
	                           : jmap_refuse(set, "notFound",
	                                         "not on the suppression list");
}

const struct jmap_type type_suppression = {
	.name = "tally:Suppression",
	.capabilities = CAPABILITY_TLSTALLY,
	.change = CHANGE_SUPPRESSION,
	.change_id = change_id,
	.may = {PERMIT_TALLY_READ, PERMIT_TALLY_READ, PERMIT_TALLY_MANAGE,
                PERMIT_TALLY_MANAGE, PERMIT_TALLY_MANAGE},
	.walk =
		{
			.sorts = sorts,
			.conditions = conditions,
			.next = next,
			.facts_size = sizeof(struct suppression),
			.find = find_row,
			.id_key = id_key,
			.id_text = id_text_of_key,
		},
	.show =
		{
			.table = &shown_table,
			.word = "suppression",
			.columns = "id,address,since,until,by,reason",
			.load = load,
		},
	.edit = {plan_create, plan_update, apply, plan_result, NULL, destroy},
};
