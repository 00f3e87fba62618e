/* /query and /queryChanges, RFC 8620 sections 5.5 and 5.6. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/jmap_filter.h"
#include "jmap/jmap_rows.h"

enum {
	COMPARATORS_MAX = 8,
	QUERY_LIMIT = 250000, /* ids of one response */
	METERED_ROWS = 1024,  /* between two looks at the meter */
	COUNTED_TRIES = 3,    /* before all is looked at */
};

struct query {
	struct jmap_scan scan;
	const struct jmap_run *run;
	const struct jmap_type *type;
	const struct jmap_filter *filter;
	struct jmap_bounds bounds;
	struct jmap_comparator comparators[COMPARATORS_MAX];
	struct jmap_order order;
	int64_t position, anchor_offset, limit; /* limit -1: none given */
	const char *anchor;
	bool calculate_total;
	struct arena mem; /* of the filter */

	/* The window: of the rows that are not before the start, `most` after
	 * the first `skipped`.  The start is the anchor's row, or the first of
	 * all; counted from the end, or from behind the anchor, all are kept.
	 */
	struct jmap_rows rows;
	struct jmap_rows start; /* one row, or none */
	bool keeps_all;
	size_t skipped, most;

	/* Objects come in the order of the result; and then none need be
	 * looked at behind the window. */
	bool in_order, ends_early;
	bool is_reached; /* the start */
	uint64_t before; /* taken by the filter, before the start */
	uint64_t not_before;
	uint64_t total;
	size_t visited;
	bool over; /* it cost too much */
};

/* --- arguments --- */

static bool read_comparator(struct query *query, json_t *json,
                            struct jmap_failure *failure)
{
	static const char *const names[] = {"property", "isAscending",
	                                    "collation", NULL};
	struct jmap_comparator *to = &query->comparators[query->order.count++];
	const char *property = NULL, *collation = NULL;
	bool ascending = true;

	if (!json_is_object(json))
		return jmap_fail(failure, "invalidArguments",
		                 "sort: not an array of comparators") != NULL;
	if (!jmap_args_check(json, names, failure) ||
	    !jmap_arg_string(json, "property", &property, failure) ||
	    !jmap_arg_bool(json, "isAscending", &ascending, failure) ||
	    !jmap_arg_string(json, "collation", &collation, failure))
		return false;
	if (property == NULL)
		return jmap_fail(failure, "invalidArguments",
		                 "sort: a comparator has no property") != NULL;
	to->sort = query->type->walk.sorts;
	while (to->sort->property != NULL &&
	       strcmp(to->sort->property, property) != 0)
		to->sort++;
	to->descending = !ascending;
	to->casemap =
		collation != NULL && strcmp(collation, "i;ascii-casemap") == 0;
	if (to->sort->property != NULL && (collation == NULL || to->casemap))
		return true;
	jmap_fail(failure, "unsupportedSort",
	          to->sort->property
	                  ? "sort: collation: unknown collation '%.60s'"
	                  : "sort: these objects cannot be sorted by '%.60s'",
	          to->sort->property ? collation : property);
	return false;
}

static bool read_sort(struct query *query, json_t *args,
                      struct jmap_failure *failure)
{
	json_t *sort = json_object_get(args, "sort"), *item;
	size_t i;

	if (sort == NULL || json_is_null(sort))
		return true;
	if (!json_is_array(sort)) {
		jmap_fail(failure, "invalidArguments", "sort: not an array");
		return false;
	}
	if (json_array_size(sort) > COMPARATORS_MAX) {
		jmap_fail(failure, "unsupportedSort",
		          "sort: more than %d comparators", COMPARATORS_MAX);
		return false;
	}
	json_array_foreach (sort, i, item) {
		if (!read_comparator(query, item, failure))
			return false;
	}
	return true;
}

static bool read_args(struct query *query, json_t *args,
                      struct jmap_failure *failure)
{
	static const char *const names[] = {
		"accountId", "filter",         "sort",
		"position",  "anchor",         "anchorOffset",
		"limit",     "calculateTotal", NULL};
	const int64_t any = INT64_MIN;

	query->limit = -1;
	query->order.by = query->comparators;
	if (!jmap_args_check(args, names, failure) ||
	    !jmap_arg_int(args, "position", any, &query->position, failure) ||
	    !jmap_arg_string(args, "anchor", &query->anchor, failure) ||
	    !jmap_arg_int(args, "anchorOffset", any, &query->anchor_offset,
	                  failure) ||
	    !jmap_arg_int(args, "limit", 0, &query->limit, failure) ||
	    !jmap_arg_bool(args, "calculateTotal", &query->calculate_total,
	                   failure) ||
	    !read_sort(query, args, failure))
		return false;
	query->filter =
		jmap_filter_read(query->type, json_object_get(args, "filter"),
	                         &query->mem, failure);
	if (query->filter == NULL)
		return false;
	query->bounds = jmap_filter_bounds(query->filter, &query->mem);
	return true;
}

/* --- the rows --- */

static bool has_start(const struct query *query)
{
	return query->start.count > 0;
}

/* Who did not say how many he wants is told when there are more. */
static bool is_full(const struct query *query)
{
	uint64_t wanted = query->skipped + query->most + (query->limit < 0);

	return query->ends_early && query->not_before >= wanted &&
	       (!has_start(query) || query->is_reached);
}

/* False: it is before the start. */
static bool reach_start(struct query *query, const void *facts)
{
	if (!has_start(query) || query->is_reached)
		return true;
	if (!query->in_order)
		return !jmap_rows_is_before_first(&query->start, facts);
	query->is_reached = jmap_rows_is_first(&query->start, facts);
	return query->is_reached;
}

static bool take_row(struct jmap_scan *scan, const void *facts)
{
	struct query *query = (struct query *)scan;

	if (++query->visited % METERED_ROWS == 0 && jmap_is_over(query->run)) {
		query->over = true;
		return false;
	}
	if (!jmap_filter_takes(query->filter, scan->txn, facts))
		return true;
	query->total++;
	if (!reach_start(query, facts)) {
		query->before++;
		return true;
	}
	query->not_before++;
	if (!query->in_order)
		jmap_rows_add(&query->rows, facts);
	else if (query->not_before > query->skipped &&
	         query->rows.count < query->most)
		jmap_rows_append(&query->rows, facts);
	return !is_full(query);
}

static void again(struct jmap_scan *scan)
{
	struct query *query = (struct query *)scan;

	query->before = query->not_before = query->total = 0;
	query->is_reached = false;
	jmap_rows_begin(&query->rows, query->type, &query->order,
	                query->keeps_all  ? SIZE_MAX
	                : query->in_order ? query->most
	                                  : query->skipped + query->most);
}

/* --- what is looked at --- */

static void choose_window(struct query *query)
{
	int64_t from = query->anchor ? query->anchor_offset : query->position;
	int64_t most = query->limit;

	if (most < 0 || most > QUERY_LIMIT)
		most = QUERY_LIMIT;
	query->most = (size_t)most;
	query->keeps_all = from < 0 || (query->anchor != NULL &&
	                                query->type->walk.find == NULL);
	query->skipped = query->keeps_all ? 0 : (size_t)from;
}

/* The anchor's row, if the filter takes it: 1, 0 or negative. */
static int find_start(struct query *query, struct db *db, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	const struct jmap_walk *walk = &query->type->walk;
	void *facts = xcalloc(1, walk->facts_size);

	jmap_rows_begin(&query->start, query->type, &query->order, 1);
	if (walk->find(txn, query->type, query->anchor, facts) == 1 &&
	    jmap_filter_takes(query->filter, txn, facts))
		jmap_rows_append(&query->start, facts);
	free(facts);
	return db_failed(txn) ? db_failure(txn, err) : has_start(query);
}

static void choose_way(struct query *query, bool needs_all)
{
	const struct jmap_walk *walk = &query->type->walk;
	bool has_order = query->order.count > 0 && !needs_all &&
	                 !query->keeps_all && walk->has_order != NULL &&
	                 walk->has_order(&query->order, &query->bounds);

	query->scan.order = has_order ? &query->order : NULL;
	query->in_order =
		!query->keeps_all && (query->order.count == 0 || has_order);
	query->ends_early = query->in_order && !needs_all;
	again(&query->scan);
}

/* The state, and how many there are, if that is asked for. */
static int count_all(struct query *query, struct db *db,
                     char state[JMAP_STATE_TEXT], uint64_t *total,
                     struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	jmap_state_now(txn, query->type, state);
	if (query->calculate_total)
		*total = query->type->walk.count_within(txn, &query->bounds);
	return db_failure(txn, err);
}

/* No further than to the window's end.  1; 0: it changes faster than it can be
 * counted. */
static int scan_window(struct query *query, struct db *db,
                       char state[JMAP_STATE_TEXT], struct err *err)
{
	char counted[JMAP_STATE_TEXT];
	uint64_t total = 0;
	int rc = 0;

	for (int i = 0; i < COUNTED_TRIES && rc == 0; i++) {
		rc = count_all(query, db, counted, &total, err);
		again(&query->scan);
		strcpy(state, counted);
		if (rc == 0 && !is_full(query))
			rc = jmap_scan_all(db, query->type, &query->scan, state,
			                   err);
		if (rc == 0 &&
		    (!query->calculate_total || strcmp(state, counted) == 0))
			rc = 1;
	}
	if (query->calculate_total)
		query->total = total;
	return rc;
}

static int scan_rows(struct query *query, struct db *db,
                     char state[JMAP_STATE_TEXT], struct err *err)
{
	bool can_count = query->type->walk.count_within != NULL &&
	                 jmap_filter_is_bounds(query->filter);
	int rc = 0;

	query->scan.bounds = &query->bounds;
	if (jmap_filter_is_bounds(query->filter))
		query->scan.compared = &query->order;
	choose_way(query, query->calculate_total && !can_count);
	if (query->ends_early)
		rc = scan_window(query, db, state, err);
	if (rc != 0)
		return rc;
	choose_way(query, true);
	return jmap_scan_all(db, query->type, &query->scan, state, err);
}

/* --- the window --- */

static void *no_anchor(const struct query *query, struct jmap_failure *failure)
{
	return jmap_fail(failure, "anchorNotFound",
	                 "'%.60s' is not in the results", query->anchor);
}

/* Where the window begins in the result, by its rows, of which all are kept. */
static bool place_by_rows(struct query *query, struct jmap_failure *failure)
{
	size_t at = query->anchor ? 0 : query->rows.count;
	char id[JMAP_ID_TEXT];

	for (; query->anchor != NULL && at < query->rows.count; at++) {
		query->type->walk.id_text(jmap_rows_at(&query->rows, at), id);
		if (strcmp(id, query->anchor) == 0)
			break;
	}
	if (query->anchor != NULL && at == query->rows.count)
		return no_anchor(query, failure) != NULL;
	query->position = (int64_t)at + (query->anchor ? query->anchor_offset
	                                               : query->position);
	if (query->position < 0)
		query->position = 0;
	query->skipped = (size_t)query->position;
	return true;
}

static bool place(struct query *query, struct jmap_failure *failure)
{
	jmap_rows_end(&query->rows);
	if (query->keeps_all)
		return place_by_rows(query, failure);
	if (query->anchor == NULL)
		return true;
	if (query->in_order && !query->is_reached)
		return no_anchor(query, failure) != NULL;
	query->position = (int64_t)query->before + query->anchor_offset;
	return true;
}

static json_t *window(struct query *query)
{
	json_t *ids = json_array();
	char id[JMAP_ID_TEXT];
	size_t i = query->in_order ? 0 : query->skipped;

	for (size_t n = 0; n < query->most && i < query->rows.count; n++, i++) {
		query->type->walk.id_text(jmap_rows_at(&query->rows, i), id);
		jmap_append(ids, json_string(id));
	}
	return ids;
}

/* The limit is told when it is ours: more was asked for, or nothing, and there
 * is more. */
static bool limit_is_ours(const struct query *query)
{
	return query->limit > QUERY_LIMIT ||
	       (query->limit < 0 &&
	        query->not_before > query->skipped + query->most);
}

static json_t *answer(struct query *query, struct db *db,
                      struct jmap_failure *failure)
{
	json_t *response, *ids;
	char state[JMAP_STATE_TEXT];
	struct err err;
	int rc = 1;

	query->scan = (struct jmap_scan){.visit = take_row, .again = again};
	choose_window(query);
	if (query->anchor != NULL && !query->keeps_all)
		rc = find_start(query, db, &err);
	if (rc == 0)
		return no_anchor(query, failure);
	if (rc < 0 || scan_rows(query, db, state, &err) < 0)
		return jmap_fail_store(failure, &err);
	if (query->over)
		return jmap_fail_over(
			failure, "unsupportedFilter", query->run,
			"use fewer conditions, or a separate request");
	if (!place(query, failure))
		return NULL;
	ids = window(query);
	response =
		json_pack("{s:s,s:s,s:b,s:I,s:o}", "accountId", JMAP_ACCOUNT,
	                  "queryState", state, "canCalculateChanges", 0,
	                  "position", (json_int_t)query->position, "ids", ids);
	if (query->calculate_total)
		jmap_put(response, "total",
		         json_integer((json_int_t)query->total));
	if (limit_is_ours(query))
		jmap_put(response, "limit", json_integer(QUERY_LIMIT));
	return response;
}

json_t *jmap_query(struct jmap_run *run, const struct jmap_type *type,
                   json_t *args, struct jmap_failure *failure)
{
	struct query query = {.run = run, .type = type};
	json_t *response = NULL;

	arena_init(&query.mem);
	if (read_args(&query, args, failure))
		response = answer(&query, run->jmap->db, failure);
	jmap_rows_clear(&query.rows);
	jmap_rows_clear(&query.start);
	arena_clear(&query.mem);
	return response;
}

/* How results were before is not kept; the arguments are looked at all the
 * same. */
json_t *jmap_query_changes(struct jmap_run *run, const struct jmap_type *type,
                           json_t *args, struct jmap_failure *failure)
{
	static const char *const names[] = {
		"accountId",  "filter", "sort",           "sinceQueryState",
		"maxChanges", "upToId", "calculateTotal", NULL};
	const char *since = NULL;

	(void)run;
	(void)type;
	if (!jmap_args_check(args, names, failure) ||
	    !jmap_arg_string(args, "sinceQueryState", &since, failure))
		return NULL;
	if (since == NULL)
		return jmap_fail(failure, "invalidArguments",
		                 "sinceQueryState: missing");
	return jmap_fail(failure, "cannotCalculateChanges",
	                 "canCalculateChanges is false: repeat the /query");
}
