/*
 * mail_table - messages accepted for other sites, by day and domain
 *
 * What the milter saw go to a remote next hop.  A domain with mail and without
 * a TLS session counted that day is a sign that the feed of events is broken.
 */
#ifndef TLSTALLY_STORE_MAIL_TABLE_H
#define TLSTALLY_STORE_MAIL_TABLE_H

#include <stdint.h>

#include "base/domain.h"
#include "store/db.h"

struct mail_row {
	int32_t day;
	char domain[DOMAIN_TEXT];   /* the recipient's, canonical */
	char next_hop[DOMAIN_TEXT]; /* {rcpt_host} without [] and port: the
	                               domain itself, or a relay host */
	uint64_t messages;          /* one for each recipient domain of it */
};

/* Adds row->messages; the next hop is the last one seen. */
void mail_add(struct db_txn *txn, const struct mail_row *row);
int mail_get(struct db_txn *txn, int32_t day, const char *domain,
             struct mail_row *row);
/* The next after row->day and row->domain (begin with INT32_MIN, ""). */
int mail_next(struct db_txn *txn, struct mail_row *row);
/* Days before; at most DB_PURGE_ROWS rows, 1: there is more. */
int mail_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
