/* tlstally token: who may use the API (http/auth). */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "http/auth.h"
#include "show/doc.h"
#include "store/api_token_table.h"
#include "store/paged.h"

/* Each request looks at all of them. */
enum { TOKENS_MAX = 256 };

static json_t *add_json(json_t *list, const struct api_token *row)
{
	json_t *item = doc_row(list), *words;

	doc_set(item, "name", row->name);
	json_set_time(item, "created", row->created);
	json_set_time(item, "expires", row->expires);
	words = doc_array(item, "permissions");
	for (unsigned bit = 1; bit < PERMIT_ALL; bit <<= 1)
		if ((row->permissions & bit) != 0)
			doc_append(words, jmap_permission_word(bit));
	return item;
}

static void print(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("name", "name"),
		TABLE_TEXT("created", "created"),
		{.title = "expires", .member = "expires", .empty = "never"},
		TABLE_TEXT("permissions", "permissions"),
	};

	table_print(doc_get(doc, "tokens"), columns, 4, "", out);
}

int cli_token_list(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = json_object();
	struct paged paged = {.db = cli->db};
	struct api_token row = {0};
	json_t *list = doc_array(doc, "tokens");
	int rc;

	while (api_token_next(paged_txn(&paged), &row)) {
		json_t *item = add_json(list, &row);

		if (!cli->args.json && !cli->args.csv && row.expires != 0 &&
		    row.expires <= clock_secs(&cli->clock))
			json_set_string(item, "expires", "has expired");
	}
	rc = paged_end(&paged, err);
	if (rc < 0)
		return rc;
	cli_limit_list(cli, list);
	cli_print_list(cli, doc, "tokens", "name,created,expires,permissions",
	               print);
	if (row.name[0] == '\0' && cli_is_chatty(cli))
		strbuf_puts(&cli->out,
		            "there are no tokens, so nobody can use the API\n");
	return 0;
}

static int put_new(struct cli *cli, const struct api_token *row,
                   struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(cli->db);
	struct api_token other, each = {0};
	int count = 0;

	if (api_token_get(txn, row->name, &other))
		db_fail(txn, ERR_PARSE, "token '%s' already exists", row->name);
	while (count < TOKENS_MAX && api_token_next(txn, &each))
		count++;
	if (count == TOKENS_MAX)
		db_fail(txn, ERR_LIMIT,
		        "there are already %d tokens, which is the maximum",
		        TOKENS_MAX);
	api_token_put(txn, row);
	return db_commit(&txn, err);
}

int cli_token_add(struct cli *cli, struct err *err)
{
	int64_t now = clock_secs(&cli->clock);
	struct api_token row = {
		.permissions = cli->args.permissions,
		.created = now,
		.expires = cli->args.expires_secs ? now + cli->args.expires_secs
	                                          : 0,
	};
	auto_(json_free) json_t *doc = json_object();
	char text[AUTH_TOKEN_TEXT];

	snprintf(row.name, sizeof(row.name), "%s", cli->args.token);
	auth_token_new(text, row.hash);
	if (put_new(cli, &row, err) < 0)
		return err->class;
	if (cli->args.json) {
		doc_set(doc, "name", row.name);
		doc_set(doc, "token", text);
		doc_print(doc, &cli->out);
	} else {
		strbuf_printf(&cli->out, "%s\n", text);
	}
	return 0;
}

int cli_token_remove(struct cli *cli, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(cli->db);
	const char *name = cli->args.token;

	if (!api_token_delete(txn, name))
		db_fail(txn, ERR_NOTFOUND, "there is no token '%.80s'", name);
	return db_commit(&txn, err);
}
