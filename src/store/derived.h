/*
 * derived - what is kept beside the rows that it can be computed from
 *
 * Sums of a day, the domains of a day that somebody looks for: modules that
 * write the rows change them in the same transaction, so that neither a kill
 * nor a full disk can make them differ.  Here they are compared with all rows.
 */
#ifndef TLSTALLY_STORE_DERIVED_H
#define TLSTALLY_STORE_DERIVED_H

#include "store/db.h"

/* Reads all rows of the day in this transaction, and fails it in words when
 * something that is derived of them differs. */
void derived_check_day(struct db_txn *txn, int32_t day);
/* The same of the outbox. */
void derived_check_outbox(struct db_txn *txn);

/* Where something differs all that is derived is made as the rows say, of a day
 * or of the outbox in one transaction.  1: it was; 0: nothing differed. */
int derived_rebuild_day(struct db *db, int32_t day, struct err *err);
int derived_rebuild_outbox(struct db *db, struct err *err);

/*
 * Heads of schema version 3 get their kinds, and with that their day's sums and
 * indexes, in transactions of the usual size.  One that was ended before goes
 * on where it was: a head that has its kinds is not looked at.
 */
int derived_upgrade_tally(struct db *db, struct err *err);
/* Of an outbox that has none: all at once. */
void derived_upgrade_outbox(struct db_txn *txn);

#endif
