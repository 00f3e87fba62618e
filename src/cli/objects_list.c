/* get and query: what is printed. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/listing.h"
#include "cli/object_print.h"
#include "cli/object_type.h"
#include "cli/objects.h"
#include "show/doc.h"

enum { MISSING_SHOWN = 5 };

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

/* For --if-in-state. */
static int print_state(struct objects_job *job, struct err *err)
{
	auto_(json_free) json_t *response = NULL, *none = json_array();
	auto_(xfree_str) char *safe = NULL;
	const char *state;

	if (objects_call(job, "get",
	                 object_order_get(job->order, none, 0, 0, NULL),
	                 &response, err) < 0)
		return err->class;
	state = json_string_value(json_object_get(response, "state"));
	if (state == NULL)
		return err_set(err, ERR_PARSE,
		               "the server did not return a state");
	safe = doc_safe_text(state);
	strbuf_printf(&job->cli->out, "%s\n", safe);
	return 0;
}

/* --- printing --- */

/* A list of them, as the order and the type have it. */
struct many {
	struct listing list;
	json_t *fields; /* that are shown */
	char *names;
	struct table_column *columns;
};

static void many_init(struct many *many, struct objects_job *job)
{
	const struct jmap_type *type = job->order->type;

	many->fields = columns_of(job);
	many->names = object_print_names(many->fields);
	many->columns = object_print_columns(type, many->fields);
	many->list = (struct listing){
		.cli = job->cli,
		.names = many->names,
		.columns = many->columns,
		.column_count = json_array_size(many->fields),
	};
}

static void many_clear(struct many *many)
{
	json_decref(many->fields);
	free(many->names);
	free(many->columns);
}

static void end_many(struct many *many)
{
	struct cli *cli = many->list.cli;

	listing_end(&many->list);
	if (many->list.printed == 0 && !cli->args.json && !cli->args.csv &&
	    cli_is_talkative(cli))
		strbuf_puts(&cli->out, "none\n");
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

static int print_part(struct objects_job *job, json_t *objects, struct err *err)
{
	struct many *many = job->arg;

	return listing_add(&many->list, objects, 0, err);
}

int objects_query(struct objects_job *job, struct err *err)
{
	auto_(json_free) json_t *fields = fields_of(job);
	auto_(many_clear) struct many many = {.fields = NULL};
	int rc;

	if (job->cli->args.object.count)
		return count(job, err);
	if (job->cli->args.object.state)
		return print_state(job, err);
	many_init(&many, job);
	job->each_part = print_part;
	job->arg = &many;
	rc = objects_each(job, fields, err);
	if (rc == 0 || many.list.printed > 0)
		end_many(&many);
	return rc;
}

/* All of them: by one call when it takes them, else, and where they are
 * limited, as query does. */
static int get_all(struct objects_job *job, struct err *err)
{
	auto_(json_free) json_t *fields = fields_of(job);
	auto_(json_free) json_t *objects = json_array();
	auto_(json_free) json_t *none = json_array();
	auto_(many_clear) struct many many = {.fields = NULL};
	int rc = job->order->limit >= 0
	                 ? ERR_LIMIT
	                 : objects_load(job, NULL, fields, objects, none, err);

	if (rc == ERR_LIMIT)
		return objects_query(job, err);
	if (rc < 0)
		return rc;
	many_init(&many, job);
	rc = listing_add(&many.list, objects, 0, err);
	end_many(&many);
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
	else if (!job->order->is_one)
		doc_print(objects, out);
	else if (json_array_size(objects) > 0)
		doc_print(json_array_get(objects, 0), out);
	return rc < 0 ? rc : say_missing(missing, err);
}
