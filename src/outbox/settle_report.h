/*
 * settle_report - the status of a report follows from its destinations
 *
 * Whoever changes the state of one calls it: an answer, a claim that ends here,
 * a bounce, a person.
 */
#ifndef TLSTALLY_OUTBOX_SETTLE_REPORT_H
#define TLSTALLY_OUTBOX_SETTLE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/outbox_table.h"

/* When all destinations are final the report moves to the archive.  True when
 * it did. */
bool settle_report(struct db_txn *txn, struct outbox_head *head, int64_t now);

#endif
