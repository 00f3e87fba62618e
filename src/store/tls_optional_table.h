/*
 * tls_optional_table - messages with "TLS-Required: No", by queue id
 *
 * Postfix delivers such a message (RFC 8689 section 5) at level may, whatever
 * the domain's policy asks for, so its session says nothing about the policy.
 * Before 3.11 the log does not show it.  tlstally-milter sees the header and
 * notes the queue id, tlstally-logd asks for it when the message is delivered.
 */
#ifndef TLSTALLY_STORE_TLS_OPTIONAL_TABLE_H
#define TLSTALLY_STORE_TLS_OPTIONAL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

enum {
	/* Postfix keeps trying for five days (maximal_queue_lifetime) */
	TLS_OPTIONAL_DAYS = 6,
	/* of a day; the ids of more are not kept */
	TLS_OPTIONAL_MAX = 50000,
};

void tls_optional_add(struct db_txn *txn, int32_t day, const char *queue_id);

/* Was it taken in that day, or on one before it? */
bool tls_optional_has(struct db_txn *txn, int32_t day, const char *queue_id);

/* Days before; at most DB_PURGE_ROWS rows, 1: there is more. */
int tls_optional_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
