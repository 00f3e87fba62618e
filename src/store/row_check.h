/*
 * row_check - reads one row as the module that owns its table reads it
 *
 * What cannot be read fails the transaction, in words, as it would for
 * everybody who comes to that row.  For store_check.h, and for the fuzzer,
 * which comes with rows of its own.
 */
#ifndef TLSTALLY_STORE_ROW_CHECK_H
#define TLSTALLY_STORE_ROW_CHECK_H

#include "store/db.h"

void row_check(struct db_txn *txn, const struct db_row *row);

#endif
