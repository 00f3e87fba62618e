/*
 * token_table - whose delivery a bounce is about
 *
 * Each mail has a token of time and chance (outbox/claim.c), part of its
 * envelope sender with `verp = yes`.  A bounce comes back to it, often when the
 * report is in the archive already.  Rows go with the archive.
 */
#ifndef TLSTALLY_STORE_TOKEN_TABLE_H
#define TLSTALLY_STORE_TOKEN_TABLE_H

#include <stdint.h>

#include "store/db.h"
#include "store/outbox_table.h"

struct token_owner {
	uint64_t id; /* of the report */
	uint16_t index;
};

/* 1 and whose it is, or 0. */
int token_get(struct db_txn *txn, const char *token, struct token_owner *owner);
void token_put(struct db_txn *txn, const char *token,
               const struct token_owner *owner);
/* Where a bounce to the destination's envelope sender leads; nothing for other
 * ways than mail, and before the first claim. */
void token_keep(struct db_txn *txn, uint64_t id,
                const struct outbox_destination *destination);
void token_delete(struct db_txn *txn, const char *token);

#endif
