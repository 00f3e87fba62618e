/*
 * own_host_table - the MX hosts that domains of ours publish, or published
 *
 * A report about DANE names the MX host as its domain (RFC 8460 section 4.4),
 * also for a while after the host has left DNS.  So what lookups showed of
 * [received] domains is kept with the day on which it was seen last:
 *
 *     example.com   mx1.example.net   2026-03-01
 *     example.com   old.example.net   2026-01-17
 */
#ifndef TLSTALLY_STORE_OWN_HOST_TABLE_H
#define TLSTALLY_STORE_OWN_HOST_TABLE_H

#include <stdint.h>

#include "base/domain.h"
#include "domain/domain_view.h"
#include "store/db.h"

/* Of a view in which DNS has answered for MX.  Without one the domain is its
 * own host (RFC 5321 section 5.1), and has no row. */
void own_host_note(struct db_txn *txn, const struct domain_view *view,
                   int32_t day);

/* The day on which the domain was noted last; INT32_MIN: never. */
int32_t own_host_noted(struct db_txn *txn, const char *domain);

struct own_host {
	char host[DOMAIN_TEXT];
	int32_t seen; /* the last day */
};
/* The domain's next one; begin with "".  1 or 0. */
int own_host_next(struct db_txn *txn, const char *domain,
                  struct own_host *host);

/* Seen last before that day; at most DB_PURGE_ROWS, 1: there is more. */
int own_host_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

/* Reads a row; one that cannot be read fails the transaction. */
void own_host_check(struct db_txn *txn, const struct db_row *row);

#endif
