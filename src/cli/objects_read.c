/* /query and /get: objects from whoever answers, part by part. */
#include <stdlib.h>
#include <string.h>

#include "api/notation.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/objects.h"

enum {
	GET_AT_ONCE = 100,   /* they may be large */
	IDS_AT_ONCE = 50000, /* each /query looks at all before its first */
	PART = 2000,         /* objects */
};

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
		notation_to_arrays(job->order->type->show.table, item);
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

	if (ids == NULL)
		return get_some(
			job, object_order_get(job->order, NULL, 0, 0, fields),
			objects, missing, err);
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

/* How far the ids of all were asked for. */
struct page {
	int64_t position, left; /* left -1: any number */
	json_t *ids;
	char *last; /* the one before them; NULL: none */
	bool more;
};

/* Behind the last id, so that nothing comes twice or not at all because of
 * what came meanwhile; others' servers are asked as they know it best. */
static json_t *page_args(const struct objects_job *job, const struct page *page,
                         bool by_anchor)
{
	int64_t limit = page->left < 0 || page->left > IDS_AT_ONCE ? IDS_AT_ONCE
	                                                           : page->left;
	json_t *args = object_order_query(
		job->order, by_anchor ? 0 : page->position, limit);

	if (by_anchor) {
		json_object_set_new(args, "anchor", json_string(page->last));
		json_object_set_new(args, "anchorOffset", json_integer(1));
	}
	if (job->wants_total && page->last == NULL)
		json_object_set_new(args, "calculateTotal", json_true());
	return args;
}

static int query_some(struct objects_job *job, json_t *args, json_t **response,
                      struct err *err)
{
	json_t *list, *item;
	size_t i;

	if (objects_call(job, "query", args, response, err) < 0)
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

/* Where the first of a window from the end was, as the server has it. */
static int64_t position_in(const json_t *response)
{
	json_int_t at =
		json_integer_value(json_object_get(response, "position"));

	return at > 0 && (uint64_t)at < JSON_UINT_MAX ? at : 0;
}

static void note_total(struct objects_job *job, const struct page *page,
                       const json_t *response)
{
	json_int_t total =
		json_integer_value(json_object_get(response, "total"));
	int64_t there = total > page->position ? total - page->position : 0;

	job->total =
		(uint64_t)(page->left >= 0 && page->left < there ? page->left
	                                                         : there);
}

/* The server gave fewer than were asked for: is there more?  It says how many
 * it gives where those are fewer. */
static bool is_last(const json_t *response, int64_t asked, int64_t got)
{
	json_int_t limit =
		json_integer_value(json_object_get(response, "limit"));

	return got == 0 || (got < asked && (limit <= 0 || got < limit));
}

/* Of one that does not know how far it was asked there would be no end. */
static int note_last(struct page *page, struct err *err)
{
	size_t count = json_array_size(page->ids);
	char *before = page->last;
	int rc = 0;

	page->last = count > 0 ? xstrdup(json_string_value(
					 json_array_get(page->ids, count - 1)))
	                       : NULL;
	if (page->more && before != NULL && strcmp(before, page->last) == 0)
		rc = err_set(err, ERR_PARSE,
		             "the responses to /query go round in circles");
	free(before);
	return rc;
}

/* The next ids, as many as are left to be had. */
static int next_page(struct objects_job *job, struct page *page,
                     struct err *err)
{
	bool by_anchor =
		page->last != NULL && jmap_client_is_ours(job->cli->answers);
	auto_(json_free) json_t *args = page_args(job, page, by_anchor);
	auto_(json_free) json_t *response = NULL;
	int64_t asked = json_integer_value(json_object_get(args, "limit")), got;
	int rc = query_some(job, json_incref(args), &response, err);

	if (rc == ERR_NOTFOUND && by_anchor) /* it was purged meanwhile */
		rc = query_some(job, page_args(job, page, false), &response,
		                err);
	if (rc < 0)
		return rc;
	if (page->position < 0)
		page->position = position_in(response);
	if (page->last == NULL)
		note_total(job, page, response);
	json_decref(page->ids);
	page->ids = json_incref(json_object_get(response, "ids"));
	while (json_array_size(page->ids) > (size_t)asked)
		json_array_remove(page->ids, json_array_size(page->ids) - 1);
	got = (int64_t)json_array_size(page->ids);
	page->position += got;
	page->left = page->left < 0 ? -1 : page->left - got;
	page->more = page->left != 0 && !is_last(response, asked, got);
	return note_last(page, err);
}

/* Their objects; what is gone since /query is no failure. */
static int each_of_page(struct objects_job *job, const struct page *page,
                        const json_t *fields, struct err *err)
{
	const char *first = json_string_value(json_array_get(fields, 0));
	bool ids_alone =
		json_array_size(fields) == 1 && strcmp(first, "id") == 0;
	size_t count = json_array_size(page->ids);
	int rc = 0;

	for (size_t from = 0; from < count && rc == 0; from += PART) {
		auto_(json_free) json_t *objects = json_array();
		auto_(json_free) json_t *ids = json_array();
		auto_(json_free) json_t *gone = json_array();

		for (size_t i = from; i < count && i < from + PART; i++) {
			json_t *id = json_array_get(page->ids, i);

			json_array_append(ids, id);
			if (ids_alone)
				json_array_append_new(
					objects, json_pack("{s:O}", "id", id));
		}
		if (!ids_alone)
			rc = objects_load(job, ids, fields, objects, gone, err);
		if (rc == 0 || json_array_size(objects) > 0)
			rc = job->each_part(job, objects, err) < 0 ? err->class
			                                           : rc;
	}
	return rc;
}

int objects_each(struct objects_job *job, const json_t *fields, struct err *err)
{
	struct page page = {.position = job->order->position,
	                    .left = job->order->limit,
	                    .more = job->order->limit != 0};
	int rc = 0;

	while (page.more && rc == 0) {
		rc = next_page(job, &page, err);
		if (rc == 0)
			rc = each_of_page(job, &page, fields, err);
	}
	json_decref(page.ids);
	free(page.last);
	return rc;
}
