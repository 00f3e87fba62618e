/* tlstally domains: a day's domains, by name or the worst first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "words/words.h"
#include "show/doc.h"
#include "cli/table.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "store/paged.h"
#include "store/tally_table.h"

struct row {
	char *domain;
	uint64_t success, failure, late;
	uint32_t policies;
	enum tally_mark mark;
	char *reason;
};

struct rows {
	struct row *items;
	size_t count, room;
};

static void rows_clear(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free(rows->items[i].domain);
		free(rows->items[i].reason);
	}
	free(rows->items);
}

static void rows_add(struct rows *rows, const char *domain,
                     const struct tally_head *head)
{
	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 256;
		rows->items =
			xrealloc(rows->items, rows->room, sizeof(*rows->items));
	}
	rows->items[rows->count++] = (struct row){
		.domain = xstrdup(domain),
		.success = head->success,
		.failure = head->failure,
		.late = head->late_success + head->late_failure,
		.policies = head->policies,
		.mark = head->mark,
		.reason = xstrdup(head->reason),
	};
}

static int collect(struct cli *cli, int32_t day, struct rows *rows,
                   struct err *err)
{
	struct paged paged = {.db = cli->db};
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t at = day;

	while (tally_head_next(paged_txn(&paged), &at, domain, &head) &&
	       at == day)
		if (!cli->args.failures || head.failure + head.late_failure > 0)
			rows_add(rows, domain, &head);
	return paged_end(&paged, err);
}

/* Most failures first; of equal ones the name decides. */
static int by_failures(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->failure != y->failure)
		return x->failure < y->failure ? 1 : -1;
	return strcmp(x->domain, y->domain);
}

static void print_json(const struct rows *rows, int32_t day, struct strbuf *out)
{
	auto_(json_free) json_t *doc = json_object();
	json_t *list;

	doc_set_day(doc, "day", day);
	list = doc_array(doc, "domains");
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->items[i];
		json_t *item = doc_row(list);

		doc_set(item, "domain", row->domain);
		json_set_uint(item, "successfulSessions", row->success);
		json_set_uint(item, "failedSessions", row->failure);
		json_set_uint(item, "lateSessions", row->late);
		json_set_uint(item, "policies", row->policies);
		json_set_string(item, "mark",
		                word_api(&words_marks, row->mark));
		doc_set(item, "reason", row->reason);
	}
	doc_print(doc, out);
}

static void print_table(const struct rows *rows, int32_t day,
                        struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"domain", TABLE_LEFT},    {"ok", TABLE_RIGHT},
		{"failed", TABLE_RIGHT},   {"late", TABLE_RIGHT},
		{"policies", TABLE_RIGHT}, {"what became of it", TABLE_LEFT},
	};
	auto_(table_free) struct table *table = table_new(columns, 6);
	char text[DAY_TEXT];

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->items[i];

		table_text(table, row->domain);
		table_number(table, row->success);
		table_number(table, row->failure);
		table_number(table, row->late);
		table_number(table, row->policies);
		table_text(table, word_label(&words_marks, row->mark));
	}
	strbuf_printf(out, "%s: %zu %s\n", day_format(day, text), rows->count,
	              rows->count == 1 ? "domain" : "domains");
	table_print(table, "", out);
}

/* The day asked for, else the last with counts; 0: none at all. */
static int choose_day(struct cli *cli, int32_t *day, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	int32_t first;

	*day = cli->args.day;
	if (cli->args.has_day ||
	    tally_days_until(txn, day_of(clock_secs(&cli->clock)), &first, day))
		return 1;
	return db_failure(txn, err);
}

int cli_domains(struct cli *cli, struct err *err)
{
	auto_(rows_clear) struct rows rows = {0};
	int32_t day;
	int rc = choose_day(cli, &day, err);

	if (rc == 0)
		return err_set(err, ERR_NOTFOUND,
		               "nothing was counted yet; `tlstally status` "
		               "says what is missing");
	if (rc < 0 || collect(cli, day, &rows, err) < 0)
		return err->class;
	if (cli->args.failures && rows.count > 0)
		qsort(rows.items, rows.count, sizeof(*rows.items), by_failures);
	if (cli->args.json)
		print_json(&rows, day, &cli->out);
	else
		print_table(&rows, day, &cli->out);
	return 0;
}
