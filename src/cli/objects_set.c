/* create, update and delete. */
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/objects.h"
#include "show/doc.h"

/* "update" and its members in a response. */
struct deed {
	const char *word; /* "updated" */
	const char *done, *refused;
};

/* What became of them, over all calls. */
struct outcome {
	json_t *done;    /* ids; of new objects the names of the calls */
	json_t *refused; /* errors by id or name */
	json_t *created; /* new objects, as far as they are known */
	json_t *state;   /* that must be there; NULL: any */
};

static void outcome_clear(struct outcome *outcome)
{
	json_free(&outcome->done);
	json_free(&outcome->refused);
	json_free(&outcome->created);
	json_free(&outcome->state);
}

/* One refused of one is the reason itself; of several each goes to standard
 * error, and the sum is the reason. */
static int say_outcome(const struct objects_job *job,
                       const struct outcome *outcome, const struct deed *deed,
                       int rc, struct err *err)
{
	bool is_new = job->order->verb == OBJECT_CREATE;
	size_t refused = json_object_size(outcome->refused);
	size_t done = json_array_size(outcome->done);
	struct err why = {0};
	json_t *error;
	const char *id;

	json_object_foreach (outcome->refused, id, error) {
		const char *place = is_new ? strchr(id, '-') : NULL;
		auto_(xfree_str) char *shown =
			place ? xasprintf("[%s]", place + 1) : xstrdup(id);
		auto_(xfree_str) char *safe = doc_safe_text(shown);

		jmap_client_error_words(error, &why);
		if (rc == 0 && refused + done == 1 && is_new)
			return err_set(err, why.class, "%s", why.text);
		if (rc == 0 && refused + done == 1)
			return err_set(err, why.class, "%.100s: %s", safe,
			               why.text);
		log_error("%.100s: %s", safe, why.text);
	}
	if (rc < 0 || refused == 0)
		return rc;
	return err_set(err, why.class, "%zu of %zu not %s", refused,
	               refused + done, deed->word);
}

/* --- the calls --- */

/* "updated" is an object with the ids for names, "destroyed" a list. */
static size_t add_done(const json_t *response, const struct deed *deed,
                       json_t *ids)
{
	json_t *done = json_object_get(response, deed->done), *value;
	size_t before = json_array_size(ids);
	const char *id;

	if (json_is_array(done))
		json_array_extend(ids, done);
	json_object_foreach (done, id, value)
		json_array_append_new(ids, json_string(id));
	return json_array_size(ids) - before;
}

/* Of the news of a new object: the server need not tell more than the id, and
 * "created" is empty where there is none. */
static int note_created(const struct objects_job *job, const json_t *response,
                        size_t from, size_t count, struct outcome *outcome,
                        struct err *err)
{
	json_t *created = json_object_get(response, "created");
	char name[OBJECT_NAME_TEXT];

	for (size_t i = from; i < from + count; i++) {
		json_t *news = json_object_get(
			created, object_order_name(job->order, i, name));
		json_t *object;

		if (news == NULL)
			continue;
		if (!json_is_string(json_object_get(news, "id")))
			return err_set(err, ERR_UNCERTAIN,
			               "the response to /set does not name the "
			               "created object");
		object = json_pack("{s:O}", "id", json_object_get(news, "id"));
		json_object_update(object, object_order_given(job->order, i));
		json_object_update(object, news);
		json_array_append_new(outcome->created, object);
	}
	return 0;
}

/* The state after one call is that before the next. */
static void keep_state(json_t **state, const json_t *response)
{
	json_t *after = json_object_get(response, "newState");

	if (*state == NULL || !json_is_string(after))
		return;
	json_decref(*state);
	*state = json_incref(after);
}

static int change_some(struct objects_job *job, const struct deed *deed,
                       size_t from, size_t count, struct outcome *outcome,
                       struct err *err)
{
	auto_(json_free) json_t *response = NULL;
	json_t *refused;
	size_t done;

	if (objects_call(job, "set",
	                 object_order_set(job->order, from, count,
	                                  json_string_value(outcome->state)),
	                 &response, err) < 0)
		return err->class;
	keep_state(&outcome->state, response);
	refused = json_object_get(response, deed->refused);
	json_object_update(outcome->refused, refused);
	done = add_done(response, deed, outcome->done);
	if (done + json_object_size(refused) != count)
		return err_set(err, ERR_UNCERTAIN,
		               "the response to /set does not say for every "
		               "object whether it was %s",
		               deed->word);
	return job->order->verb == OBJECT_CREATE
	               ? note_created(job, response, from, count, outcome, err)
	               : 0;
}

/* --- what is printed --- */

/* What the server made of them; they are there, whatever becomes of this
 * call. */
static void complete_created(struct objects_job *job, json_t *created)
{
	auto_(json_free) json_t *ids = json_array(), *objects = json_array();
	auto_(json_free) json_t *gone = json_array();
	struct err ignored;
	json_t *object, *found;
	size_t i, n;

	json_array_foreach (created, i, object)
		json_array_append(ids, json_object_get(object, "id"));
	objects_load(job, ids, NULL, objects, gone, &ignored);
	json_array_foreach (created, i, object) {
		json_array_foreach (objects, n, found) {
			if (json_equal(json_object_get(object, "id"),
			               json_object_get(found, "id")))
				json_object_update(object, found);
		}
	}
}

static void print_created(struct objects_job *job, json_t *created)
{
	struct strbuf *out = &job->cli->out;
	json_t *object;
	size_t i;

	if (job->cli->args.json)
		complete_created(job, created);
	if (job->cli->args.json && json_is_array(job->order->given)) {
		doc_print(created, out);
		return;
	}
	json_array_foreach (created, i, object) {
		auto_(xfree_str) char *safe = doc_safe_text(
			json_string_value(json_object_get(object, "id")));

		if (job->cli->args.json)
			doc_print(object, out);
		else
			strbuf_printf(out, "%s\n", safe);
	}
}

static void print_outcome(struct objects_job *job, const struct deed *deed,
                          const struct outcome *outcome)
{
	struct strbuf *out = &job->cli->out;

	if (job->order->verb == OBJECT_CREATE) {
		print_created(job, outcome->created);
	} else if (job->cli->args.json) {
		auto_(json_free) json_t *doc =
			json_pack("{s:O,s:O}", deed->done, outcome->done,
		                  deed->refused, outcome->refused);

		doc_print(doc, out);
	} else if (json_array_size(outcome->done) > 0 &&
	           cli_is_talkative(job->cli)) {
		strbuf_printf(out, "%zu %s\n", json_array_size(outcome->done),
		              deed->word);
	}
}

/* --- the commands --- */

static int change_all(struct objects_job *job, const struct deed *deed,
                      struct err *err)
{
	const char *state = job->order->if_in_state;
	auto_(outcome_clear) struct outcome outcome = {
		.done = json_array(),
		.refused = json_object(),
		.created = json_array(),
		.state = state != NULL ? json_string(state) : NULL,
	};
	size_t all = object_order_count(job->order);
	size_t at_once = job->cli->answers->max_set;
	int rc = 0;

	for (size_t from = 0; from < all && rc == 0; from += at_once) {
		size_t count = all - from < at_once ? all - from : at_once;

		rc = change_some(job, deed, from, count, &outcome, err);
	}
	if (rc < 0 && json_array_size(outcome.done) > 0)
		err_prefix(err, "after %zu were %s",
		           json_array_size(outcome.done), deed->word);
	print_outcome(job, deed, &outcome);
	return say_outcome(job, &outcome, deed, rc, err);
}

int objects_create(struct objects_job *job, struct err *err)
{
	static const struct deed create = {"created", "created", "notCreated"};

	return change_all(job, &create, err);
}

int objects_update(struct objects_job *job, struct err *err)
{
	static const struct deed update = {"updated", "updated", "notUpdated"};

	return change_all(job, &update, err);
}

int objects_delete(struct objects_job *job, struct err *err)
{
	static const struct deed destroy = {"deleted", "destroyed",
	                                    "notDestroyed"};

	return change_all(job, &destroy, err);
}
