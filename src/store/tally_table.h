/*
 * tally_table - what was counted, per UTC day and policy domain
 *
 * For each day and domain a head row with sums, the record seen last and what
 * the rollup decided; beside it, so that one range holds all of a domain, its
 * policies and their failure details.  Counts that come after the rollup
 * closed the domain's day are kept as late: shown, never sent.  Not so on a day
 * that was read from an old log and never reported: there they are counted.
 *
 * What is in the journal of counts (store/journal_table.h) was counted: who
 * reads finds it added here.
 */
#ifndef TLSTALLY_STORE_TALLY_TABLE_H
#define TLSTALLY_STORE_TALLY_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/domain.h"
#include "base/err.h"
#include "report/report.h"
#include "session/tally.h"
#include "store/db.h"
#include "words/words.h"

/* Room for what counts as a domain: also what is none (255 bytes). */
enum { TALLY_DOMAIN_TEXT = DOMAIN_TEXT + 64 };

/* The sums of a domain's day by kind: as its policies and failure details
 * have them.  A session counts with each policy that applied to it. */
struct tally_kinds {
	uint64_t policy_success[POLICY_TYPES];
	uint64_t policy_failure[POLICY_TYPES];
	/* failures, by the policy that they were failures of */
	uint64_t results[POLICY_TYPES][RESULT_TYPES];
};

struct tally_head {
	enum tally_mark mark;
	bool valid;
	uint64_t success; /* sessions */
	uint64_t failure;
	uint64_t unjudged;
	uint64_t late_success;
	uint64_t late_failure;
	uint32_t policies; /* rows; what the caps look at */
	uint32_t details;
	uint64_t folded;    /* details counted without their particulars */
	uint64_t outbox_id; /* TALLY_QUEUED */
	uint32_t revision;  /* changes with every commit that touches it */
	int64_t record_at;  /* secs: since when the record is seen; 0 */
	struct tally_kinds kinds;
	char record[SESSION_RECORD_MAX + 1]; /* "" when none was seen */
	char reason[256];                    /* words for the mark */
};

/* Failures with that result, under whatever policy. */
static inline uint64_t tally_result(const struct tally_head *head,
                                    enum result_type result)
{
	uint64_t n = 0;

	for (int policy = 0; policy < POLICY_TYPES; policy++)
		n += head->kinds.results[policy][result];
	return n;
}

/* Sessions without TLS that no policy forbade. */
static inline uint64_t tally_clear_sessions(const struct tally_head *head)
{
	return head->kinds.results[POLICY_NONE][RESULT_STARTTLS_NOT_SUPPORTED];
}

/* The result type that most of its failures had; of several the least one.
 * -1: it has none. */
static inline int tally_main_result(const struct tally_head *head)
{
	uint64_t most = 0;
	int result = -1;

	for (int i = 0; i < RESULT_TYPES; i++) {
		uint64_t n = tally_result(head, (enum result_type)i);

		if (n > most) {
			most = n;
			result = i;
		}
	}
	return result;
}

/* Adds one domain's deltas, under the caps of limits, after what the journal
 * has of it.  In a write transaction. */
void tally_apply(struct db_txn *txn, const struct tally_domain *delta,
                 const struct tally_limits *limits);

/* The same of what the journal has of it, for who applies that. */
void tally_apply_journal(struct db_txn *txn, const struct tally_domain *delta,
                         const struct tally_limits *limits);

/* 1 and the head, or 0. */
int tally_head_get(struct db_txn *txn, int32_t day, const char *domain,
                   struct tally_head *head);

/* The next (day, domain) after the one given, in the store's order; begin
 * with the day and "".  0 at the end of the store.  Only heads are read. */
int tally_head_next(struct db_txn *txn, int32_t *day,
                    char domain[TALLY_DOMAIN_TEXT], struct tally_head *head);

/* Sets mark, reason and outbox id of a domain's day; ERR_BUSY in the
 * transaction when the head's revision is no longer the one given, or the
 * journal has more of it. */
void tally_mark_set(struct db_txn *txn, int32_t day, const char *domain,
                    uint32_t revision, enum tally_mark mark, uint64_t outbox_id,
                    const char *reason);

/* All that was counted for a domain's day is late from now on: policies and
 * details are gone, the day may count it anew. */
void tally_make_late(struct db_txn *txn, int32_t day, const char *domain);

/* Reads policies and details of a domain's day into the report's arena (the
 * report keeps its other members). */
int tally_load(struct db_txn *txn, int32_t day, const char *domain,
               struct report *report, struct err *err);

/* First and last day with any row; 0 when there is none.  The last may be yet
 * to come, where a clock was ahead; the last of tally_days_until() is not
 * after `day`. */
int tally_day_range(struct db_txn *txn, int32_t *first, int32_t *last);
int tally_days_until(struct db_txn *txn, int32_t day, int32_t *first,
                     int32_t *last);
/* The first day from *day on that has any row; 0: there is none. */
int tally_day_next(struct db_txn *txn, int32_t *day);

/* Deletes rows of days before `day`, at most DB_PURGE_ROWS of them; 1 when
 * there is more to delete. */
int tally_purge(struct db_txn *txn, int32_t day, uint64_t *rows);

#endif
