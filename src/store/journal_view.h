/*
 * journal_view - what a transaction sees of the journal of counts
 *
 * The journal (store/journal_table.h) is kept in memory by each process that
 * reads counts (store/journal_memory.h).  A transaction sees of that what was
 * there when it began, and not what is applied; its own appends, too.  While
 * the journal is empty it costs a look a transaction.
 *
 * For the modules that own the tables of counts: who reads counts calls
 * theirs (store/tally_table.h).
 */
#ifndef TLSTALLY_STORE_JOURNAL_VIEW_H
#define TLSTALLY_STORE_JOURNAL_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "session/tally.h"
#include "store/db.h"
#include "store/journal_scan.h"
#include "store/journal_table.h"

/* More policies than a domain mostly has: who counts them goes no further. */
enum { JOURNAL_POLICIES_MOST = 64 };

/* A domain's sums that are to be added. */
struct journal_sums {
	uint64_t success, failure, unjudged;
	uint32_t commits;
	struct tally_kinds kinds;
	bool valid;
	const char *record;                       /* lent; NULL: as it is */
	int64_t record_at;                        /* secs: since when */
	bool record_changed;                      /* it was another meanwhile */
	uint64_t policies[JOURNAL_POLICIES_MOST]; /* as rows have them */
	size_t policy_count;
};

/* Is there anything to add? */
bool journal_view_has(struct db_txn *txn, int32_t day, const char *domain);

/* False: there is nothing to add. */
bool journal_view_get(struct db_txn *txn, int32_t day, const char *domain,
                      struct journal_sums *sums);

/* The sums' policies by the ids that they have in the store by now, or will
 * have. */
void journal_view_policies(struct db_txn *txn, int32_t day,
                           struct journal_sums *sums);

/* The next domain after that one with something to add, on that day or later;
 * begin with "".  False at the end. */
bool journal_view_next(struct db_txn *txn, int32_t *day,
                       char domain[TALLY_DOMAIN_TEXT],
                       struct journal_sums *sums);

/* What the sums of a day depend on, beside its applied rows. */
struct journal_stamp {
	struct journal_range range;
	struct journal_progress progress;
};
/* False: nothing waits of the day. */
bool journal_view_stamp(struct db_txn *txn, int32_t day,
                        struct journal_stamp *stamp);

/* What is to be added of a domain: of rows up to a number, and in all.  Of
 * those nothing, commits are 0. */
struct journal_step {
	const char *domain; /* lent */
	struct journal_sums before, all;
};
/* All domains of which a row after that number may tell something, by name.
 * visit() must not ask for the journal. */
void journal_view_each(struct db_txn *txn, int32_t day, uint64_t since,
                       void (*visit)(void *arg,
                                     const struct journal_step *step),
                       void *arg);

/* The first day from *day on that the journal has rows of. */
bool journal_view_day_next(struct db_txn *txn, int32_t *day);

/* All that is to be added of rows up to that number, as tally_apply() takes it;
 * in the arena, or lent.  A policy without bytes is interned under its id. */
bool journal_view_counts(struct db_txn *txn, int32_t day, const char *domain,
                         uint64_t until, struct arena *mem,
                         struct tally_domain *counts);

/* --- of who writes --- */

/* What waits of a day; false: nothing does. */
bool journal_view_size(struct db_txn *txn, int32_t day,
                       struct journal_size *size);

/* The domain is applied to the end of what there is. */
void journal_view_mark(struct db_txn *txn, int32_t day, const char *domain);

/* The record that rows say last of the domain, of those that are not applied;
 * NULL: none. */
const char *journal_view_record(struct db_txn *txn, int32_t day,
                                const char *domain);

/* The id of a blob in the journal; 0: none.  *gone: the row that says so is
 * being applied, and so it must be said anew. */
uint64_t journal_view_id(struct db_txn *txn, int32_t day, const void *blob,
                         size_t len, bool *gone);

/* Seals the row and appends it; the transaction sees it from now on. */
void journal_view_append(struct db_txn *txn, int32_t day, uint64_t number,
                         struct strbuf *row);

#endif
