/*
 * received_compare - are the sums of received reports those of the reports?
 *
 * Of a day of which a report has expired the sums may be more, for they outlive
 * their reports (store/received_sums.h).
 */
#ifndef TLSTALLY_STORE_RECEIVED_COMPARE_H
#define TLSTALLY_STORE_RECEIVED_COMPARE_H

#include "store/db.h"

/* Reads what all reports added, and fails the transaction in words when the
 * sums are others. */
void received_compare(struct db_txn *txn);

/* Where they are others, those of days of which no report has expired are made
 * anew, in one transaction.  1: they were; 0: nothing differed. */
int received_rebuild(struct db *db, struct err *err);

#endif
