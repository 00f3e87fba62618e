/*
 * policy_wanted_table - domains that wait for a look-up
 *
 * Each has the time of its next try, which backs off; the milter's warm-up
 * list is this, too.
 */
#ifndef TLSTALLY_STORE_POLICY_WANTED_TABLE_H
#define TLSTALLY_STORE_POLICY_WANTED_TABLE_H

#include <stdint.h>

#include "store/db.h"

/* Only what is a domain can be looked up; longer is refused. */
enum { WANTED_DOMAIN_TEXT = 256 };

/* The next try is never further off. */
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

/* Deletes those that nobody has looked up since, at most DB_BATCH_ROWS; 1:
 * there is more. */
int policy_wanted_purge(struct db_txn *txn, int64_t before, uint64_t *rows);

#endif
