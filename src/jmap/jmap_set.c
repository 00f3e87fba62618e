/*
 * /set, RFC 8620 section 5.3, in two steps:
 *
 *     plan    each object is parsed, checked and compressed, without a write
 *             transaction
 *     write   all of it in one, so that ifInState is true until the last
 *             change is written
 *
 * An object that somebody changed in between is planned again in the write
 * transaction, where nobody can; so are those that this call creates and
 * updates, and those past PLANNED_MAX.
 */
#include <stdlib.h>
#include <string.h>

#include "api/notation.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/jmap_type.h"

enum { PLANNED_MAX = 4 * 1024 * 1024 }; /* bytes of plans made ahead */

/* One object to be created or updated. */
struct work {
	const char *name; /* creation id, or what the update calls it */
	json_t *given;
	struct jmap_plan *plan; /* NULL: none yet, or it was refused */
	bool done;              /* its result is still to be told */
};

struct set {
	struct jmap_set_run in;
	const struct jmap_type *type;
	const char *if_in_state;
	json_t *create, *update, *destroy;
	struct work *creations, *updates;
	size_t planned; /* bytes */
	bool over;      /* it cost too much: nothing of it is done */
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
		if (!json_same(value, json_object_get(expected, name)))
			put_in(&object, name, json_incref(value));
	}
	return object;
}

/* --- plan --- */

static struct jmap_plan *plan_creation(struct set *set, const struct work *work)
{
	if (json_is_object(work->given))
		return set->type->edit.plan_create(&set->in, work->given);
	jmap_refuse(&set->in, "invalidProperties", "not an object");
	return NULL;
}

static struct jmap_plan *plan_update(struct set *set, const struct work *work)
{
	const char *id = jmap_resolve_id(set->ids, work->name);

	if (id == NULL)
		jmap_refuse(&set->in, "notFound",
		            "nothing was created as '%.60s'", work->name);
	else if (json_object_get(set->doomed, id) != NULL)
		jmap_refuse(&set->in, "willDestroy",
		            "the same call destroys it");
	else if (!json_is_object(work->given))
		jmap_refuse(&set->in, "invalidPatch", "not an object");
	else
		return set->type->edit.plan_update(&set->in, id, work->given);
	return NULL;
}

/* Which of both: what differs between a creation and an update. */
struct deed {
	struct jmap_plan *(*plan)(struct set *set, const struct work *work);
	size_t errors; /* where in struct set they go */
	void (*tell)(struct set *set, const struct work *work);
};

static json_t **errors_of(struct set *set, const struct deed *deed)
{
	void *at = (char *)set + deed->errors;

	return at;
}

/* False when there is none: its error is put, or the store fails. */
static bool make_plan(struct set *set, const struct deed *deed,
                      struct work *work)
{
	work->plan = deed->plan(set, work);
	if (work->plan == NULL && set->in.error.type != NULL) {
		put_error(set, errors_of(set, deed), work->name);
		work->given = NULL;
	}
	return work->plan != NULL;
}

static bool goes_on(struct set *set)
{
	set->over = set->over || jmap_is_over(set->in.run);
	return !set->over;
}

static void plan_ahead(struct set *set, const struct deed *deed,
                       struct work *all)
{
	for (struct work *work = all; work->name != NULL; work++) {
		/* "#new1" is known when it was created, if this call does */
		bool is_known =
			work->name[0] != '#' ||
			json_object_get(set->create, work->name + 1) == NULL;

		if (goes_on(set) && is_known && set->planned < PLANNED_MAX &&
		    set->in.store.class == 0 && make_plan(set, deed, work))
			set->planned += work->plan->size;
	}
}

/* --- write --- */

static void tell_result(struct set *set, const struct deed *deed,
                        struct work *work)
{
	if (work->done)
		deed->tell(set, work);
	work->done = false;
	work->plan = jmap_plan_drop(set->type, work->plan);
}

/* True: done. */
static bool apply(struct set *set, const struct deed *deed, struct work *work)
{
	enum jmap_applied applied = set->type->edit.apply(&set->in, work->plan);

	if (applied == APPLY_STALE) {
		work->plan = jmap_plan_drop(set->type, work->plan);
		if (!make_plan(set, deed, work))
			return false;
		applied = set->type->edit.apply(&set->in, work->plan);
	}
	if (applied != APPLY_DONE && set->in.error.type != NULL)
		put_error(set, errors_of(set, deed), work->name);
	work->done = applied == APPLY_DONE;
	return work->done;
}

static void tell_created(struct set *set, const struct work *work)
{
	auto_(json_free) json_t *now = NULL;
	json_t *shown = NULL;

	if (!jmap_as_stalwart(set->in.run, set->type)) {
		now = set->type->edit.plan_result(work->plan);
		shown = news(now, work->plan->expected);
	}
	if (shown == NULL)
		shown = json_object();
	jmap_put(shown, "id", json_string(work->plan->id));
	put_in(&set->created, work->name, shown);
}

static void tell_updated(struct set *set, const struct work *work)
{
	auto_(json_free) json_t *now = set->type->edit.plan_result(work->plan);
	json_t *shown = NULL;

	if (json_is_object(now))
		shown = news(now, work->plan->expected);
	if (jmap_as_stalwart(set->in.run, set->type))
		notation_to_members(set->type->show.table, shown);
	put_in(&set->updated, work->plan->id, shown ? shown : json_null());
}

static const struct deed creation = {
	plan_creation, offsetof(struct set, not_created), tell_created};
static const struct deed update = {
	plan_update, offsetof(struct set, not_updated), tell_updated};

/* What was planned ahead is told after the commit; what is planned here, of
 * which there is no limit, at once. */
static void write_one(struct set *set, const struct deed *deed,
                      struct work *work)
{
	bool ahead = work->plan != NULL;

	if (work->given == NULL || db_failed(set->in.txn) || !goes_on(set) ||
	    (!ahead && !make_plan(set, deed, work)))
		return;
	if (apply(set, deed, work) && deed == &creation)
		jmap_put(set->ids, work->name, json_string(work->plan->id));
	if (!ahead)
		tell_result(set, deed, work);
}

static void destroy_one(struct set *set, const char *name)
{
	const char *id = jmap_resolve_id(set->ids, name);
	bool done;

	if (id == NULL)
		done = jmap_refuse(&set->in, "notFound",
		                   "nothing was created as '%.60s'", name);
	else
		done = set->type->edit.destroy(&set->in, id);
	if (done) {
		if (set->destroyed == NULL)
			set->destroyed = json_array();
		jmap_append(set->destroyed, json_string(id));
	} else if (set->in.error.type != NULL) {
		put_error(set, &set->not_destroyed, name);
	}
}

/* Before the creations all but what they make; after them "#new1" is known,
 * too. */
static void mark_doomed(struct set *set, bool created)
{
	json_t *item;
	size_t i;

	json_array_foreach (set->destroy, i, item) {
		const char *name = json_string_value(item), *id;

		if (!created && name[0] == '#' &&
		    json_object_get(set->create, name + 1) != NULL)
			continue;
		id = jmap_resolve_id(set->ids, name);
		if (id != NULL)
			jmap_put(set->doomed, id, json_true());
	}
}

static void destroy_all(struct set *set)
{
	auto_(json_free) json_t *seen = json_object();
	json_t *item;
	size_t i;

	json_array_foreach (set->destroy, i, item) {
		const char *name = json_string_value(item);

		if (json_object_get(seen, name) == NULL && goes_on(set))
			destroy_one(set, name);
		jmap_put(seen, name, json_true());
	}
}

/* One more than there are, without a name. */
static struct work *work_of(json_t *object)
{
	struct work *all = xcalloc(json_object_size(object) + 1, sizeof(*all));
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach (object, name, value)
		all[n++] = (struct work){.name = name, .given = value};
	return all;
}

static void free_work(const struct set *set, struct work *all)
{
	for (struct work *work = all; work->name != NULL; work++)
		jmap_plan_drop(set->type, work->plan);
	free(all);
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

/* Nothing of it is done. */
static json_t *fail_over(struct set *set, struct jmap_failure *failure)
{
	return jmap_fail_over(
		failure, "requestTooLarge", set->in.run,
		"create, update or destroy fewer objects in one call");
}

static json_t *commit(struct set *set, struct jmap_failure *failure)
{
	struct db *db = set->in.run->jmap->db;
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	char old[JMAP_STATE_TEXT], new[JMAP_STATE_TEXT];
	struct err err;

	set->in.txn = txn;
	jmap_state_now(txn, set->type, old);
	if (!db_failed(txn) && set->if_in_state != NULL &&
	    strcmp(set->if_in_state, old) != 0)
		return jmap_fail(failure, "stateMismatch",
		                 "the state is now '%s'", old);
	for (struct work *work = set->creations; work->name != NULL; work++)
		write_one(set, &creation, work);
	mark_doomed(set, true);
	for (struct work *work = set->updates; work->name != NULL; work++)
		write_one(set, &update, work);
	destroy_all(set);
	if (set->over)
		return fail_over(set, failure);
	jmap_state_now(txn, set->type, new);
	if (db_commit(&txn, &err) < 0)
		return jmap_fail_store(failure, &err);
	for (struct work *work = set->creations; work->name != NULL; work++)
		tell_result(set, &creation, work);
	for (struct work *work = set->updates; work->name != NULL; work++)
		tell_result(set, &update, work);
	json_decref(set->in.run->created_ids);
	set->in.run->created_ids = json_incref(set->ids);
	return set_response(set, old, new);
}

static json_t *run_set(struct set *set, struct jmap_failure *failure)
{
	json_t *response = NULL;

	set->creations = work_of(set->create);
	set->updates = work_of(set->update);
	mark_doomed(set, false);
	plan_ahead(set, &creation, set->creations);
	plan_ahead(set, &update, set->updates);
	if (set->in.store.class != 0)
		jmap_fail_store(failure, &set->in.store);
	else if (set->over)
		fail_over(set, failure);
	else
		response = commit(set, failure);
	free_work(set, set->creations);
	free_work(set, set->updates);
	return response;
}

/* One more of a part that may not be: it is told of each. */
static void forbid(struct set *set, json_t **errors, const char *name,
                   const char *deed, enum jmap_permission permission)
{
	jmap_refuse(&set->in, "forbidden", "%s requires the permission %s",
	            deed, jmap_permission_word(permission));
	put_error(set, errors, name);
}

static void forbid_all(struct set *set, json_t **part, json_t **errors,
                       const char *deed, enum jmap_permission permission)
{
	const char *name;
	json_t *value;
	size_t i;

	json_object_foreach (*part, name, value)
		forbid(set, errors, name, deed, permission);
	json_array_foreach (*part, i, value)
		forbid(set, errors, json_string_value(value), deed, permission);
	*part = NULL;
}

static bool may(struct set *set, json_t **part, json_t **errors,
                enum jmap_permission permission, const char *deed,
                struct jmap_failure *failure)
{
	size_t count = json_is_array(*part) ? json_array_size(*part)
	                                    : json_object_size(*part);

	if (count == 0 || (set->in.run->caller->permissions & permission))
		return true;
	if (permission != 0 && jmap_as_stalwart(set->in.run, set->type)) {
		forbid_all(set, part, errors, deed, permission);
		return true;
	}
	if (permission == 0)
		jmap_fail(failure, "forbidden",
		          "%s: these objects do not support %s",
		          set->type->name, deed);
	else
		jmap_fail(failure, "forbidden", "%s requires the permission %s",
		          deed, jmap_permission_word(permission));
	return false;
}

static bool check_names(const struct set *set, struct jmap_failure *failure)
{
	const char *name;
	json_t *value;

	json_object_foreach (set->create, name, value) {
		if (jmap_request_is_id(name))
			continue;
		jmap_fail(failure, "invalidArguments",
		          "create: '%.60s' is not an id (A-Z a-z 0-9 - _)",
		          name);
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
		jmap_fail(failure, "requestTooLarge",
		          "%zu objects, but at most %d are allowed", count,
		          JMAP_MAX_SET);
		return false;
	}
	return may(set, &set->create, &set->not_created, set->type->may.create,
	           "create", failure) &&
	       may(set, &set->update, &set->not_updated, set->type->may.update,
	           "update", failure) &&
	       may(set, &set->destroy, &set->not_destroyed,
	           set->type->may.destroy, "destroy", failure);
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
