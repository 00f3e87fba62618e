#include "jmap/jmap_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "jmap/jmap_type.h"
#include "show/doc.h"

static bool check_properties(const struct jmap_view *view, json_t *wanted,
                             struct jmap_failure *failure)
{
	json_t *item;
	size_t i;

	json_array_foreach (wanted, i, item) {
		const char *name = json_string_value(item);
		const char *const *known = view->properties;

		while (*known != NULL && strcmp(*known, name) != 0)
			known++;
		if (*known != NULL || strcmp(name, "id") == 0)
			continue;
		jmap_fail(failure, "invalidArguments",
		          "properties: %s has no '%.60s'", view->name, name);
		return false;
	}
	return true;
}

/* Only what was asked for; what is not there is null. */
static json_t *keep_wanted(const struct jmap_view *view, const json_t *wanted,
                           const char *id, json_t *found)
{
	json_t *object = json_object();

	jmap_put(object, "id", json_string(id));
	for (size_t i = 0; view->properties[i] != NULL; i++) {
		const char *name = view->properties[i];
		json_t *value = json_object_get(found, name);

		if (doc_wants(wanted, name))
			jmap_put(object, name,
			         value ? json_incref(value) : json_null());
	}
	return object;
}

static bool look_at(struct jmap_look *look, const struct jmap_view *view,
                    json_t *ids, json_t *list, json_t *missing)
{
	json_t *item;
	size_t i;

	json_array_foreach (ids, i, item) {
		auto_(json_free) json_t *found = NULL;
		const char *id = json_string_value(item);
		int rc = view->look(look, id, &found);

		if (rc < 0)
			return false;
		if (rc == 0)
			jmap_append(missing, json_string(id));
		else
			jmap_append(list,
			            keep_wanted(view, look->wanted, id, found));
	}
	return true;
}

static json_t *ids_of(const struct jmap_view *view, json_t *given,
                      struct jmap_failure *failure)
{
	if (given == NULL && view->only_id == NULL)
		return jmap_fail(failure, "invalidArguments",
		                 "ids: %s requires ids", view->name);
	if (json_array_size(given) > view->max_ids)
		return jmap_fail(failure, "requestTooLarge",
		                 "ids: at most %zu of %s at a time",
		                 view->max_ids, view->name);
	return given ? json_incref(given) : json_pack("[s]", view->only_id);
}

json_t *jmap_view_get(struct jmap_run *run, const struct jmap_view *view,
                      json_t *args, struct jmap_failure *failure)
{
	const char *const names[] = {"accountId", "ids", "properties",
	                             view->can_refresh ? "refresh" : NULL,
	                             NULL};
	struct jmap_look look = {.run = run, .failure = failure};
	auto_(json_free) json_t *list = json_array();
	auto_(json_free) json_t *missing = json_array();
	auto_(json_free) json_t *ids = NULL;
	json_t *given, *wanted;
	char state[24];

	if (!jmap_args_check(args, names, failure) ||
	    !jmap_arg_strings(args, "ids", &given, failure) ||
	    !jmap_arg_strings(args, "properties", &wanted, failure) ||
	    !jmap_arg_bool(args, "refresh", &look.refresh, failure) ||
	    !check_properties(view, wanted, failure))
		return NULL;
	look.wanted = wanted;
	ids = ids_of(view, given, failure);
	if (ids == NULL || !look_at(&look, view, ids, list, missing))
		return NULL;
	snprintf(state, sizeof(state), "%" PRId64, clock_ms(run->jmap->clock));
	return json_pack("{s:s,s:s,s:O,s:O}", "accountId", JMAP_ACCOUNT,
	                 "state", state, "list", list, "notFound", missing);
}
