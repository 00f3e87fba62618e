/* /get and /changes, RFC 8620 sections 5.1 and 5.2. */
#include <stdlib.h>
#include <string.h>

#include "api/notation.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/jmap_type.h"
#include "show/doc.h"

/* --- /get --- */

struct get {
	struct jmap_run *run;
	const struct jmap_type *type;
	struct db_txn *txn;
	json_t *wanted; /* NULL: all */
	json_t *list;
	json_t *missing;
	json_t *seen; /* ids as members: each is given once */
	size_t size;  /* of the list, bytes, about */
	struct jmap_failure *failure;
};

/* Only what was asked for, and the id. */
static void keep_wanted(json_t *object, const json_t *wanted)
{
	const char *name;
	json_t *value;
	void *next;

	if (wanted == NULL)
		return;
	json_object_foreach_safe (object, next, name, value) {
		if (strcmp(name, "id") != 0 && !doc_wants(wanted, name))
			json_object_del(object, name);
	}
}

static bool get_one(struct get *get, const char *asked)
{
	const char *id = jmap_resolve_id(get->run->created_ids, asked);
	json_t *object = NULL;
	struct err err;
	int found = 0;

	if (id != NULL && json_object_get(get->seen, id) != NULL)
		return true;
	if (id != NULL) {
		jmap_put(get->seen, id, json_true());
		found = get->type->show.load(get->txn, id, get->wanted, &object,
		                             &err);
	}
	if (found < 0) {
		jmap_fail_store(get->failure, &err);
		return false;
	}
	if (found == 0) {
		jmap_append(get->missing, json_string(asked));
		return true;
	}
	keep_wanted(object, get->wanted);
	if (jmap_as_stalwart(get->run, get->type))
		notation_to_members(get->type->show.table, object);
	jmap_append(get->list, object);
	get->size += json_size(object, SIZE_MAX);
	/* one alone is given however large it is */
	if (json_array_size(get->list) < 2 ||
	    get->size <= JMAP_MAX_RESPONSES - get->run->size)
		return true;
	jmap_fail(get->failure, "requestTooLarge",
	          "the objects are larger than %d bytes: get fewer of them, or "
	          "fewer properties",
	          JMAP_MAX_RESPONSES);
	return false;
}

struct all {
	struct jmap_scan scan;
	const struct jmap_type *type;
	struct arena mem;
	json_t *ids;
};

static bool take_id(struct jmap_scan *scan, const void *facts)
{
	struct all *all = (struct all *)scan;
	struct jmap_key key = all->type->walk.id_key(facts, &all->mem);
	char id[JMAP_ID_TEXT];

	all->type->walk.id_text(&key, id);
	jmap_append(all->ids, json_string(id));
	return json_array_size(all->ids) <= JMAP_MAX_GET;
}

/* ids: null means all there are, and one past the limit is enough to know that
 * they are too many. */
static json_t *all_ids(struct get *get)
{
	struct all all = {
		.scan = {.visit = take_id},
		.type = get->type,
		.ids = json_array(),
	};
	void *facts = xcalloc(1, get->type->walk.facts_size);

	arena_init(&all.mem);
	jmap_scan_on(get->txn, get->type, facts, &all.scan);
	arena_clear(&all.mem);
	free(facts);
	return all.ids;
}

/* The list that is wanted becomes one with each of them once, however often
 * they were given: it is looked through for each member of each object. */
static bool check_properties(struct get *get, json_t *once)
{
	json_t *given = get->wanted, *item;
	size_t i;

	if (given == NULL)
		return true;
	get->wanted = once;
	json_array_foreach (given, i, item) {
		const char *name = json_string_value(item);

		if (jmap_has_property(get->type, name)) {
			if (!doc_wants(once, name))
				json_array_append(once, item);
			continue;
		}
		jmap_fail(get->failure, "invalidArguments",
		          "properties: %s has no '%.60s'", get->type->name,
		          json_string_value(item));
		return false;
	}
	return true;
}

static json_t *get_list(struct get *get, json_t *ids)
{
	json_t *id;
	size_t i;
	char state[JMAP_STATE_TEXT];
	struct err err;

	if (json_array_size(ids) > JMAP_MAX_GET)
		return jmap_fail(get->failure, "requestTooLarge",
		                 "more than %d objects: use /query to get "
		                 "their ids, then get them in parts",
		                 JMAP_MAX_GET);
	json_array_foreach (ids, i, id) {
		if (jmap_is_over(get->run))
			return jmap_fail_over(get->failure, "requestTooLarge",
			                      get->run, "specify fewer ids");
		if (!get_one(get, json_string_value(id)))
			return NULL;
	}
	jmap_state_now(get->txn, get->type, state);
	if (db_failure(get->txn, &err) < 0)
		return jmap_fail_store(get->failure, &err);
	return json_pack("{s:s,s:s,s:O,s:O}", "accountId", JMAP_ACCOUNT,
	                 "state", state, "list", get->list, "notFound",
	                 get->missing);
}

json_t *jmap_get(struct jmap_run *run, const struct jmap_type *type,
                 json_t *args, struct jmap_failure *failure)
{
	static const char *const names[] = {"accountId", "ids", "properties",
	                                    NULL};
	struct get get = {.run = run, .type = type, .failure = failure};
	auto_(json_free) json_t *once = json_array();
	json_t *response = NULL, *ids;

	if (!jmap_args_check(args, names, failure) ||
	    !jmap_arg_strings(args, "ids", &ids, failure) ||
	    !jmap_arg_strings(args, "properties", &get.wanted, failure) ||
	    !check_properties(&get, once))
		return NULL;
	get.txn = db_begin_read(run->jmap->db);
	get.list = json_array();
	get.missing = json_array();
	get.seen = json_object();
	ids = ids ? json_incref(ids) : all_ids(&get);
	response = get_list(&get, ids);
	db_abort(&get.txn);
	json_decref(ids);
	json_decref(get.list);
	json_decref(get.missing);
	json_decref(get.seen);
	return response;
}

/* --- /changes --- */

/* What became of an object in all: 0, or an enum change_what. */
static int combine(int before, enum change_what what)
{
	if (before == CHANGE_CREATED && what == CHANGE_DESTROYED)
		return 0; /* it came and went: nobody need know */
	if (before == CHANGE_CREATED && what == CHANGE_UPDATED)
		return CHANGE_CREATED;
	if (before == CHANGE_DESTROYED)
		return CHANGE_UPDATED; /* there is another under its id */
	return (int)what;
}

/* Reads on until the objects would be more than max (0: no limit), or the log
 * ends; the state it got to. */
static uint64_t read_changes(struct db_txn *txn, const struct jmap_type *type,
                             uint64_t since, size_t max, json_t *fates)
{
	struct change change;
	char id[JMAP_ID_TEXT];

	while (change_after(txn, type->change, since, &change)) {
		json_t *before;
		int fate;

		type->change_id(&change, id);
		before = json_object_get(fates, id);
		if (before == NULL && max != 0 &&
		    json_object_size(fates) >= max)
			break;
		fate = combine((int)json_integer_value(before), change.what);
		jmap_put(fates, id, json_integer(fate));
		since = change.state;
	}
	return since;
}

static json_t *fates_response(json_t *fates, const char *since,
                              const char *until, bool more)
{
	json_t *lists[4] = {NULL, json_array(), json_array(), json_array()};
	const char *id;
	json_t *fate;

	json_object_foreach (fates, id, fate) {
		if (json_integer_value(fate) != 0)
			jmap_append(lists[json_integer_value(fate)],
			            json_string(id));
	}
	return json_pack(
		"{s:s,s:s,s:s,s:b,s:o,s:o,s:o}", "accountId", JMAP_ACCOUNT,
		"oldState", since, "newState", until, "hasMoreChanges",
		(int)more, "created", lists[CHANGE_CREATED], "updated",
		lists[CHANGE_UPDATED], "destroyed", lists[CHANGE_DESTROYED]);
}

static json_t *changes_since(struct db_txn *txn, const struct jmap_type *type,
                             const char *since_text, size_t max,
                             struct jmap_failure *failure)
{
	auto_(json_free) json_t *fates = json_object();
	uint64_t now = change_state(txn, type->change), since, until;
	struct change first;
	struct err err;
	char text[JMAP_STATE_TEXT];

	if (!jmap_state_parse(txn, since_text, &since) || since > now)
		return jmap_fail(
			failure, "cannotCalculateChanges",
			"sinceState: '%.40s' is not a state of this server",
			since_text);
	if (since < now && (type->change_id == NULL ||
	                    !change_after(txn, type->change, since, &first)))
		return jmap_fail(
			failure, "cannotCalculateChanges",
			"the changes since '%.40s' are no longer available",
			since_text);
	until = read_changes(txn, type, since, max, fates);
	if (db_failure(txn, &err) < 0)
		return jmap_fail_store(failure, &err);
	return fates_response(fates, since_text,
	                      jmap_state_text(txn, until, text), until < now);
}

json_t *jmap_changes(struct jmap_run *run, const struct jmap_type *type,
                     json_t *args, struct jmap_failure *failure)
{
	static const char *const names[] = {"accountId", "sinceState",
	                                    "maxChanges", NULL};
	auto_(db_abort) struct db_txn *txn = NULL;
	const char *since = NULL;
	int64_t max = 0;

	if (!jmap_args_check(args, names, failure) ||
	    !jmap_arg_string(args, "sinceState", &since, failure) ||
	    !jmap_arg_int(args, "maxChanges", 1, &max, failure))
		return NULL;
	if (since == NULL)
		return jmap_fail(failure, "invalidArguments",
		                 "sinceState: missing");
	txn = db_begin_read(run->jmap->db);
	return changes_since(txn, type, since, (size_t)max, failure);
}
