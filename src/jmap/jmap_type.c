#include "jmap/jmap_type.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json_pointer.h"
#include "api/notation.h"
#include "base/json.h"

bool jmap_can_set(const struct jmap_type *type)
{
	return type->edit.apply != NULL || type->edit.destroy != NULL;
}

bool jmap_has_property(const struct jmap_type *type, const char *name)
{
	return property_find(type->show.table, name) != NULL;
}

bool jmap_as_stalwart(const struct jmap_run *run, const struct jmap_type *type)
{
	return run->caller->dialect == DIALECT_STALWART &&
	       (type->capabilities & CAPABILITY_STALWART) != 0;
}

char *jmap_state_text(struct db_txn *txn, uint64_t number,
                      char out[JMAP_STATE_TEXT])
{
	snprintf(out, JMAP_STATE_TEXT, "%08" PRIx32 "-%" PRIu64,
	         (uint32_t)change_epoch(txn), number);
	return out;
}

char *jmap_state_now(struct db_txn *txn, const struct jmap_type *type,
                     char out[JMAP_STATE_TEXT])
{
	return jmap_state_text(txn, change_state(txn, type->change), out);
}

bool jmap_state_parse(struct db_txn *txn, const char *text, uint64_t *number)
{
	const char *dash = strchr(text, '-');
	char again[JMAP_STATE_TEXT];

	if (dash == NULL)
		return false;
	*number = strtoull(dash + 1, NULL, 10);
	return strcmp(jmap_state_text(txn, *number, again), text) == 0;
}

bool jmap_refuse(struct jmap_set_run *set, const char *type, const char *fmt,
                 ...)
{
	va_list ap;

	set->error.type = type;
	va_start(ap, fmt);
	vsnprintf(set->error.description, sizeof(set->error.description), fmt,
	          ap);
	va_end(ap);
	return false;
}

json_t *jmap_bad_paths(struct jmap_set_run *set)
{
	if (set->error.properties == NULL)
		set->error.properties = json_array();
	return set->error.properties;
}

void jmap_bad_property(struct jmap_set_run *set, const char *name,
                       const char *words)
{
	json_t *paths = jmap_bad_paths(set);

	if (json_array_size(paths) == 0)
		snprintf(set->error.description, sizeof(set->error.description),
		         "%.60s: %s", name, words);
	jmap_append(paths, jmap_words(name));
}

bool jmap_properties_good(struct jmap_set_run *set, const struct err *err)
{
	struct jmap_set_error *error = &set->error;
	size_t count = json_array_size(error->properties);
	char first[400];

	if (count == 0) {
		json_decref(error->properties);
		error->properties = NULL;
	}
	if (count == 0 && err->class == 0)
		return true;
	snprintf(first, sizeof(first), "%.399s",
	         error->description[0] ? error->description : err->text);
	if (count > 1)
		return jmap_refuse(set, "invalidProperties",
		                   "%s (and %zu more)", first, count - 1);
	return jmap_refuse(set, "invalidProperties", "%s", first);
}

/* What the server sets may be given again as it is (section 5.3). */
json_t *jmap_patched(struct jmap_set_run *set, const struct jmap_type *type,
                     const json_t *shown, json_t *patch, struct jmap_plan *plan)
{
	const struct property_table *table = type->show.table;
	json_t *patched = json_deep_copy(shown);
	struct err err;
	int rc = jmap_as_stalwart(set->run, type)
	                 ? notation_patch(table, patched, patch, &err)
	                 : json_pointer_patch(patched, patch, &err);

	if (rc < 0) {
		jmap_refuse(set, "invalidPatch", "%s", err.text);
		json_free(&patched);
		return NULL;
	}
	plan->expected = json_copy(patched);
	for (size_t i = 0; i < table->count; i++) {
		const char *name = table->rows[i].name;

		if (table->rows[i].kind->read != NULL)
			continue;
		if (!json_same(json_object_get(patched, name),
		               json_object_get(shown, name)))
			jmap_bad_property(set, name, "set by the server");
		json_object_del(patched, name);
	}
	return patched;
}

struct db_txn *jmap_set_look(const struct jmap_set_run *set,
                             struct db_txn **own)
{
	if (set->txn != NULL)
		return set->txn;
	*own = db_begin_read(set->run->jmap->db);
	return *own;
}

bool jmap_refuse_store(struct jmap_set_run *set, const struct err *err)
{
	if (set->txn != NULL)
		db_fail(set->txn, err->class, "%s", err->text);
	else if (set->store.class == 0)
		set->store = *err;
	return false;
}

struct jmap_plan *jmap_plan_drop(const struct jmap_type *type,
                                 struct jmap_plan *plan)
{
	if (plan == NULL)
		return NULL;
	if (type->edit.plan_free != NULL)
		type->edit.plan_free(plan);
	json_decref(plan->expected);
	free(plan);
	return NULL;
}
