#include "cli/listing.h"

#include "base/auto.h"
#include "cli/answers.h"
#include "cli/csv.h"
#include "cli/objects.h"
#include "show/doc.h"

static void begin(struct listing *list, uint64_t all)
{
	struct strbuf *out = &list->cli->out;

	if (list->is_begun)
		return;
	list->is_begun = true;
	if (list->cli->args.json)
		doc_print_begin(list->doc, list->member, out);
	else if (list->cli->args.csv)
		strbuf_printf(out, "%s\r\n", list->names);
	else if (list->print_title != NULL)
		list->print_title(list->doc, all, out);
}

static void print_rows(struct listing *list, json_t *rows)
{
	struct strbuf *out = &list->cli->out;
	json_t *row;
	size_t i;

	if (list->cli->args.json) {
		doc_print_items(rows, list->member, list->printed == 0, out);
		return;
	}
	if (list->cli->args.csv) {
		csv_print_more(rows, list->names, out);
		return;
	}
	if (list->add_words != NULL)
		json_array_foreach (rows, i, row)
			list->add_words(row);
	doc_make_safe(rows);
	table_print_part(&list->table, rows, list->columns, list->column_count,
	                 "", out);
}

static void drop_unwanted(const struct listing *list, json_t *rows)
{
	uint64_t left = list->most - list->printed;

	for (size_t i = 0; i < json_array_size(rows);)
		if (i < left && list->wants(list->cli, json_array_get(rows, i)))
			i++;
		else
			json_array_remove(rows, i);
}

int listing_add(struct listing *list, json_t *rows, uint64_t all,
                struct err *err)
{
	json_t *row;
	size_t i;

	begin(list, all);
	if (list->wants != NULL)
		drop_unwanted(list, rows);
	if (list->add_members != NULL)
		json_array_foreach (rows, i, row)
			list->add_members(row);
	print_rows(list, rows);
	list->printed += json_array_size(rows);
	return cli_flush(list->cli, err);
}

void listing_end(struct listing *list)
{
	begin(list, 0);
	if (list->cli->args.json)
		doc_print_end(list->member, list->printed == 0,
		              &list->cli->out);
	table_parts_clear(&list->table);
}

static int add_part(struct objects_job *job, json_t *objects, struct err *err)
{
	return listing_add(job->arg, objects, job->total, err);
}

int listing_print(struct listing *list, struct object_order *order,
                  struct err *err)
{
	const struct cli_args *args = &list->cli->args;
	struct objects_job job = {
		.cli = list->cli,
		.order = order,
		.wants_total =
			list->print_title != NULL && !args->json && !args->csv,
		.each_part = add_part,
		.arg = list,
	};
	int rc;

	order->verb = OBJECT_QUERY;
	if (cli_answers_open(list->cli, order->type->capabilities, false, err) <
	    0)
		return err->class;
	rc = objects_each(&job, order->fields, err);
	if (rc == 0 || list->is_begun)
		listing_end(list);
	return rc;
}
