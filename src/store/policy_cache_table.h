/*
 * policy_cache_table - what discovery found out about domains
 *
 * A view (domain/domain_view.h) stays after it has expired: an MTA-STS policy
 * outlives the answer that it came with, and an old fact is better than a
 * resolver that does not answer.
 */
#ifndef TLSTALLY_STORE_POLICY_CACHE_TABLE_H
#define TLSTALLY_STORE_POLICY_CACHE_TABLE_H

#include <stdint.h>

#include "base/arena.h"
#include "domain/domain_view.h"
#include "store/db.h"

/* 1 and the view, its strings in the arena; 0, also for one that another
 * version wrote: it is looked up again. */
int policy_cache_get(struct db_txn *txn, const char *domain,
                     struct arena *arena, struct domain_view *view);
void policy_cache_put(struct db_txn *txn, const struct domain_view *view);

/* Deletes views that were last checked before the time and whose STS policy
 * had expired by then, too; at most DB_BATCH_ROWS; 1: there is more. */
int policy_cache_purge(struct db_txn *txn, int64_t before, uint64_t *rows);

#endif
