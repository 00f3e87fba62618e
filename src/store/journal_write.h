/*
 * journal_write - a commit's counts become rows of the journal
 *
 *     100 events of 85 domains in a second: some 2 KB, in one row
 *
 * In few bytes: a policy by its id, or the first time with its blob; a record
 * where it is another than the last one.  A row ends before it
 * needs more than a page or two, for LMDB wants such pages side by side.
 */
#ifndef TLSTALLY_STORE_JOURNAL_WRITE_H
#define TLSTALLY_STORE_JOURNAL_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "session/tally.h"
#include "store/day_table.h"
#include "store/db.h"
#include "words/feed.h"

struct journal_commit {
	struct tally_domain **domains; /* by day and name */
	size_t count;
	/* sums of days, in whatever order */
	const int32_t *days;
	const struct day_stats *stats;
	size_t day_count;
	const struct feed *feed; /* as it is then */
	int64_t now;             /* secs */
};

/* Ids of policies that a process has set aside. */
struct journal_ids {
	uint64_t next, end;
};

/* At least one row.  What ids becomes is true once the transaction is
 * committed. */
void journal_write(struct db_txn *txn, const struct journal_commit *commit,
                   struct journal_ids *ids);

#endif
