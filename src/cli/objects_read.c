/* get and query. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/json_at.h"
#include "base/xalloc.h"
#include "cli/object_print.h"
#include "cli/object_type.h"
#include "cli/objects.h"
#include "show/doc.h"

enum {
	GET_AT_ONCE = 100, /* they may be large */
	IDS_MAX = 1000000, /* a server may go on for ever */
	MISSING_SHOWN = 5,
};

/* --- fields --- */

/* What a table shows: the caller's. */
static json_t *columns_of(const struct objects_job *job)
{
	if (job->order->fields != NULL)
		return json_incref(job->order->fields);
	return object_order_names(object_type_columns(
		job->order->type, jmap_client_is_ours(job->cli->answers)));
}

/* What a list of them asks for; NULL: everything. */
static json_t *fields_of(const struct objects_job *job)
{
	if (job->order->fields != NULL)
		return json_incref(job->order->fields);
	return job->cli->args.json ? NULL : columns_of(job);
}

int objects_call(struct objects_job *job, const char *verb, json_t *args,
                 json_t **response, struct err *err)
{
	const struct jmap_type *type = job->order->type;
	const struct jmap_noun noun = {type->name, type->capabilities};

	return jmap_client_call(job->cli->answers, &noun, verb, args, response,
	                        err);
}

/* --- /get --- */

/* One call: its objects and what is missing are added to the lists. */
static int get_some(struct objects_job *job, json_t *args, json_t *objects,
                    json_t *missing, struct err *err)
{
	auto_(json_free) json_t *response = NULL;
	json_t *list, *item;
	size_t i;

	if (objects_call(job, "get", args, &response, err) < 0)
		return err->class;
	list = json_object_get(response, "list");
	if (!json_is_array(list))
		return err_set(err, ERR_PARSE,
		               "the response to /get has no list");
	json_array_foreach (list, i, item) {
		if (!json_is_object(item))
			return err_set(err, ERR_PARSE,
			               "the response to /get has a list with "
			               "items that are not objects");
	}
	json_array_extend(objects, list);
	json_array_extend(missing, json_object_get(response, "notFound"));
	return 0;
}

/* A server that finds a call too large is asked for fewer. */
int objects_load(struct objects_job *job, const json_t *ids,
                 const json_t *fields, json_t *objects, json_t *missing,
                 struct err *err)
{
	size_t all = json_array_size(ids), at_once = job->cli->answers->max_get;

	if (at_once > GET_AT_ONCE)
		at_once = GET_AT_ONCE;
	for (size_t from = 0; from < all;) {
		size_t count = all - from < at_once ? all - from : at_once;
		int rc = get_some(
			job,
			object_order_get(job->order, ids, from, count, fields),
			objects, missing, err);

		if (rc == ERR_LIMIT && count > 1)
			at_once = count / 2;
		else if (rc < 0)
			return rc;
		else
			from += count;
	}
	return 0;
}

/* --- /query --- */

static int query_some(struct objects_job *job, int64_t position, int64_t limit,
                      json_t **response, struct err *err)
{
	json_t *list, *item;
	size_t i;

	if (objects_call(job, "query",
	                 object_order_query(job->order, position, limit),
	                 response, err) < 0)
		return err->class;
	list = json_object_get(*response, "ids");
	json_array_foreach (list, i, item) {
		if (!json_is_string(item))
			list = NULL;
	}
	return json_is_array(list)
	               ? 0
	               : err_set(err, ERR_PARSE,
	                         "the response to /query has no list of ids");
}

/* Adds the ids, as many as are left to be had (-1: any number). */
static int64_t take_ids(json_t *ids, json_t *list, int64_t left)
{
	int64_t taken = 0;
	json_t *id;
	size_t i;

	json_array_foreach (list, i, id) {
		if (taken == left)
			break;
		json_array_append(ids, id);
		taken++;
	}
	return taken;
}

/* Where the first of a window from the end was, as the server has it. */
static int64_t position_in(const json_t *response)
{
	json_int_t at =
		json_integer_value(json_object_get(response, "position"));

	return at > 0 && (uint64_t)at < JSON_UINT_MAX ? at : 0;
}

/* A server gives as many as it likes, and says how many those are when they
 * are fewer than were asked for. */
static int query_ids(struct objects_job *job, json_t *ids, struct err *err)
{
	int64_t position = job->order->position, left = job->order->limit;
	bool more = left != 0;

	while (more) {
		auto_(json_free) json_t *response = NULL;
		int64_t got, limit;

		if (query_some(job, position, left, &response, err) < 0)
			return err->class;
		limit = json_integer_value(json_object_get(response, "limit"));
		got = take_ids(ids, json_object_get(response, "ids"), left);
		if (json_array_size(ids) > IDS_MAX)
			return err_set(
				err, ERR_LIMIT,
				"more than %d objects: use --where or --limit",
				IDS_MAX);
		if (position < 0)
			position = position_in(response);
		position += got;
		left = left < 0 ? left : left - got;
		more = got > 0 && limit > 0 && got >= limit && left != 0;
	}
	return 0;
}

/* How many there are. */
static int count(struct objects_job *job, struct err *err)
{
	auto_(json_free) json_t *response = NULL;
	json_t *args = object_order_query(job->order, 0, 0), *total;

	json_object_set_new(args, "calculateTotal", json_true());
	if (objects_call(job, "query", args, &response, err) < 0)
		return err->class;
	total = json_object_get(response, "total");
	if (!json_is_integer(total))
		return err_set(
			err, ERR_PARSE,
			"the server did not return the number of objects");
	strbuf_printf(&job->cli->out, "%lld\n",
	              (long long)json_integer_value(total));
	return 0;
}

/* --- printing --- */

static void print_many(struct objects_job *job, const json_t *objects)
{
	auto_(json_free) json_t *columns = NULL;
	struct strbuf *out = &job->cli->out;

	if (job->cli->args.json) {
		doc_print(objects, out);
		return;
	}
	columns = columns_of(job);
	if (job->cli->args.csv) {
		object_print_csv(objects, columns, out);
		return;
	}
	object_print_table(job->order->type, objects, columns, out);
	if (json_array_size(objects) == 0 && cli_is_talkative(job->cli))
		strbuf_puts(out, "none\n");
}

/* "there is no a, b and 3 more" */
static int say_missing(const json_t *missing, struct err *err)
{
	auto_(strbuf_clear) struct strbuf names = {0};
	auto_(xfree_str) char *safe = NULL;
	size_t all = json_array_size(missing), i;
	json_t *item;

	if (all == 0)
		return 0;
	json_array_foreach (missing, i, item) {
		const char *id = json_string_value(item);

		if (i < MISSING_SHOWN)
			strbuf_printf(&names, "%s%.80s", i > 0 ? ", " : "",
			              id ? id : "?");
	}
	if (all > MISSING_SHOWN)
		strbuf_printf(&names, " and %zu more", all - MISSING_SHOWN);
	safe = doc_safe_text(strbuf_text(&names));
	return err_set(err, ERR_NOTFOUND, "not found: %s", safe);
}

/* --- the two commands --- */

int objects_find(struct objects_job *job, const json_t *fields, json_t *objects,
                 struct err *err)
{
	auto_(json_free) json_t *ids = json_array();
	auto_(json_free) json_t *gone = json_array();
	const char *first = json_string_value(json_array_get(fields, 0));
	json_t *id;
	size_t i;

	if (query_ids(job, ids, err) < 0)
		return err->class;
	/* what is gone since /query is no failure */
	if (json_array_size(fields) != 1 || strcmp(first, "id") != 0)
		return objects_load(job, ids, fields, objects, gone, err);
	json_array_foreach (ids, i, id)
		json_array_append_new(objects, json_pack("{s:O}", "id", id));
	return 0;
}

int objects_query(struct objects_job *job, struct err *err)
{
	auto_(json_free) json_t *fields = fields_of(job);
	auto_(json_free) json_t *objects = json_array();
	int rc;

	if (job->cli->args.object.count)
		return count(job, err);
	rc = objects_find(job, fields, objects, err);
	if (rc == 0 || json_array_size(objects) > 0)
		print_many(job, objects);
	return rc;
}

/* All of them: by one call when it takes them, else, and where they are
 * limited, as query does. */
static int get_all(struct objects_job *job, struct err *err)
{
	auto_(json_free) json_t *fields = fields_of(job);
	auto_(json_free) json_t *objects = json_array();
	auto_(json_free) json_t *none = json_array();
	int rc = job->order->limit >= 0
	                 ? ERR_LIMIT
	                 : get_some(job,
	                            object_order_get(job->order, NULL, 0, 0,
	                                             fields),
	                            objects, none, err);

	if (rc == ERR_LIMIT)
		return objects_query(job, err);
	if (rc == 0)
		print_many(job, objects);
	return rc;
}

int objects_get(struct objects_job *job, struct err *err)
{
	auto_(json_free) json_t *objects = json_array();
	auto_(json_free) json_t *missing = json_array(), *fields = NULL;
	struct strbuf *out = &job->cli->out;
	int rc;

	if (job->order->ids == NULL)
		return get_all(job, err);
	fields = job->cli->args.csv ? columns_of(job)
	                            : json_incref(job->order->fields);
	rc = objects_load(job, job->order->ids, fields, objects, missing, err);
	if (job->cli->args.csv)
		object_print_csv(objects, fields, out);
	else if (!job->cli->args.json)
		object_print_each(objects, fields, out);
	else if (job->cli->args.object_id == NULL)
		doc_print(objects, out);
	else if (json_array_size(objects) > 0)
		doc_print(json_array_get(objects, 0), out);
	return rc < 0 ? rc : say_missing(missing, err);
}
