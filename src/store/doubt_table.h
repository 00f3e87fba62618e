/*
 * doubt_table - what is known of addresses that are in doubt (reply/doubt.h)
 *
 * A row begins with the first refusal and ends when the address is suppressed,
 * or 30 days after the last one.
 */
#ifndef TLSTALLY_STORE_DOUBT_TABLE_H
#define TLSTALLY_STORE_DOUBT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "reply/doubt.h"
#include "store/db.h"

/* 1 and what is known, or 0. */
int doubt_table_get(struct db_txn *txn, const char *address,
                    struct doubt *doubt);

/* A report of that day to the address was refused; true when the address is
 * dead by now, and the row is gone then. */
bool doubt_table_note_refused(struct db_txn *txn, const char *address,
                              int32_t day, uint32_t code);

/* One was accepted; one that was came back.  They matter only for an address
 * in doubt. */
void doubt_table_note_accepted(struct db_txn *txn, const char *address,
                               int32_t day);
void doubt_table_note_came_back(struct db_txn *txn, const char *address,
                                int32_t day);

/* Deletes rows without a refusal since then, at most DB_BATCH_ROWS; 1: more. */
int doubt_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
