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
	json_t *done;    /* ids */
	json_t *refused; /* errors by id */
};

static void outcome_clear(struct outcome *outcome)
{
	json_free(&outcome->done);
	json_free(&outcome->refused);
}

/* One refused of one is the reason itself; of several each goes to standard
 * error, and the sum is the reason. */
static int say_outcome(const struct outcome *outcome, const struct deed *deed,
                       int rc, struct err *err)
{
	size_t refused = json_object_size(outcome->refused);
	size_t done = json_array_size(outcome->done);
	struct err why = {0};
	json_t *error;
	const char *id;

	json_object_foreach (outcome->refused, id, error) {
		auto_(xfree_str) char *safe = doc_safe_text(id);

		jmap_client_error_words(error, &why);
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

/* --- create --- */

/* What the server made of it: it need not tell more than the id.  The object
 * is there, whatever becomes of this call. */
static void add_created(struct objects_job *job, json_t *object)
{
	auto_(json_free) json_t *ids =
		json_pack("[O]", json_object_get(object, "id"));
	auto_(json_free) json_t *objects = json_array();
	auto_(json_free) json_t *gone = json_array();
	struct err ignored;

	if (objects_load(job, ids, NULL, objects, gone, &ignored) == 0)
		json_object_update(object, json_array_get(objects, 0));
}

int objects_create(struct objects_job *job, struct err *err)
{
	auto_(json_free) json_t *response = NULL;
	auto_(json_free) json_t *object = NULL;
	json_t *news, *refused;
	const char *id;

	if (objects_call(job, "set", object_order_set(job->order, 0, 0),
	                 &response, err) < 0)
		return err->class;
	news = json_object_get(json_object_get(response, "created"), "new");
	refused =
		json_object_get(json_object_get(response, "notCreated"), "new");
	id = json_string_value(json_object_get(news, "id"));
	if (refused != NULL)
		return jmap_client_error_words(refused, err);
	if (id == NULL)
		return err_set(err, ERR_UNCERTAIN,
		               "the response to /set does not name the created "
		               "object");
	if (job->cli->args.json) {
		object = json_pack("{s:O}", "id", json_object_get(news, "id"));
		json_object_update(object, job->order->given);
		json_object_update(object, news);
		add_created(job, object);
		doc_print(object, &job->cli->out);
	} else {
		auto_(xfree_str) char *safe = doc_safe_text(id);

		strbuf_printf(&job->cli->out, "%s\n", safe);
	}
	return 0;
}

/* --- update and delete --- */

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

static int change_some(struct objects_job *job, const struct deed *deed,
                       size_t from, size_t count, struct outcome *outcome,
                       struct err *err)
{
	auto_(json_free) json_t *response = NULL;
	json_t *refused;

	if (objects_call(job, "set", object_order_set(job->order, from, count),
	                 &response, err) < 0)
		return err->class;
	refused = json_object_get(response, deed->refused);
	json_object_update(outcome->refused, refused);
	if (add_done(response, deed, outcome->done) +
	            json_object_size(refused) ==
	    count)
		return 0;
	return err_set(err, ERR_UNCERTAIN,
	               "the response to /set does not say for every object "
	               "whether it was %s",
	               deed->word);
}

static void print_outcome(struct objects_job *job, const struct deed *deed,
                          const struct outcome *outcome)
{
	struct strbuf *out = &job->cli->out;

	if (job->cli->args.json) {
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

static int change_all(struct objects_job *job, const struct deed *deed,
                      struct err *err)
{
	auto_(outcome_clear) struct outcome outcome = {
		.done = json_array(), .refused = json_object()};
	size_t all = json_array_size(job->order->ids);
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
	return say_outcome(&outcome, deed, rc, err);
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
