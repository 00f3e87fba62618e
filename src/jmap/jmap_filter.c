#include "jmap/jmap_filter.h"

#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/nearest.h"

enum operator{ OPERATOR_AND, OPERATOR_OR, OPERATOR_NOT, CONDITION };

struct jmap_filter {
	enum operator operator;
	const struct jmap_filter **parts;
	size_t part_count;
	/* CONDITION */
	const struct jmap_condition *condition;
	const char *text;
	const char *domain; /* MATCH_CONTAINS: the text's canonical form */
	int64_t number;     /* a time, a day, a word's enum, a bool */
};

struct reading {
	const struct jmap_type *type;
	struct arena *mem;
	struct jmap_failure *failure;
	unsigned count; /* operators and conditions so far */
};

/* Each is looked at for each object: a request has room for 100,000. */
enum { PARTS_MAX = 256 };

static bool count_part(struct reading *in)
{
	if (++in->count <= PARTS_MAX)
		return true;
	jmap_fail(in->failure, "unsupportedFilter",
	          "filter: more than %d operators and conditions", PARTS_MAX);
	return false;
}

static bool wrong(struct reading *in, const char *name, const char *words)
{
	jmap_fail(in->failure, "invalidArguments", "filter: %.60s: %s", name,
	          words);
	return false;
}

static void *refuse_name(struct reading *in, const char *name)
{
	auto_(strbuf_clear) struct strbuf names = {0};
	struct nearest nearest = nearest_to(name);
	char ask[NEAREST_ASK];

	for (const struct jmap_condition *row = in->type->walk.conditions;
	     row->name != NULL; row++) {
		nearest_offer(&nearest, row->name);
		strbuf_printf(&names, "%s%s", names.len > 0 ? ", " : "",
		              row->name);
	}
	if (nearest.name == NULL)
		return jmap_fail(in->failure, "unsupportedFilter",
		                 "filter: %s has no '%.60s', only %s",
		                 in->type->name, name, strbuf_text(&names));
	return jmap_fail(in->failure, "unsupportedFilter",
	                 "filter: %s has no '%.60s'%s", in->type->name, name,
	                 nearest_ask(&nearest, ask));
}

/* "filter: status: 'x' is not one of pending, deferred" */
static bool read_word(struct reading *in, struct jmap_filter *filter)
{
	const struct jmap_condition *row = filter->condition;
	auto_(strbuf_clear) struct strbuf words = {0};

	filter->number = word_find_dashed(row->words, filter->text);
	if (filter->number >= 0)
		return true;
	word_list(row->words, &words);
	jmap_fail(in->failure, "invalidArguments",
	          "filter: %s: '%.60s' is not one of %s", row->name,
	          filter->text, strbuf_text(&words));
	return false;
}

static bool read_value(struct reading *in, json_t *value,
                       struct jmap_filter *filter)
{
	const char *name = filter->condition->name;
	const char *text = json_string_value(value);
	char domain[DOMAIN_TEXT];
	struct err err;
	int32_t day;

	if (filter->condition->match == MATCH_HAS) {
		if (!json_is_boolean(value))
			return wrong(in, name, "neither true nor false");
		filter->number = json_is_true(value);
		return true;
	}
	if (filter->condition->match == MATCH_AT_LEAST) {
		filter->number = json_integer_value(value);
		return (json_is_integer(value) && filter->number >= 0) ||
		       wrong(in, name, "not a number from 0 on");
	}
	if (text == NULL)
		return wrong(in, name, "not a string");
	filter->text = arena_strdup(in->mem, text);
	switch (filter->condition->match) {
	case MATCH_WORD:
	case MATCH_LOOKED_UP:
		return read_word(in, filter);
	case MATCH_BEFORE:
	case MATCH_AFTER:
	case MATCH_AT:
	case MATCH_PAST:
	case MATCH_UNTIL:
		return day_parse_utc(text, &filter->number, &err) == 0 ||
		       wrong(in, name, err.text);
	case MATCH_DAY:
	case MATCH_DAY_BEFORE:
	case MATCH_DAY_AFTER:
		if (day_parse(text, &day, &err) < 0)
			return wrong(in, name, err.text);
		filter->number = day;
		return true;
	case MATCH_CONTAINS:
		/* a U-label, or a domain with its final dot */
		if (domain_canonical(text, strlen(text), domain, NULL) == 0)
			filter->domain = arena_strdup(in->mem, domain);
		return true;
	default:
		return true;
	}
}

/* Does it read more than the facts? */
static bool looks_up(const struct jmap_filter *filter)
{
	if (filter->operator== CONDITION)
		return filter->condition->holds != NULL;
	for (size_t i = 0; i < filter->part_count; i++)
		if (looks_up(filter->parts[i]))
			return true;
	return false;
}

/* Parts that look something up come last, so that it is looked up only of what
 * the others leave: with the days of a month, one month's destinations. */
static void put_last_what_looks_up(struct jmap_filter *filter,
                                   struct arena *mem)
{
	const struct jmap_filter **sorted =
		arena_array(mem, filter->part_count, sizeof(*sorted));
	size_t count = 0;

	for (int last = 0; last < 2; last++)
		for (size_t i = 0; i < filter->part_count; i++)
			if (looks_up(filter->parts[i]) == (last == 1))
				sorted[count++] = filter->parts[i];
	filter->parts = sorted;
}

static const struct jmap_filter *read_condition(struct reading *in,
                                                json_t *json)
{
	struct jmap_filter *all = arena_alloc(in->mem, sizeof(*all));
	const char *name;
	json_t *value;

	all->operator= OPERATOR_AND;
	all->parts = arena_array(in->mem, json_object_size(json),
	                         sizeof(struct jmap_filter *));
	json_object_foreach (json, name, value) {
		const struct jmap_condition *row = in->type->walk.conditions;
		struct jmap_filter *part = arena_alloc(in->mem, sizeof(*part));

		if (!count_part(in))
			return NULL;
		while (row->name != NULL && strcmp(row->name, name) != 0)
			row++;
		if (row->name == NULL)
			return refuse_name(in, name);
		part->operator= CONDITION;
		part->condition = row;
		if (!read_value(in, value, part))
			return NULL;
		all->parts[all->part_count++] = part;
	}
	put_last_what_looks_up(all, in->mem);
	return all;
}

static const struct jmap_filter *read_filter(struct reading *in, json_t *json);

static const struct jmap_filter *read_operator(struct reading *in, json_t *json)
{
	static const char *const words[] = {"AND", "OR", "NOT"};
	const char *word = json_string_value(json_object_get(json, "operator"));
	json_t *conditions = json_object_get(json, "conditions"), *item;
	struct jmap_filter *filter = arena_alloc(in->mem, sizeof(*filter));
	size_t i;

	while (filter->operator < CONDITION &&
	       (word == NULL || strcmp(words[filter->operator], word) != 0))
		filter->operator++;
	if (filter->operator== CONDITION)
		return jmap_fail(in->failure, "invalidArguments",
		                 "filter: operator: not one of AND, OR, NOT");
	if (!json_is_array(conditions))
		return jmap_fail(in->failure, "invalidArguments",
		                 "filter: conditions: not an array");
	if (json_object_size(json) != 2)
		return jmap_fail(
			in->failure, "invalidArguments",
			"filter: only conditions may accompany an operator");
	filter->parts = arena_array(in->mem, json_array_size(conditions),
	                            sizeof(struct jmap_filter *));
	json_array_foreach (conditions, i, item) {
		filter->parts[i] = read_filter(in, item);
		if (filter->parts[i] == NULL)
			return NULL;
	}
	filter->part_count = json_array_size(conditions);
	put_last_what_looks_up(filter, in->mem);
	return filter;
}

/* As deep as the request, which its reader bounds. */
static const struct jmap_filter *read_filter(struct reading *in, json_t *json)
{
	if (!json_is_object(json))
		return jmap_fail(in->failure, "invalidArguments",
		                 "filter: not an object");
	if (!count_part(in))
		return NULL;
	return json_object_get(json, "operator") != NULL
	               ? read_operator(in, json)
	               : read_condition(in, json);
}

const struct jmap_filter *jmap_filter_read(const struct jmap_type *type,
                                           json_t *json, struct arena *mem,
                                           struct jmap_failure *failure)
{
	struct reading in = {.type = type, .mem = mem, .failure = failure};

	if (json == NULL || json_is_null(json))
		return arena_alloc(mem, sizeof(struct jmap_filter));
	return read_filter(&in, json);
}

static bool contains(const struct jmap_filter *filter, struct db_txn *txn,
                     const void *facts)
{
	const struct jmap_condition *row = filter->condition;
	const char *field = (const char *)facts + row->offset;
	const char *other = (const char *)facts + row->other;

	return strcasestr(field, filter->text) != NULL ||
	       (filter->domain != NULL &&
	        strcasestr(field, filter->domain) != NULL) ||
	       (row->other != 0 && strcasestr(other, filter->text) != NULL) ||
	       (row->holds != NULL &&
	        (row->holds(txn, facts, 0, filter->text) ||
	         (filter->domain != NULL &&
	          row->holds(txn, facts, 0, filter->domain))));
}

static bool condition_holds(const struct jmap_filter *filter,
                            struct db_txn *txn, const void *facts)
{
	const struct jmap_condition *row = filter->condition;
	const char *at = (const char *)facts + row->offset;
	const void *field = at;

	switch (row->match) {
	case MATCH_EQUAL:
		return strcasecmp(at, filter->text) == 0;
	case MATCH_CONTAINS:
		return contains(filter, txn, facts);
	case MATCH_WORD:
		return *(const int *)field == filter->number;
	case MATCH_LOOKED_UP:
	case MATCH_TEXT_LOOKED_UP:
		return row->holds(txn, facts, (int)filter->number,
		                  filter->text);
	case MATCH_BEFORE:
		return *(const int64_t *)field < filter->number;
	case MATCH_AFTER:
		return *(const int64_t *)field >= filter->number;
	case MATCH_AT:
		return *(const int64_t *)field == filter->number;
	case MATCH_PAST:
		return *(const int64_t *)field > filter->number;
	case MATCH_UNTIL:
		return *(const int64_t *)field <= filter->number;
	case MATCH_HAS:
		return (*(const uint64_t *)field > 0) == (filter->number != 0);
	case MATCH_AT_LEAST:
		return *(const uint64_t *)field >= (uint64_t)filter->number;
	case MATCH_DAY:
		return *(const int32_t *)field == filter->number;
	case MATCH_DAY_BEFORE:
		return *(const int32_t *)field < filter->number;
	case MATCH_DAY_AFTER:
		return *(const int32_t *)field >= filter->number;
	}
	return false;
}

bool jmap_filter_takes(const struct jmap_filter *filter, struct db_txn *txn,
                       const void *facts)
{
	if (filter->operator== CONDITION)
		return condition_holds(filter, txn, facts);
	for (size_t i = 0; i < filter->part_count; i++) {
		bool takes = jmap_filter_takes(filter->parts[i], txn, facts);

		if (filter->operator== OPERATOR_AND && !takes)
			return false;
		if (filter->operator== OPERATOR_OR && takes)
			return true;
		if (filter->operator== OPERATOR_NOT && takes)
			return false;
	}
	return filter->operator!= OPERATOR_OR;
}

static void bound_days(struct jmap_bounds *bounds, int64_t first, int64_t last)
{
	if (first > bounds->first_day)
		bounds->first_day = (int32_t)first;
	if (last < bounds->last_day)
		bounds->last_day = (int32_t)last;
}

static void bound_domain(struct jmap_bounds *bounds, const char *text,
                         struct arena *mem)
{
	char domain[DOMAIN_TEXT];

	/* what is no domain may stand in the store in any case */
	if (domain_canonical(text, strlen(text), domain, NULL) == 0)
		bounds->domain = arena_strdup(mem, domain);
}

static bool wants_failures(const struct jmap_filter *filter)
{
	return filter->condition->match == MATCH_HAS && filter->number != 0 &&
	       strcmp(filter->condition->name, "hasFailures") == 0;
}

static void add_bounds(const struct jmap_filter *filter, struct arena *mem,
                       struct jmap_bounds *bounds)
{
	const struct jmap_condition *row = filter->condition;

	if (filter->operator== OPERATOR_AND)
		for (size_t i = 0; i < filter->part_count; i++)
			add_bounds(filter->parts[i], mem, bounds);
	if (filter->operator!= CONDITION)
		return;
	if (row->match == MATCH_DAY)
		bound_days(bounds, filter->number, filter->number);
	else if (row->match == MATCH_DAY_BEFORE)
		bound_days(bounds, 0, filter->number - 1);
	else if (row->match == MATCH_DAY_AFTER)
		bound_days(bounds, filter->number, INT32_MAX);
	else if (row->match == MATCH_EQUAL && strcmp(row->name, "domain") == 0)
		bound_domain(bounds, filter->text, mem);
	else if (wants_failures(filter))
		bounds->has_failures = true;
}

struct jmap_bounds jmap_filter_bounds(const struct jmap_filter *filter,
                                      struct arena *mem)
{
	struct jmap_bounds bounds = {.last_day = INT32_MAX};

	add_bounds(filter, mem, &bounds);
	return bounds;
}

bool jmap_filter_is_bounds(const struct jmap_filter *filter)
{
	if (filter->operator== CONDITION)
		return filter->condition->match == MATCH_DAY ||
		       filter->condition->match == MATCH_DAY_BEFORE ||
		       filter->condition->match == MATCH_DAY_AFTER ||
		       wants_failures(filter);
	for (size_t i = 0; i < filter->part_count; i++)
		if (!jmap_filter_is_bounds(filter->parts[i]))
			return false;
	return filter->operator== OPERATOR_AND;
}
