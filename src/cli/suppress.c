/* tlstally suppress: the addresses that no report is sent to. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/listing.h"
#include "show/doc.h"
#include "store/suppress_table.h"

static bool is_by_hand(const json_t *item)
{
	return strcmp(doc_text(item, "by"), "hand") == 0;
}

static void add_words(json_t *row)
{
	json_set_string(row, "by",
	                is_by_hand(row) ? "you" : "a receiver's answer");
}

/* What has ended stays in the store until it is purged. */
static bool has_not_ended(const struct cli *cli, const json_t *item)
{
	struct suppression row = {
		.by_hand = is_by_hand(item),
	};
	struct clock clock = cli->clock;

	day_parse_time(doc_text(item, "since"), &row.since, NULL);
	day_parse_time(doc_text(item, "until"), &row.until, NULL);
	return !suppress_has_ended(&row, clock_secs(&clock));
}

int cli_suppress_list(struct cli *cli, struct err *err)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("address", "address"),
		TABLE_TEXT("since", "since"),
		{.title = "until", .member = "until", .empty = "no end"},
		TABLE_TEXT("by", "by"),
		TABLE_TEXT("reason", "reason"),
	};
	auto_(object_order_clear) struct object_order order = {
		.type = &type_suppression, .limit = -1};
	int64_t limit = cli_limit(cli);
	struct listing list = {
		.cli = cli,
		.member = "suppressions",
		.names = "address,since,until,by,reason",
		.columns = columns,
		.column_count = 5,
		.wants = has_not_ended,
		.most = limit < 0 ? UINT64_MAX : (uint64_t)limit,
		.add_words = add_words,
	};
	int rc;

	object_order_sort(&order, "address", NULL);
	rc = listing_print(&list, &order, err);
	if (rc == 0 && list.printed == 0 && list.most > 0 && cli_is_chatty(cli))
		strbuf_puts(&cli->out, "no addresses are suppressed\n");
	return rc;
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
	        "%s is already suppressed, %s%s, by %s%s%s; use --replace to "
	        "change this",
	        address, row.until != 0 ? "until " : "no end",
	        row.until != 0 ? day_format_time(row.until, until) : "",
	        row.by_hand ? "you" : "a receiver's answer",
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
	auto_(xfree_str) char *reason = NULL;

	snprintf(row.address, sizeof(row.address), "%s", cli->args.address);
	reason = doc_safe_text(cli->args.reason);
	snprintf(row.reason, sizeof(row.reason), "%s", reason);
	txn = db_begin_write(cli->db);
	keep_row(cli, txn, row.address);
	suppress_put(txn, &row);
	return db_commit(&txn, err);
}

int cli_suppress_remove(struct cli *cli, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;

	txn = db_begin_write(cli->db);
	if (!suppress_delete(txn, cli->args.address))
		db_fail(txn, ERR_NOTFOUND, "%s is not suppressed",
		        cli->args.address);
	return db_commit(&txn, err);
}
