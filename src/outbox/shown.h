/*
 * shown - a report of the outbox or of the archive as the object it is shown
 * as (api/object.h)
 */
#ifndef TLSTALLY_OUTBOX_SHOWN_H
#define TLSTALLY_OUTBOX_SHOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "api/object.h"
#include "base/err.h"
#include "store/db.h"
#include "store/outbox_table.h"

enum shown_where { SHOWN_OUTBOX, SHOWN_ARCHIVE };

/*
 * 1 and the object (reset first), or 0.  Without `whole` the body is not read:
 * report and policyIdentifiers are empty then.  Of the archive, where no
 * policy ids are kept, they always are.
 */
int shown_load(struct db_txn *txn, enum shown_where where, uint64_t id,
               bool whole, struct internal_report *object, struct err *err);

/* Its rows, wherever the report is: 1 or 0. */
int shown_head(struct db_txn *txn, enum shown_where where, uint64_t id,
               struct outbox_head *head);
int shown_destination(struct db_txn *txn, enum shown_where where, uint64_t id,
                      uint16_t index, struct outbox_destination *dest);
/* Policy ids are kept in the outbox alone. */
int shown_body(struct db_txn *txn, enum shown_where where, uint64_t id,
               struct arena *mem, const void **body, size_t *len,
               const uint64_t **policy_ids, size_t *policy_id_count);

#endif
