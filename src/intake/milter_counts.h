/*
 * milter_counts - what the milter saw between two commits
 *
 * Equal things of a day and domain count together:
 *
 *     inbound    a message for a domain of ours, by how it came
 *     mail       a message for another site, by the next hop
 *     own        a report of ours for recipients in a domain
 *     wanted     a domain whose policy shall be looked up
 *     optional   a queue id: of a message with "TLS-Required: No"
 *     signature  of a report of ours, by whom it was signed
 *
 * When it is full, commit.  Until then, what would be new in it counts under
 * fewer particulars; past twice as much it is refused, and counted so.
 */
#ifndef TLSTALLY_INTAKE_MILTER_COUNTS_H
#define TLSTALLY_INTAKE_MILTER_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inmail/milter_message.h"
#include "store/db.h"

struct milter_counts;

struct milter_counts *milter_counts_new(void);
void milter_counts_free(struct milter_counts **counts);
void milter_counts_reset(struct milter_counts *counts);

/* The message was accepted on that day. */
void milter_counts_add(struct milter_counts *counts, int32_t day,
                       const struct milter_message *message);
void milter_counts_want(struct milter_counts *counts, int32_t day,
                        const char *domain);

void milter_counts_tls_optional(struct milter_counts *counts, int32_t day,
                                const char *queue_id);

bool milter_counts_full(const struct milter_counts *counts);
/* What found no room. */
uint64_t milter_counts_refused(const struct milter_counts *counts);

/* Its rows in the store's order: how many, and one of them into the store. */
size_t milter_counts_rows(struct milter_counts *counts);
void milter_counts_put(struct milter_counts *counts, size_t row,
                       struct db_txn *txn, int64_t now);

#endif
