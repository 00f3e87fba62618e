/*
 * log_pending_table - sessions of the log whose policy is not known yet
 *
 * They wait here, counted by day, domain and their bytes
 * (maillog/log_session.h), until the domain's policies are known; then one
 * transaction moves them to the tally.
 */
#ifndef TLSTALLY_STORE_LOG_PENDING_TABLE_H
#define TLSTALLY_STORE_LOG_PENDING_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/db.h"
#include "store/tally_table.h"

/*
 * A domain whose policies cannot be found out keeps its day open for so long
 * after the day's end.  A little before that its sessions are counted without
 * (judge/apply), so that they still belong to their day.
 */
enum { LOG_WAIT_SECS = 24 * 3600, LOG_GIVE_UP_SECS = 23 * 3600 };

/* Adds n sessions with these bytes. */
void log_pending_add(struct db_txn *txn, int32_t day, const char *domain,
                     const void *session, size_t len, uint64_t n);

/* Does a domain, or (domain NULL) any, have sessions waiting on that day? */
bool log_pending_has(struct db_txn *txn, int32_t day, const char *domain);

/* How many sessions wait in all, and of how many domains. */
void log_pending_count(struct db_txn *txn, uint64_t *sessions,
                       uint64_t *domains);

/* The next (day, domain) with waiting sessions after the one given; begin
 * with day INT32_MIN and "".  1 or 0. */
int log_pending_next(struct db_txn *txn, int32_t *day,
                     char domain[TALLY_DOMAIN_TEXT]);

/* Hands each waiting session of a domain's day to each(), and deletes it when
 * that is true; at most DB_BATCH_ROWS are deleted.  1 when there are more.
 * each() may add sessions of other domains. */
int log_pending_take(struct db_txn *txn, int32_t day, const char *domain,
                     bool (*each)(void *arg, const void *session, size_t len,
                                  uint64_t n),
                     void *arg);

/* Deletes what waits since before `day`, at most DB_PURGE_ROWS rows; 1: there
 * is more. */
int log_pending_purge(struct db_txn *txn, int32_t day, uint64_t *rows);

#endif
