/* /query and /queryChanges, RFC 8620 sections 5.5 and 5.6. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/jmap_filter.h"
#include "jmap/jmap_type.h"

enum {
	COMPARATORS_MAX = 8,
	QUERY_LIMIT = 250000, /* ids of one response */
	METERED_ROWS = 1024,  /* between two looks at the meter */
};

struct comparator {
	const struct jmap_sort *sort;
	bool descending;
};

struct query {
	struct jmap_scan scan;
	const struct jmap_run *run;
	const struct jmap_type *type;
	const struct jmap_filter *filter;
	struct comparator comparators[COMPARATORS_MAX];
	size_t comparator_count;
	int64_t position, anchor_offset, limit; /* limit -1: none given */
	const char *anchor;
	bool calculate_total;
	struct arena mem;      /* of the filter */
	struct arena keys_mem; /* of the texts that keys point to */
	/* Rows of `width` keys: of an object that the filter takes the id, then
	 * what it is sorted by. */
	struct jmap_key *keys;
	size_t width, count, room;
	/* So many rows are wanted: of more, the first ones are kept. */
	size_t wanted;
	bool was_cut;   /* the last row kept is the last one wanted */
	uint64_t total; /* taken by the filter */
	size_t visited;
	struct arena row_mem; /* of the row at hand */
	bool over;            /* it cost too much */
};

/* --- arguments --- */

static bool read_comparator(struct query *query, json_t *json,
                            struct jmap_failure *failure)
{
	static const char *const names[] = {"property", "isAscending",
	                                    "collation", NULL};
	struct comparator *to = &query->comparators[query->comparator_count++];
	const char *property = NULL, *collation = "i;ascii-casemap";
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
	if (to->sort->property != NULL &&
	    strcmp(collation, "i;ascii-casemap") == 0)
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
	return query->filter != NULL;
}

/* --- the rows --- */

static uint64_t rank_of(const char *text, size_t len)
{
	uint64_t rank = 0;

	for (size_t i = 0; i < 8; i++)
		rank = rank << 8 | (i < len ? (unsigned char)text[i] : 0);
	return rank;
}

/* As i;ascii-casemap compares (RFC 4790 section 9.2): in capitals. */
static char *in_capitals(const char *text, size_t len, struct arena *mem)
{
	char *capitals = arena_strndup(mem, text, len);

	for (char *c = capitals; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c -= 'a' - 'A';
	return capitals;
}

static struct jmap_key text_key(const char *given, struct arena *mem)
{
	size_t len = strlen(given);
	const char *text = in_capitals(given, len, mem);
	struct jmap_key key = {.rank = rank_of(text, len), .text = ""};

	if (len > 8)
		key.more = rank_of(text + 8, len - 8);
	if (len > 16)
		key.text = text + 16;
	return key;
}

/* So that the order of the unsigned is that of the signed. */
static uint64_t signed_rank(int64_t value)
{
	return (uint64_t)value ^ (UINT64_C(1) << 63);
}

static struct jmap_key key_of(const struct jmap_type *type,
                              const struct jmap_sort *sort, const void *facts,
                              struct arena *mem)
{
	const void *field = (const char *)facts + sort->offset;

	switch (sort->field) {
	case FIELD_TEXT:
		return text_key(field, mem);
	case FIELD_INT64:
		return (struct jmap_key){
			.rank = signed_rank(*(const int64_t *)field)};
	case FIELD_UINT64:
		return (struct jmap_key){.rank = *(const uint64_t *)field};
	case FIELD_INT32:
		return (struct jmap_key){
			.rank = signed_rank(*(const int32_t *)field)};
	case FIELD_ID:
		break;
	}
	return type->walk.id_key(facts, mem);
}

static struct jmap_key *row_at(const struct query *query, size_t index)
{
	return &query->keys[index * query->width];
}

static void make_row(const struct query *query, const void *facts,
                     struct jmap_key *row, struct arena *mem)
{
	row[0] = query->type->walk.id_key(facts, mem);
	for (size_t i = 0; i < query->comparator_count; i++)
		row[i + 1] = key_of(query->type, query->comparators[i].sort,
		                    facts, mem);
}

static int compare_keys(const struct jmap_key *a, const struct jmap_key *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->more != b->more)
		return a->more < b->more ? -1 : 1;
	return a->text != NULL && b->text != NULL ? strcmp(a->text, b->text)
	                                          : 0;
}

/* What is equal in everything asked for stands by its id, so that the order
 * is the same each time. */
static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct jmap_key *a = left, *b = right;
	const struct query *query = arg;

	for (size_t i = 0; i < query->comparator_count; i++) {
		int order = compare_keys(&a[i + 1], &b[i + 1]);

		if (order != 0)
			return query->comparators[i].descending ? -order
			                                        : order;
	}
	return compare_keys(&a[0], &b[0]);
}

static void sort_rows(struct query *query)
{
	if (query->comparator_count > 0 && query->count > 0)
		qsort_r(query->keys, query->count,
		        query->width * sizeof(*query->keys), compare_rows,
		        query);
}

/* Room for one more: rows that are past those wanted go first, once there are
 * as many of them. */
static void make_room(struct query *query)
{
	if (query->count < query->room)
		return;
	if (query->wanted <= query->count / 2) {
		sort_rows(query);
		query->count = query->wanted;
		query->was_cut = true;
		return;
	}
	query->room = query->room ? 2 * query->room : 1024;
	query->keys = xrealloc(query->keys, query->room,
	                       query->width * sizeof(*query->keys));
}

/* Of a million rows nearly all stand behind the last one that is wanted. */
static bool is_past(struct query *query, const void *facts)
{
	struct jmap_key row[1 + COMPARATORS_MAX];

	if (!query->was_cut)
		return query->wanted == 0;
	arena_reset(&query->row_mem);
	make_row(query, facts, row, &query->row_mem);
	return compare_rows(row, row_at(query, query->wanted - 1), query) > 0;
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
	if (is_past(query, facts))
		return true;
	make_room(query);
	make_row(query, facts, row_at(query, query->count++), &query->keys_mem);
	return true;
}

static void again(struct jmap_scan *scan)
{
	struct query *query = (struct query *)scan;

	query->count = 0;
	query->total = 0;
	query->was_cut = false;
	arena_reset(&query->keys_mem);
}

/* --- which rows --- */

/* How many rows of the result the window needs; SIZE_MAX: all. */
static size_t rows_wanted(const struct query *query)
{
	if (query->anchor != NULL || query->position < 0 || query->limit < 0 ||
	    query->limit > QUERY_LIMIT ||
	    query->position > INT64_MAX - QUERY_LIMIT)
		return SIZE_MAX;
	return (size_t)(query->position + query->limit);
}

/* Is the result in the order of days, of which none but the filter's bounds
 * tells which they are? */
static bool goes_by_days(const struct query *query)
{
	return query->type->walk.count_within != NULL &&
	       query->wanted != SIZE_MAX &&
	       (query->comparator_count == 0 ||
	        strcmp(query->comparators[0].sort->property, "day") == 0) &&
	       jmap_filter_is_of_days(query->filter);
}

/* Day by day, until there are enough.  1; 0: it changed meanwhile. */
static int scan_days(struct query *query, struct db *db,
                     struct jmap_bounds bounds, char state[JMAP_STATE_TEXT],
                     struct err *err)
{
	bool down =
		query->comparator_count > 0 && query->comparators[0].descending;
	struct db_txn *txn = db_begin_read(db);
	uint64_t total = query->type->walk.count_within(txn, &bounds);
	int32_t days = bounds.last_day - bounds.first_day + 1;
	char now[JMAP_STATE_TEXT];
	int rc;

	jmap_state_now(txn, query->type, state);
	rc = db_failure(txn, err);
	db_abort(&txn);
	again(&query->scan);
	for (int32_t i = 0; i < days && rc == 0 && !query->over &&
	                    query->total < query->wanted;
	     i++) {
		struct jmap_bounds one = bounds;

		one.first_day = one.last_day =
			down ? bounds.last_day - i : bounds.first_day + i;
		query->scan.bounds = &one;
		rc = jmap_scan_all(db, query->type, &query->scan, now, err);
		if (rc == 0 && strcmp(now, state) != 0)
			return 0;
	}
	query->total = total;
	return rc < 0 ? rc : 1;
}

/* --- the window --- */

static bool find_anchor(struct query *query, struct jmap_failure *failure)
{
	char id[JMAP_ID_TEXT];

	for (size_t i = 0; i < query->count; i++) {
		query->type->walk.id_text(row_at(query, i), id);
		if (strcmp(id, query->anchor) == 0) {
			query->position = (int64_t)i + query->anchor_offset;
			if (query->position < 0)
				query->position = 0;
			return true;
		}
	}
	jmap_fail(failure, "anchorNotFound", "'%.60s' is not in the results",
	          query->anchor);
	return false;
}

static json_t *window(struct query *query)
{
	json_t *ids = json_array();
	int64_t total = (int64_t)query->count, most = query->limit;
	char id[JMAP_ID_TEXT];

	if (query->position < 0)
		query->position += total;
	if (query->position < 0)
		query->position = 0;
	if (most < 0 || most > QUERY_LIMIT)
		most = QUERY_LIMIT;
	for (int64_t i = query->position; i < total && most > 0; i++, most--) {
		query->type->walk.id_text(row_at(query, (size_t)i), id);
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
	        (int64_t)query->total - query->position > QUERY_LIMIT);
}

static int scan_rows(struct query *query, struct db *db,
                     char state[JMAP_STATE_TEXT], struct err *err)
{
	struct jmap_bounds bounds =
		jmap_filter_bounds(query->filter, &query->mem);
	int rc = goes_by_days(query) ? scan_days(query, db, bounds, state, err)
	                             : 0;

	if (rc != 0)
		return rc;
	query->scan.bounds = &bounds;
	again(&query->scan);
	return jmap_scan_all(db, query->type, &query->scan, state, err);
}

static json_t *answer(struct query *query, struct db *db,
                      struct jmap_failure *failure)
{
	json_t *response, *ids;
	char state[JMAP_STATE_TEXT];
	struct err err;

	query->width = 1 + query->comparator_count;
	query->wanted = rows_wanted(query);
	query->scan = (struct jmap_scan){.visit = take_row, .again = again};
	if (scan_rows(query, db, state, &err) < 0)
		return jmap_fail_store(failure, &err);
	if (query->over)
		return jmap_fail_over(
			failure, "unsupportedFilter", query->run,
			"use fewer conditions, or a separate request");
	sort_rows(query);
	if (query->anchor != NULL && !find_anchor(query, failure))
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
	arena_init(&query.keys_mem);
	arena_init(&query.row_mem);
	if (read_args(&query, args, failure))
		response = answer(&query, run->jmap->db, failure);
	free(query.keys);
	arena_clear(&query.mem);
	arena_clear(&query.keys_mem);
	arena_clear(&query.row_mem);
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
