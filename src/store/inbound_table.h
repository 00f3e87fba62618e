/*
 * inbound_table - how messages came in, by day and domain of ours
 *
 * A row an outcome (inmail/inbound.h) with the number of messages, beside it a
 * head with the number of rows.  Sending domains are a stranger's to choose:
 * past INBOUND_ROWS_MAX of a day and domain the messages count under the same
 * client, version and certificate, without sender, cipher and bits
 * (other_senders).  Sums never get lost.
 */
#ifndef TLSTALLY_STORE_INBOUND_TABLE_H
#define TLSTALLY_STORE_INBOUND_TABLE_H

#include <stdint.h>

#include "inmail/inbound.h"
#include "store/db.h"

enum { INBOUND_ROWS_MAX = 1000 };

/* domain: canonical (base/domain.h), the recipient's. */
void inbound_table_add(struct db_txn *txn, int32_t day, const char *domain,
                       const struct inbound *inbound, uint64_t messages);

/*
 * The next (day, domain) after the one given; begin with day INT32_MIN and "".
 * 1 or 0.
 */
int inbound_table_domain_next(struct db_txn *txn, int32_t *day,
                              char domain[DOMAIN_TEXT]);

/* Hands each outcome of a domain's day to each(), in no order of meaning. */
typedef void inbound_each_fn(void *arg, const struct inbound *inbound,
                             uint64_t messages);
void inbound_table_each(struct db_txn *txn, int32_t day, const char *domain,
                        inbound_each_fn *each, void *arg);

/* Days before; at most DB_PURGE_ROWS rows, 1: there is more. */
int inbound_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
