#include "fleet/fleet_bounces.h"

#include <stdio.h>

#include "base/auto.h"
#include "inmail/dsn_kept.h"
#include "outbox/bounce.h"
#include "store/token_table.h"

/* 1: there was one. */
static int tell_one(struct db *db, struct ledger *ledger, const char *host,
                    struct err *err)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char token[OUTBOX_TOKEN_TEXT];

	if (!token_elsewhere_first(txn, token, &text))
		return db_failure(txn, err);
	db_abort(&txn);
	/* a token that the ledger does not know either is nobody's */
	if (ledger_put_bounce(ledger, host, token, strbuf_text(&text), err) < 0)
		return err->class;
	txn = db_begin_write(db);
	token_elsewhere_delete(txn, token);
	return db_commit(&txn, err) < 0 ? err->class : 1;
}

int fleet_bounces_tell(struct db *db, struct ledger *ledger, const char *host,
                       struct err *err)
{
	int rc;

	do
		rc = tell_one(db, ledger, host, err);
	while (rc > 0);
	return rc;
}

/* 1, 0. */
static int is_known(struct db *db, const char *token, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct token_owner owner;
	int rc = token_get(txn, token, &owner);

	return db_failed(txn) ? db_failure(txn, err) : rc;
}

static int take_one(struct db *db, struct ledger *ledger,
                    const struct ledger_bounce *bounce, int64_t now,
                    struct err *err)
{
	struct bounce_outcome outcome = {.id = 0};
	struct err unread;
	struct dsn dsn;
	int rc = is_known(db, bounce->token, err);

	if (rc <= 0)
		return rc;
	/* written by a version with other words, or by hand: nobody can */
	if (dsn_kept_read(bounce->text, &dsn, &unread) == 0 &&
	    bounce_apply(db, bounce->token, &dsn, now, &outcome, err) < 0)
		return err->class;
	return ledger_end_bounce(ledger, bounce->token,
	                         outcome.result == BOUNCE_MARKED ||
	                                 outcome.result == BOUNCE_SUPPRESSED,
	                         outcome.text, err);
}

int fleet_bounces_take(struct db *db, struct ledger *ledger, int64_t now,
                       struct err *err)
{
	auto_(ledger_bounces_clear) struct ledger_bounces bounces = {.count =
	                                                                     0};
	char after[LEDGER_TOKEN_TEXT] = "";

	do {
		if (ledger_bounces(ledger, after, &bounces, err) < 0)
			return err->class;
		for (size_t i = 0; i < bounces.count; i++) {
			if (take_one(db, ledger, &bounces.list[i], now, err) <
			    0)
				return err->class;
			snprintf(after, sizeof(after), "%s",
			         bounces.list[i].token);
		}
	} while (bounces.count > 0);
	return 0;
}
