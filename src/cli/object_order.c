#include "cli/object_order.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json_lax.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "cli/object_field.h"
#include "cli/object_pointer.h"
#include "cli/object_type.h"
#include "jmap/jmap_filter.h"
#include "show/doc.h"

/* --- lists with commas --- */

static bool has(const json_t *list, const json_t *text)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (json_equal(item, text))
			return true;
	}
	return false;
}

json_t *object_order_names(const char *text)
{
	struct span rest = span_of(text), part;
	json_t *list = json_array();
	bool more = text[0] != '\0';

	while (more) {
		auto_(json_free) json_t *item = NULL;

		more = span_split(&rest, ',', &part);
		part = span_trim(part);
		/* what is no UTF-8 is no name of anything either */
		item = json_stringn(part.at, part.len);
		if (item == NULL)
			item = json_string("?");
		if (!has(list, item))
			json_array_append(list, item);
	}
	return list;
}

/* The operands, each once, or those of --ids; NULL: neither. */
static json_t *given_ids(const struct cli_args *args)
{
	json_t *ids;

	if (args->object.ids != NULL)
		return object_order_names(args->object.ids);
	if (args->object_ids.count == 0)
		return NULL;
	ids = json_array();
	for (size_t i = 0; i < args->object_ids.count; i++) {
		auto_(json_free) json_t *id =
			json_string(args->object_ids.at[i]);

		if (!has(ids, id))
			json_array_append(ids, id);
	}
	return ids;
}

static int check_ids(const json_t *ids, struct err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (ids, i, item) {
		const char *id = json_string_value(item);

		if (id == NULL || !jmap_request_is_id(id))
			return err_set(err, ERR_PARSE,
			               "'%.60s' is not an id (A-Z a-z 0-9 - _)",
			               id ? id : "?");
	}
	return 0;
}

static int read_ids(const struct cli_args *args, struct object_order *order,
                    struct err *err)
{
	bool has_operand = args->object_ids.count > 0;

	if (has_operand && args->object.ids != NULL)
		return err_set(
			err, ERR_PARSE,
			"specify an id after the type, or --ids, but not both");
	if (has_operand && args->object.has_limit)
		return err_set(err, ERR_PARSE,
		               "specify only one of an id and --limit");
	order->ids = given_ids(args);
	if (order->ids != NULL && json_array_size(order->ids) == 0)
		return err_set(err, ERR_PARSE, "--ids: missing ids");
	order->is_one = has_operand && json_array_size(order->ids) == 1;
	return check_ids(order->ids, err);
}

static int check_some(const struct object_order *order, struct err *err)
{
	auto_(json_free) json_t *state =
		json_string(order->if_in_state ? order->if_in_state : "");

	if (state == NULL)
		return err_set(err, ERR_PARSE, "--if-in-state: not UTF-8");
	if (order->ids == NULL &&
	    (order->verb == OBJECT_UPDATE || order->verb == OBJECT_DELETE))
		return err_set(err, ERR_PARSE,
		               "no object specified: use an id after the type, "
		               "or --ids A,B");
	return 0;
}

static int read_fields(const struct cli_args *args, struct object_order *order,
                       struct err *err)
{
	json_t *item;
	size_t i;

	if (args->object.fields == NULL)
		return 0;
	order->fields = object_order_names(args->object.fields);
	json_array_foreach (order->fields, i, item) {
		const char *name = json_string_value(item);
		auto_(strbuf_clear) struct strbuf choices = {0};

		if (jmap_has_property(order->type, name))
			continue;
		object_pointer_choices(order->type->show.table, name, &choices);
		return err_set(err, ERR_PARSE,
		               "--fields: unknown field '%.60s'%s", name,
		               strbuf_text(&choices));
	}
	return json_array_size(order->fields) > 0
	               ? 0
	               : err_set(err, ERR_PARSE, "--fields: missing fields");
}

/* --- what is given --- */

static bool is_list(const json_t *given)
{
	json_t *item;
	size_t i;

	json_array_foreach (given, i, item) {
		if (!json_is_object(item))
			return false;
	}
	return json_array_size(given) > 0;
}

static int read_given_file(const struct cli_args *args,
                           struct object_order *order, struct err *err)
{
	const char *path = args->object.file;
	const char *name = path ? path : "standard input";
	auto_(strbuf_clear) struct strbuf text = {.cap = JMAP_MAX_REQUEST};
	auto_(xfree_str) char *safe = NULL;
	struct err why = {0};

	if (path != NULL && io_read_file(path, &text, err) < 0)
		return ERR_IO;
	if (path == NULL && io_read_all(STDIN_FILENO, &text) < 0)
		return err_errno(err, ERR_IO, "standard input");
	if (text.failed)
		return err_set(err, ERR_LIMIT, "%s: longer than %d bytes", name,
		               JMAP_MAX_REQUEST);
	order->given = json_lax_read(strbuf_text(&text), text.len, 0, &why);
	if (order->given == NULL) {
		/* it may quote the file, which is maybe a stranger's */
		safe = doc_safe_text(why.text);
		return err_set(err, ERR_PARSE, "%s: %s", name, safe);
	}
	if (!json_is_object(order->given) && !is_list(order->given))
		return err_set(err, ERR_PARSE,
		               "%s: neither a JSON object nor an array of them",
		               name);
	return 0;
}

/* Objects as they were printed have their ids in them. */
static int take_ids(struct object_order *order, struct err *err)
{
	json_t *item, *id = json_object_get(order->given, "id");
	size_t i;

	if (json_is_object(order->given) && order->ids == NULL &&
	    json_is_string(id))
		order->ids = json_pack("[O]", id);
	if (json_is_object(order->given))
		return check_ids(order->ids, err);
	if (order->ids != NULL)
		return err_set(err, ERR_PARSE,
		               "an array of objects has their ids: specify no "
		               "others");
	order->ids = json_array();
	json_array_foreach (order->given, i, item) {
		id = json_object_get(item, "id");
		if (!json_is_string(id))
			return err_set(err, ERR_PARSE, "[%zu]: no id", i);
		if (has(order->ids, id))
			return err_set(err, ERR_PARSE,
			               "[%zu]: an id that was there before", i);
		json_array_append(order->ids, id);
	}
	return check_ids(order->ids, err);
}

/* One object or patch: the fields are added, and then it is checked. */
static int complete_one(const struct cli_args *args,
                        const struct object_order *order, json_t *one,
                        struct err *err)
{
	const struct cli_list *list = &args->object.field;
	bool is_patch = order->verb == OBJECT_UPDATE;

	for (size_t i = 0; i < list->count; i++)
		if (object_field_add(order->type->show.table, list->at[i],
		                     is_patch, one, err) < 0)
			return err_prefix(err, "--field");
	return object_field_check(order->type->show.table, one, is_patch, err);
}

static int read_given(const struct cli_args *args, struct object_order *order,
                      struct err *err)
{
	json_t *item;
	size_t i;

	if (args->object.file == NULL && !args->object.from_stdin)
		order->given = json_object();
	else if (read_given_file(args, order, err) < 0)
		return err->class;
	if (order->verb == OBJECT_UPDATE && take_ids(order, err) < 0)
		return err->class;
	if (json_is_object(order->given))
		return complete_one(args, order, order->given, err);
	json_array_foreach (order->given, i, item) {
		if (complete_one(args, order, item, err) < 0)
			return err_prefix(err, "[%zu]", i);
	}
	return 0;
}

/* --- which, and in what order --- */

/* "status=failed", or a filter in JSON. */
static json_t *read_condition(const struct jmap_type *type, const char *text,
                              struct err *err)
{
	const struct jmap_condition *row = type->walk.conditions;
	auto_(xfree_str) char *name = NULL;
	const char *equals = strchr(text, '=');
	json_t *condition, *value;
	uint64_t number;

	if (text[0] == '{')
		return json_lax_read(text, strlen(text), 0, err);
	if (equals == NULL || equals == text) {
		err_set(err, ERR_PARSE,
		        "'%.60s' is neither NAME=VALUE nor a filter in JSON",
		        text);
		return NULL;
	}
	name = xstrndup(text, (size_t)(equals - text));
	value = json_string(++equals);
	while (row->name != NULL && strcmp(row->name, name) != 0)
		row++;
	if (row->name != NULL && row->match == MATCH_HAS &&
	    (strcmp(equals, "true") == 0 || strcmp(equals, "false") == 0)) {
		json_decref(value);
		value = json_boolean(equals[0] == 't');
	}
	if (row->name != NULL && row->match == MATCH_AT_LEAST &&
	    json_uint_parse(equals, &number) && number <= INT64_MAX) {
		json_decref(value);
		value = json_integer((json_int_t)number);
	}
	condition = json_object();
	if (value == NULL || json_object_set_new(condition, name, value) < 0) {
		err_set(err, ERR_PARSE, "not UTF-8");
		json_free(&condition);
	}
	return condition;
}

/* By the reader that the server has, too. */
static int check_filter(const struct object_order *order, struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	struct jmap_failure failure = {0};
	const char *words = failure.description;

	if (jmap_filter_read(order->type, order->filter, &mem, &failure) !=
	    NULL)
		return 0;
	if (strncmp(words, "filter: ", 8) == 0)
		words += 8;
	return err_set(err, ERR_PARSE, "--where: %s", words);
}

static int read_where(const struct cli_args *args, struct object_order *order,
                      struct err *err)
{
	const struct cli_list *list = &args->object.where;
	auto_(json_free) json_t *all = json_array();

	for (size_t i = 0; i < list->count; i++) {
		json_t *one = read_condition(order->type, list->at[i], err);

		if (one == NULL)
			return err_prefix(err, "--where");
		json_array_append_new(all, one);
	}
	if (list->count == 1)
		order->filter = json_incref(json_array_get(all, 0));
	else if (list->count > 1)
		order->filter = json_pack("{s:s,s:O}", "operator", "AND",
		                          "conditions", all);
	return order->filter ? check_filter(order, err) : 0;
}

static int unknown_sort(const struct jmap_type *type, const char *name,
                        struct err *err)
{
	auto_(strbuf_clear) struct strbuf names = {0};

	for (const struct jmap_sort *row = type->walk.sorts;
	     row->property != NULL; row++)
		strbuf_printf(&names, "%s%s", names.len > 0 ? ", " : "",
		              row->property);
	return err_set(err, ERR_PARSE,
	               "--sort: '%.60s' is not one of %s (a leading - sorts in "
	               "descending order)",
	               name, strbuf_text(&names));
}

/* "-failures,domain" */
int object_order_sort(struct object_order *order, const char *text,
                      struct err *err)
{
	const struct jmap_type *type = order->type;
	auto_(json_free) json_t *names = NULL;
	json_t *item;
	size_t i;

	if (text == NULL)
		return 0;
	names = object_order_names(text);
	order->sort = json_array();
	json_array_foreach (names, i, item) {
		const char *name = json_string_value(item);
		const struct jmap_sort *row = type->walk.sorts;
		bool down = name[0] == '-';

		name += down;
		while (row->property != NULL &&
		       strcmp(row->property, name) != 0)
			row++;
		if (row->property == NULL)
			return unknown_sort(type, name, err);
		json_array_append_new(order->sort,
		                      json_pack("{s:s,s:b}", "property", name,
		                                "isAscending", (int)!down));
	}
	return 0;
}

/* --- the whole --- */

/* Does the type have this at all? */
static int check_verb(const struct object_order *order, struct err *err)
{
	const struct jmap_type *type = order->type;
	bool can = order->verb == OBJECT_CREATE ? type->edit.plan_create != NULL
	           : order->verb == OBJECT_UPDATE
	                   ? type->edit.plan_update != NULL
	           : order->verb == OBJECT_DELETE ? type->edit.destroy != NULL
	                                          : true;

	if (can)
		return 0;
	return !jmap_can_set(type)
	               ? err_set(err, ERR_PARSE,
	                         "%s: these objects are read-only: use get or "
	                         "query",
	                         type->show.word)
	               : err_set(err, ERR_PARSE,
	                         "%s: these objects can only be %s",
	                         type->show.word,
	                         type->edit.apply != NULL ? "updated"
	                                                  : "deleted");
}

int object_order_read(const struct cli_args *args, enum object_verb verb,
                      struct object_order *order, struct err *err)
{
	*order = (struct object_order){
		.verb = verb,
		.type = args->type,
		.if_in_state = args->object.if_in_state,
		.position = args->object.position,
		.limit = args->object.has_limit ? args->object.limit : -1,
	};
	if (check_verb(order, err) < 0 || read_ids(args, order, err) < 0 ||
	    read_fields(args, order, err) < 0 ||
	    read_where(args, order, err) < 0 ||
	    object_order_sort(order, args->object.sort, err) < 0)
		return err->class;
	if ((verb == OBJECT_CREATE || verb == OBJECT_UPDATE) &&
	    read_given(args, order, err) < 0)
		return err->class;
	return check_some(order, err);
}

void object_order_clear(struct object_order *order)
{
	json_free(&order->ids);
	json_free(&order->fields);
	json_free(&order->given);
	json_free(&order->filter);
	json_free(&order->sort);
}

/* --- arguments --- */

static json_t *part_of(const json_t *list, size_t from, size_t count)
{
	json_t *part = json_array();

	for (size_t i = from; i < from + count; i++)
		json_array_append(part, json_array_get(list, i));
	return part;
}

json_t *object_order_get(const struct object_order *order, const json_t *ids,
                         size_t from, size_t count, const json_t *fields)
{
	json_t *args = json_object();

	(void)order;
	json_object_set_new(args, "ids",
	                    ids ? part_of(ids, from, count) : json_null());
	if (fields != NULL)
		json_object_set_new(args, "properties", json_deep_copy(fields));
	return args;
}

json_t *object_order_query(const struct object_order *order, int64_t position,
                           int64_t limit)
{
	json_t *args = json_object();

	if (order->filter != NULL)
		json_object_set(args, "filter", order->filter);
	if (order->sort != NULL)
		json_object_set(args, "sort", order->sort);
	if (position != 0)
		json_object_set_new(args, "position", json_integer(position));
	if (limit >= 0)
		json_object_set_new(args, "limit", json_integer(limit));
	return args;
}

const char *object_order_name(const struct object_order *order, size_t i,
                              char out[OBJECT_NAME_TEXT])
{
	if (order->verb != OBJECT_CREATE)
		return json_string_value(json_array_get(order->ids, i));
	snprintf(out, OBJECT_NAME_TEXT, "new-%zu", i);
	return json_is_array(order->given) ? out : "new";
}

size_t object_order_count(const struct object_order *order)
{
	if (order->verb != OBJECT_CREATE)
		return json_array_size(order->ids);
	return json_is_array(order->given) ? json_array_size(order->given) : 1;
}

json_t *object_order_given(const struct object_order *order, size_t i)
{
	return json_is_array(order->given) ? json_array_get(order->given, i)
	                                   : order->given;
}

json_t *object_order_set(const struct object_order *order, size_t from,
                         size_t count, const char *state)
{
	json_t *args = json_object(), *some = json_object();
	char name[OBJECT_NAME_TEXT];

	if (state != NULL)
		json_object_set_new(args, "ifInState", json_string(state));
	if (order->verb == OBJECT_DELETE) {
		json_decref(some);
		json_object_set_new(args, "destroy",
		                    part_of(order->ids, from, count));
		return args;
	}
	for (size_t i = from; i < from + count; i++)
		json_object_set(some, object_order_name(order, i, name),
		                object_order_given(order, i));
	json_object_set_new(
		args, order->verb == OBJECT_CREATE ? "create" : "update", some);
	return args;
}
