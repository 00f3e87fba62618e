/* Bounces on their way to the host that sent the report: ledger.h. */
#include "ledger/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "ledger/ledger_work.h"

enum { BATCH_BOUNCES = 256 };

int ledger_put_bounce(struct ledger *ledger, const char *host,
                      const char *token, const char *text, struct err *err)
{
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	sql_args_text(&args, token);
	sql_args_text(&args, host);
	sql_args_text(&args, text);
	return sql_do(ledger->sql,
	              "INSERT INTO tlstally.bounce (token, store, host,"
	              " came_at, recipient)"
	              " SELECT $2, min(d.store), $3, " LEDGER_NOW ", $4"
	              " FROM tlstally.destination d WHERE d.token = $2"
	              " GROUP BY d.token"
	              " ON CONFLICT (token) DO UPDATE SET host = excluded.host,"
	              " came_at = excluded.came_at,"
	              " recipient = excluded.recipient",
	              &args, NULL, err);
}

void ledger_bounces_clear(struct ledger_bounces *bounces)
{
	arena_clear(&bounces->mem);
	memset(bounces, 0, sizeof(*bounces));
}

int ledger_bounces(struct ledger *ledger, const char *after,
                   struct ledger_bounces *bounces, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	ledger_bounces_clear(bounces);
	sql_args_text(&args, after);
	sql_args_number(&args, BATCH_BOUNCES);
	if (sql_do(ledger->sql,
	           "SELECT token, recipient FROM tlstally.bounce"
	           " WHERE token COLLATE \"C\" > $1"
	           " ORDER BY token COLLATE \"C\" LIMIT $2",
	           &args, &rows, err) < 0)
		return err->class;
	bounces->list =
		arena_array(&bounces->mem, rows.count, sizeof(*bounces->list));
	for (; bounces->count < rows.count; bounces->count++)
		bounces->list[bounces->count] = (struct ledger_bounce){
			.token = arena_strdup(
				&bounces->mem,
				sql_text(&rows, bounces->count, 0)),
			.text = arena_strdup(
				&bounces->mem,
				sql_text(&rows, bounces->count, 1)),
		};
	return 0;
}

static int end_bounce(struct ledger *ledger, const char *token, bool bounced,
                      const char *answer, struct err *err)
{
	struct sql_args args = {.count = 0};

	sql_args_text(&args, token);
	sql_args_text(&args, answer);
	if (bounced && sql_do(ledger->sql,
	                      "UPDATE tlstally.destination SET"
	                      " state = 'bounced', uncertain = false,"
	                      " answer = $2 WHERE token = $1",
	                      &args, NULL, err) < 0)
		return err->class;
	args.count = 1;
	return sql_do(ledger->sql,
	              "DELETE FROM tlstally.bounce WHERE token = $1", &args,
	              NULL, err);
}

int ledger_end_bounce(struct ledger *ledger, const char *token, bool bounced,
                      const char *answer, struct err *err)
{
	if (sql_begin(ledger->sql, err) < 0 ||
	    end_bounce(ledger, token, bounced, answer, err) < 0 ||
	    sql_commit(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	return 0;
}
