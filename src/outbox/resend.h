/*
 * resend - a report of the archive is delivered once more
 *
 * RFC 8460 section 5.5 wants retries for 24 hours; after these a report is
 * expired, and only a person can know that the trouble was ours and is over.
 * The report goes back into the outbox as it left it: the same id, report-id,
 * bytes, Message-ID and token, so that a receiver that has it can drop the
 * double.  Its destinations that were not delivered begin anew, at once, with
 * another period of retrying; those that were delivered stay so.
 *
 *     ERR_NOTFOUND  it is not in the archive
 *     ERR_LIMIT     all was delivered, and it is not forced
 */
#ifndef TLSTALLY_OUTBOX_RESEND_H
#define TLSTALLY_OUTBOX_RESEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/* In a write transaction: the report goes out at `at`, or now if that is over.
 * Adds to *count the destinations it goes to.  force: also to those that have
 * it.  The transaction goes on where it is refused. */
int resend_in(struct db_txn *txn, uint64_t id, int64_t at, int64_t now,
              bool force, uint64_t *count, struct err *err);

/* The same at once, in a transaction of its own. */
int resend_report(struct db *db, uint64_t id, int64_t now, bool force,
                  uint64_t *count, struct err *err);

#endif
