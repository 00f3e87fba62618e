/*
 * own_report_table - reports handed over, by day and recipient domain
 *
 * The loop breaker compares a domain's sessions of a day with the attempts to
 * deliver reports of ours to recipients in it, as counted here (own_report_*)
 * or as the milter saw them (own_seen_*).  The same attempts by hour and
 * receiver (own_rate_*) are for the rate limits.  Three tables, one module:
 * what a clock that was ahead has put into them is taken back together.
 */
#ifndef TLSTALLY_STORE_OWN_REPORT_TABLE_H
#define TLSTALLY_STORE_OWN_REPORT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

/* Attempts of that day for recipients in the domain. */
uint64_t own_report_get(struct db_txn *txn, int32_t day, const char *domain);
void own_report_add(struct db_txn *txn, int32_t day, const char *domain,
                    uint64_t n);
int own_report_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

/* The same as the milter saw them come in: exactly these were taken by our own
 * Postfix for recipients in the domain that day. */
uint64_t own_seen_get(struct db_txn *txn, int32_t day, const char *domain);
void own_seen_add(struct db_txn *txn, int32_t day, const char *domain,
                  uint64_t n);
/*
 * Only a day through which the milter ran has exact counts.  It ran between two
 * watermarks that it committed, unless they are more than OWN_SEEN_STEP_SECS
 * apart: it commits every 10 seconds, also when idle.  Gaps of up to
 * OWN_SEEN_GAP_SECS a day are forgiven: while the host starts anew its Postfix
 * takes no mail either.
 */
enum { OWN_SEEN_GAP_SECS = 300, OWN_SEEN_STEP_SECS = 60 };
void own_seen_ran(struct db_txn *txn, int64_t from, int64_t to);
void own_seen_committed(struct db_txn *txn, int64_t before, int64_t watermark);
bool own_seen_is_whole(struct db_txn *txn, int32_t day);
int own_seen_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

/* Attempts of an hour (secs / 3600) for a receiver; "" is all of them. */
uint64_t own_rate_get(struct db_txn *txn, int64_t hour, const char *receiver);
void own_rate_add(struct db_txn *txn, int64_t hour, const char *receiver,
                  uint64_t n);
/* Those of the other hosts of a fleet, which limits count, too. */
void own_rate_put_others(struct db_txn *txn, int64_t hour, const char *receiver,
                         uint64_t n);
uint64_t own_rate_get_others(struct db_txn *txn, int64_t hour,
                             const char *receiver);
int own_rate_purge(struct db_txn *txn, int64_t before_hour, uint64_t *rows);

/* All three: is there anything of a day or an hour after the one of `time`
 * (secs)?  A clock that was ahead has left it; and away with it. */
bool own_report_has_after(struct db_txn *txn, int64_t time);
void own_report_forget_after(struct db_txn *txn, int64_t time);

#endif
