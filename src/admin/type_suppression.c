/* tally:Suppression: addresses that get no reports for a while; its id is the
 * address (admin/id_text.h). */
#include <stdio.h>
#include <string.h>

#include "admin/id_text.h"
#include "admin/jmap_type.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/json_at.h"
#include "model/json_pointer.h"
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
	{"id", &kind_word, SHOWN(id)},
	{"address", &kind_address, SHOWN(address), .need = JSON_MUST},
	{"since", &kind_moment, SHOWN(since)},
	{"until", &kind_until, SHOWN(until)}, /* null: for good */
	{"by", &kind_word, SHOWN(by)},
	{"reason", &kind_text, SHOWN(reason),
         .max = sizeof(((struct suppression *)0)->reason) - 1},
};

static const struct property_table shown_table = {
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct shown),
};

static const struct property_table *table(void)
{
	return &shown_table;
}

#define ROW(member) offsetof(struct suppression, member)

static const struct jmap_sort sorts[] = {
	{"id", FIELD_ID, 0},
	{"address", FIELD_TEXT, ROW(address)},
	{"since", FIELD_INT64, ROW(since)},
	{"until", FIELD_INT64, ROW(until)},
};

static const struct jmap_condition conditions[] = {
	{"address", MATCH_EQUAL, ROW(address), 0, NULL},
	{"text", MATCH_CONTAINS, ROW(address), ROW(reason), NULL},
	{"sinceBefore", MATCH_BEFORE, ROW(since), 0, NULL},
	{"sinceAfter", MATCH_AFTER, ROW(since), 0, NULL},
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
	return properties_write(&shown_table, &shown);
}

static void scan(struct db_txn *txn, struct jmap_scan *scan)
{
	struct suppression row = {.address = ""};

	while (suppress_next(txn, &row) && scan->visit(scan, &row))
		;
}

static struct jmap_key id_key(const void *facts, struct arena *mem)
{
	const struct suppression *row = facts;
	char id[JMAP_ID_TEXT];

	id_text_write(row->address, id);
	return (struct jmap_key){.text = arena_strdup(mem, id)};
}

/* 1 and the row, or 0. */
static int find(struct db_txn *txn, const char *id, struct suppression *row)
{
	char address[sizeof(row->address)], each[JMAP_ID_TEXT];
	bool hashed;

	if (id_text_read(id, address, sizeof(address), &hashed))
		return suppress_get(txn, address, row);
	*row = (struct suppression){.address = ""};
	while (hashed && suppress_next(txn, row)) {
		id_text_write(row->address, each);
		if (strcmp(each, id) == 0)
			return 1;
	}
	return 0;
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	struct suppression row;
	int found = find(txn, id, &row);

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

static int read_given(json_t *given, struct suppression *row, struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	struct json_in in = {.err = err};
	struct json_at root = json_at_root(&in, given);
	struct shown shown = {.until = 0};

	properties_read(&root, &shown_table, &mem, &shown);
	if (in.class != 0)
		return in.class;
	snprintf(row->address, sizeof(row->address), "%s", shown.address);
	snprintf(row->reason, sizeof(row->reason), "%s",
	         shown.reason ? shown.reason : "");
	row->until = shown.until;
	return 0;
}

static bool create(struct jmap_set_run *set, json_t *given,
                   char id[JMAP_ID_TEXT], json_t **now)
{
	struct suppression row = {.by_hand = true}, before;
	struct err err;

	if (read_given(given, &row, &err) < 0)
		return jmap_refuse_property(set, &err);
	if (suppress_get(set->txn, row.address, &before)) {
		id_text_write(row.address, id);
		set->error.existing = id;
		return jmap_refuse(set, "alreadyExists",
		                   "the address is on the list");
	}
	row.since = clock_secs(set->run->jmap->clock);
	suppress_put(set->txn, &row);
	id_text_write(row.address, id);
	*now = show(&row);
	return !db_failed(set->txn);
}

static bool take_patched(struct jmap_set_run *set, json_t *patched,
                         const json_t *shown, struct suppression *row)
{
	static const char *const fixed[] = {"id", "address", "since", "by"};
	struct suppression given = *row;
	struct err err;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (!json_equal(json_object_get(patched, fixed[i]),
		                json_object_get(shown, fixed[i])))
			return jmap_refuse_name(set, fixed[i],
			                        "cannot be changed");
		if (strcmp(fixed[i], "address") != 0)
			json_object_del(patched, fixed[i]);
	}
	if (read_given(patched, &given, &err) < 0)
		return jmap_refuse_property(set, &err);
	*row = given;
	return true;
}

static bool update(struct jmap_set_run *set, const char *id, json_t *patch,
                   json_t **expected, json_t **now)
{
	auto_(json_free) json_t *shown = NULL;
	auto_(json_free) json_t *patched = NULL;
	struct suppression row;
	struct err err;

	if (!find(set->txn, id, &row))
		return db_failed(set->txn) ? false
		                           : jmap_refuse(set, "notFound",
		                                         "not on the list");
	shown = show(&row);
	patched = json_deep_copy(shown);
	if (json_patch(patched, patch, &err) < 0)
		return jmap_refuse(set, "invalidPatch", "%s", err.text);
	*expected = json_copy(patched);
	if (!take_patched(set, patched, shown, &row))
		return false;
	suppress_put(set->txn, &row);
	*now = show(&row);
	return !db_failed(set->txn);
}

static bool destroy(struct jmap_set_run *set, const char *id)
{
	struct suppression row;

	if (find(set->txn, id, &row) && suppress_delete(set->txn, row.address))
		return !db_failed(set->txn);
	return db_failed(set->txn)
	               ? false
	               : jmap_refuse(set, "notFound", "not on the list");
}

const struct jmap_type type_suppression = {
	.name = "tally:Suppression",
	.capabilities = CAPABILITY_TLSTALLY,
	.change = CHANGE_SUPPRESSION,
	.has_log = true,
	.get = PERMIT_TALLY_READ,
	.query = PERMIT_TALLY_READ,
	.create = PERMIT_TALLY_MANAGE,
	.update = PERMIT_TALLY_MANAGE,
	.destroy = PERMIT_TALLY_MANAGE,
	.table = table,
	.sorts = sorts,
	.sort_count = sizeof(sorts) / sizeof(sorts[0]),
	.conditions = conditions,
	.condition_count = sizeof(conditions) / sizeof(conditions[0]),
	.scan = scan,
	.id_key = id_key,
	.id_text = id_text_of_key,
	.load = load,
	.change_id = change_id,
	.do_create = create,
	.do_update = update,
	.do_destroy = destroy,
};
