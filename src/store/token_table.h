/*
 * token_table - whose delivery a bounce is about
 *
 * Each mail has a token of time and chance (outbox/claim.c), part of its
 * envelope sender with `verp = yes`.  A bounce comes back to it, often when the
 * report is in the archive already.  Rows go with the archive, as one range,
 * since they begin with the time; those of earlier versions, of chance alone,
 * one by one with their reports.
 */
#ifndef TLSTALLY_STORE_TOKEN_TABLE_H
#define TLSTALLY_STORE_TOKEN_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"
#include "store/outbox_table.h"

struct token_owner {
	uint64_t id; /* of the report */
	uint16_t index;
};

/* 1 and whose it is, or 0. */
int token_get(struct db_txn *txn, const char *token, struct token_owner *owner);
bool token_owner_read(struct db_txn *txn, const struct db_row *row,
                      struct token_owner *owner);
void token_put(struct db_txn *txn, const char *token,
               const struct token_owner *owner);
/* Where a bounce to the destination's envelope sender leads; nothing for other
 * ways than mail, and before the first claim. */
void token_keep(struct db_txn *txn, uint64_t id,
                const struct outbox_destination *destination);
void token_delete(struct db_txn *txn, const char *token);

/* A bounce to a token that is not known here: another host of the fleet may
 * have sent the report.  It waits for the next run, which asks the ledger.  The
 * text is inmail/dsn_kept.h's. */
enum { TOKEN_ELSEWHERE_MAX = 1000 };
/* False: so many wait already. */
bool token_elsewhere_put(struct db_txn *txn, const char *token,
                         const char *text);
void token_elsewhere_delete(struct db_txn *txn, const char *token);
/* Is it such a row?  What is in it, the text appended. */
bool token_elsewhere_is(const struct db_row *row);
bool token_elsewhere_read(struct db_txn *txn, const struct db_row *row,
                          char token[OUTBOX_TOKEN_TEXT], struct strbuf *text);
/* The first of them; 1 or 0. */
int token_elsewhere_first(struct db_txn *txn, char token[OUTBOX_TOKEN_TEXT],
                          struct strbuf *text);
/* Are there rows of earlier versions? */
bool token_has_old(struct db_txn *txn);
/* Deletes those that were made before the time, at most DB_PURGE_ROWS; 1:
 * more. */
int token_purge(struct db_txn *txn, int64_t before, uint64_t *rows);

#endif
