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
 *
 * When it is full, commit.  Until then, what would be new in it counts under
 * fewer particulars; past twice as much it is refused, and counted so.
 */
#ifndef TLSTALLY_INTAKE_MILTER_COUNTS_H
#define TLSTALLY_INTAKE_MILTER_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "inmail/milter_message.h"
#include "store/db.h"
#include "store/feed_table.h"

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
uint64_t milter_counts_messages(const struct milter_counts *counts);
/* What found no room. */
uint64_t milter_counts_refused(const struct milter_counts *counts);

/*
 * Into the store, in transactions of at most DB_BATCH_ROWS rows; the last one
 * takes the feed, too.  *done (0 at first) is how far it has come: after a
 * failure call it again with what it left there, and nothing counts twice.
 */
int milter_counts_commit(struct milter_counts *counts, struct db *db,
                         int64_t now, const struct feed *feed, size_t *done,
                         struct err *err);

#endif
