/*
 * /set, RFC 8620 section 5.3: all of it in one write transaction, so that
 * ifInState is true until the last change is written.
 */
#include <string.h>

#include "admin/jmap_type.h"
#include "base/auto.h"
#include "base/json.h"

struct set {
	struct jmap_set_run in;
	const struct jmap_type *type;
	const char *if_in_state;
	json_t *create, *update, *destroy;
	/* the response's; NULL while empty */
	json_t *created, *updated, *destroyed;
	json_t *not_created, *not_updated, *not_destroyed;
	json_t *ids;    /* creation ids, those of this call too */
	json_t *doomed; /* ids that are to be destroyed, as members */
};

static void put_in(json_t **object, const char *name, json_t *value)
{
	if (*object == NULL)
		*object = json_object();
	jmap_put(*object, name, value);
}

/* The error of the object just tried goes under its name. */
static void put_error(struct set *set, json_t **object, const char *name)
{
	struct jmap_set_error *error = &set->in.error;
	json_t *json = json_object();

	jmap_put(json, "type", json_string(error->type));
	jmap_put(json, "description", jmap_words(error->description));
	if (error->properties != NULL)
		jmap_put(json, "properties", error->properties);
	if (error->existing != NULL)
		jmap_put(json, "existingId", json_string(error->existing));
	put_in(object, name, json);
	*error = (struct jmap_set_error){0};
}

/* What the client does not know: members that are not as it must think they
 * are.  NULL: none. */
static json_t *news(const json_t *now, const json_t *expected)
{
	json_t *object = NULL, *value;
	const char *name;

	/* the macro wants what it does not change to be changeable */
	json_object_foreach ((json_t *)(uintptr_t)now, name, value) {
		if (!json_equal(value, json_object_get(expected, name)))
			put_in(&object, name, json_incref(value));
	}
	return object;
}

static void create_one(struct set *set, const char *name, json_t *given)
{
	auto_(json_free) json_t *now = NULL;
	char id[JMAP_ID_TEXT];
	json_t *shown;

	if (!json_is_object(given)) {
		jmap_refuse(&set->in, "invalidProperties", "not an object");
		put_error(set, &set->not_created, name);
		return;
	}
	if (!set->type->do_create(&set->in, given, id, &now)) {
		if (set->in.error.type != NULL)
			put_error(set, &set->not_created, name);
		return;
	}
	shown = news(now, given);
	if (shown == NULL)
		shown = json_object();
	jmap_put(shown, "id", json_string(id));
	put_in(&set->created, name, shown);
	jmap_put(set->ids, name, json_string(id));
}

static void update_one(struct set *set, const char *name, json_t *patch)
{
	auto_(json_free) json_t *expected = NULL;
	auto_(json_free) json_t *now = NULL;
	const char *id = jmap_resolve_id(set->ids, name);
	json_t *shown = NULL;
	bool done;

	if (id == NULL)
		done = jmap_refuse(&set->in, "notFound",
		                   "nothing was created as '%.60s'", name);
	else if (json_object_get(set->doomed, id) != NULL)
		done = jmap_refuse(&set->in, "willDestroy",
		                   "the same call destroys it");
	else if (!json_is_object(patch))
		done = jmap_refuse(&set->in, "invalidPatch", "not an object");
	else
		done = set->type->do_update(&set->in, id, patch, &expected,
		                            &now);
	if (!done) {
		if (set->in.error.type != NULL)
			put_error(set, &set->not_updated, name);
		return;
	}
	if (json_is_object(now))
		shown = news(now, expected);
	put_in(&set->updated, id, shown ? shown : json_null());
}

static void destroy_one(struct set *set, const char *name)
{
	const char *id = jmap_resolve_id(set->ids, name);
	bool done;

	if (id == NULL)
		done = jmap_refuse(&set->in, "notFound",
		                   "nothing was created as '%.60s'", name);
	else
		done = set->type->do_destroy(&set->in, id);
	if (done) {
		if (set->destroyed == NULL)
			set->destroyed = json_array();
		jmap_append(set->destroyed, json_string(id));
	} else if (set->in.error.type != NULL) {
		put_error(set, &set->not_destroyed, name);
	}
}

/* After the creations: "#new1" is known then. */
static void mark_doomed(struct set *set)
{
	json_t *item;
	size_t i;

	json_array_foreach (set->destroy, i, item) {
		const char *id =
			jmap_resolve_id(set->ids, json_string_value(item));

		if (id != NULL)
			jmap_put(set->doomed, id, json_true());
	}
}

static void change_all(struct set *set)
{
	auto_(json_free) json_t *seen = json_object();
	const char *name;
	json_t *value;
	size_t i;

	json_object_foreach (set->create, name, value)
		create_one(set, name, value);
	mark_doomed(set);
	json_object_foreach (set->update, name, value)
		update_one(set, name, value);
	json_array_foreach (set->destroy, i, value) {
		name = json_string_value(value);
		if (json_object_get(seen, name) == NULL)
			destroy_one(set, name);
		jmap_put(seen, name, json_true());
	}
}

static json_t *or_null(json_t *json)
{
	return json ? json_incref(json) : json_null();
}

static json_t *set_response(struct set *set, const char *old, const char *new)
{
	json_t *response = json_pack("{s:s,s:s,s:s}", "accountId", JMAP_ACCOUNT,
	                             "oldState", old, "newState", new);

	jmap_put(response, "created", or_null(set->created));
	jmap_put(response, "updated", or_null(set->updated));
	jmap_put(response, "destroyed", or_null(set->destroyed));
	jmap_put(response, "notCreated", or_null(set->not_created));
	jmap_put(response, "notUpdated", or_null(set->not_updated));
	jmap_put(response, "notDestroyed", or_null(set->not_destroyed));
	return response;
}

static json_t *run_set(struct set *set, struct jmap_failure *failure)
{
	struct db *db = set->in.run->jmap->db;
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	json_t *response;
	char old[21], new[21];
	struct err err;

	set->in.txn = txn;
	jmap_state_text(change_state(txn, set->type->change), old);
	if (!db_failed(txn) && set->if_in_state != NULL &&
	    strcmp(set->if_in_state, old) != 0)
		return jmap_fail(failure, "stateMismatch",
		                 "the state is '%s' by now", old);
	change_all(set);
	jmap_state_text(change_state(txn, set->type->change), new);
	if (db_commit(&txn, &err) < 0)
		return jmap_fail_store(failure, &err);
	response = set_response(set, old, new);
	json_decref(set->in.run->created_ids);
	set->in.run->created_ids = json_incref(set->ids);
	return response;
}

static bool may(struct set *set, const json_t *part,
                enum jmap_permission permission, const char *deed,
                struct jmap_failure *failure)
{
	size_t count = json_is_array(part) ? json_array_size(part)
	                                   : json_object_size(part);

	if (count == 0 || (set->in.run->caller->permissions & permission))
		return true;
	if (permission == 0)
		jmap_fail(failure, "forbidden", "%s: nobody may %s these",
		          set->type->name, deed);
	else
		jmap_fail(failure, "forbidden",
		          "to %s, this needs the permission %s", deed,
		          jmap_permission_word(permission));
	return false;
}

static bool check_names(const struct set *set, struct jmap_failure *failure)
{
	const char *name;
	json_t *value;

	json_object_foreach (set->create, name, value) {
		if (jmap_is_id(name))
			continue;
		jmap_fail(failure, "invalidArguments",
		          "create: '%.60s' is no id (A-Z a-z 0-9 - _)", name);
		return false;
	}
	return true;
}

static bool read_args(struct set *set, json_t *args,
                      struct jmap_failure *failure)
{
	static const char *const names[] = {"accountId", "ifInState", "create",
	                                    "update",    "destroy",   NULL};
	size_t count;

	if (!jmap_args_check(args, names, failure) ||
	    !jmap_arg_string(args, "ifInState", &set->if_in_state, failure) ||
	    !jmap_arg_object(args, "create", &set->create, failure) ||
	    !jmap_arg_object(args, "update", &set->update, failure) ||
	    !jmap_arg_strings(args, "destroy", &set->destroy, failure) ||
	    !check_names(set, failure))
		return false;
	count = json_object_size(set->create) + json_object_size(set->update) +
	        json_array_size(set->destroy);
	if (count > JMAP_MAX_SET) {
		jmap_fail(failure, "requestTooLarge", "%zu objects, at most %d",
		          count, JMAP_MAX_SET);
		return false;
	}
	return may(set, set->create, set->type->create, "create", failure) &&
	       may(set, set->update, set->type->update, "update", failure) &&
	       may(set, set->destroy, set->type->destroy, "destroy", failure);
}

json_t *jmap_set(struct jmap_run *run, const struct jmap_type *type,
                 json_t *args, struct jmap_failure *failure)
{
	struct set set = {.in = {.run = run}, .type = type};
	json_t *response = NULL;

	if (!read_args(&set, args, failure))
		return NULL;
	set.ids = json_copy(run->created_ids);
	set.doomed = json_object();
	response = run_set(&set, failure);
	json_decref(set.ids);
	json_decref(set.doomed);
	json_decref(set.created);
	json_decref(set.updated);
	json_decref(set.destroyed);
	json_decref(set.not_created);
	json_decref(set.not_updated);
	json_decref(set.not_destroyed);
	json_decref(set.in.error.properties);
	return response;
}
