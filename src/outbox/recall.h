/*
 * recall - what a wrong clock has put off by a year is due now
 *
 * A run claims what the index says is due.  A destination that was claimed, or
 * put off, while the clock was a year ahead stands in it a year from now, and
 * no run would come to it.  So each run looks at the far end of the index
 * first: what is further off than any rule of ours looks ahead
 * (OUTBOX_DUE_LONGEST) is due now.  What waits for a moment that a person
 * named (deliverAt) stays.
 */
#ifndef TLSTALLY_OUTBOX_RECALL_H
#define TLSTALLY_OUTBOX_RECALL_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/* Adds to *count how many were recalled. */
int outbox_recall(struct db *db, int64_t now, uint64_t *count, struct err *err);

#endif
