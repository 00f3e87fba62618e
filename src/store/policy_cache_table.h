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

/* Only what is a domain can be looked up; longer is refused. */
enum { WANTED_DOMAIN_TEXT = 256 };

/* Domains that asked for a look-up and the time of the next try (back-off),
 * which is never further off than this; the milter's warm-up list is this,
 * too. */
enum { WANTED_LONGEST_SECS = 60 * 60 };
void policy_wanted_put(struct db_txn *txn, const char *domain, int64_t due,
                       uint32_t failures);
/* 1 and when and how often it failed, or 0. */
int policy_wanted_get(struct db_txn *txn, const char *domain, int64_t *due,
                      uint32_t *failures);
void policy_wanted_delete(struct db_txn *txn, const char *domain);
/* The next wanted domain after the one given (begin with ""). */
int policy_wanted_next(struct db_txn *txn, char domain[WANTED_DOMAIN_TEXT],
                       int64_t *due, uint32_t *failures);

/* Both delete at most DB_BATCH_ROWS; 1: there is more.  Views that were last
 * checked before the time and whose STS policy had expired by then, too; and
 * wanted domains that nobody has looked up since. */
int policy_cache_purge(struct db_txn *txn, int64_t before, uint64_t *rows);
int policy_wanted_purge(struct db_txn *txn, int64_t before, uint64_t *rows);

#endif
