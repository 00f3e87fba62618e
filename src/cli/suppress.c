/* tlstally suppress: the addresses that no report is sent to. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "show/doc.h"
#include "cli/table.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "store/paged.h"
#include "store/suppress_table.h"

static void add_json(json_t *list, const struct suppression *row)
{
	json_t *item = doc_row(list);

	doc_set(item, "address", row->address);
	json_set_time(item, "since", row->since);
	json_set_time(item, "until", row->until);
	json_set_bool(item, "byHand", row->by_hand);
	doc_set(item, "reason", row->reason);
}

static void add_row(struct table *table, const struct suppression *row)
{
	char time[TIME_TEXT];

	table_text(table, row->address);
	table_text(table, day_format_time(row->since, time));
	table_text(table,
	           row->until ? day_format_time(row->until, time) : "for good");
	table_text(table, row->by_hand ? "you" : "an answer");
	table_text(table, row->reason);
}

int cli_suppress_list(struct cli *cli, struct err *err)
{
	static const struct table_column columns[] = {
		{"address", TABLE_LEFT}, {"since", TABLE_LEFT},
		{"until", TABLE_LEFT},   {"by", TABLE_LEFT},
		{"reason", TABLE_LEFT},
	};
	auto_(table_free) struct table *table = table_new(columns, 5);
	auto_(json_free) json_t *doc = json_object();
	struct paged paged = {.db = cli->db};
	struct suppression row = {0};
	json_t *list = doc_array(doc, "suppressions");
	int rc;

	while (suppress_next(paged_txn(&paged), &row)) {
		/* it stays in the store until it is purged */
		if (suppress_has_ended(&row, clock_secs(&cli->clock)))
			continue;
		add_json(list, &row);
		add_row(table, &row);
	}
	rc = paged_end(&paged, err);
	if (rc < 0)
		return rc;
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else if (json_array_size(list) == 0 && cli_is_talkative(cli))
		strbuf_puts(&cli->out, "no address is suppressed\n");
	else
		table_print(table, "", &cli->out);
	return 0;
}

/* The address as rua gives it: "TLS@Example.org" and "tls@example.org" are
 * two, their domains are not. */
static int read_address(const struct cli *cli, struct rua *rua, struct err *err)
{
	const char *text = cli->args.operands[0];

	if (rua_from_address(text, strlen(text), rua, err) < 0)
		return err_prefix(err, "%.80s", text);
	return 0;
}

/* An address that is on the list keeps its row, unless the operator says
 * otherwise. */
static void keep_row(struct cli *cli, struct db_txn *txn, const char *address)
{
	char until[TIME_TEXT];
	struct suppression row;

	if (cli->args.replace || !suppress_get(txn, address, &row) ||
	    suppress_has_ended(&row, clock_secs(&cli->clock)))
		return;
	db_fail(txn, ERR_LIMIT,
	        "%s is suppressed already, %s%s, by %s%s%s; --replace "
	        "changes it",
	        address, row.until != 0 ? "until " : "for good",
	        row.until != 0 ? day_format_time(row.until, until) : "",
	        row.by_hand ? "you" : "an answer",
	        row.reason[0] != '\0' ? ": " : "", row.reason);
}

int cli_suppress_add(struct cli *cli, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	int64_t now = clock_secs(&cli->clock);
	struct suppression row = {
		.since = now,
		.until = cli->args.for_secs ? now + cli->args.for_secs : 0,
		.by_hand = true,
	};
	struct rua rua;

	if (read_address(cli, &rua, err) < 0)
		return err->class;
	snprintf(row.address, sizeof(row.address), "%s", rua.address);
	snprintf(row.reason, sizeof(row.reason), "%s",
	         cli->args.reason ? cli->args.reason : "");
	txn = db_begin_write(cli->db);
	keep_row(cli, txn, row.address);
	suppress_put(txn, &row);
	return db_commit(&txn, err);
}

int cli_suppress_remove(struct cli *cli, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct rua rua;

	if (read_address(cli, &rua, err) < 0)
		return err->class;
	txn = db_begin_write(cli->db);
	if (!suppress_delete(txn, rua.address))
		db_fail(txn, ERR_NOTFOUND, "%s is not suppressed", rua.address);
	return db_commit(&txn, err);
}
