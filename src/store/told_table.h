/*
 * told_table - what Postfix was told of a domain, and since when
 *
 * tlstally-policyd answers Postfix's question for a domain's policy
 * (smtp_tls_policy_maps).  When what it answers changes, it notes here what it
 * is from then on; whoever counts a session asks what was told at that moment:
 *
 *     10:00:00  example.com  sts-testing, policy 20261130
 *     14:00:07  example.com  sts-failed, the policy could not be fetched
 *
 * An event of 14:05 then says "sts" and "success", for Postfix knows no better,
 * and tlstallyd adds that the policy could not be fetched.
 *
 * Before Postfix is told something for the first time it stands here, unless
 * the store takes nothing for a second (policyd/told_log.h); then it comes
 * later, and until when all is written is told with it.
 */
#ifndef TLSTALLY_STORE_TOLD_TABLE_H
#define TLSTALLY_STORE_TOLD_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "store/db.h"
#include "words/words.h"

struct told {
	int64_t since; /* secs */
	enum told_kind kind;
	/* Of the last fetch of the MTA-STS policy: VIEW_BAD, VIEW_FETCH_ERROR,
	 * VIEW_WEBPKI_ERROR with TOLD_STS_FAILED, and with another kind when an
	 * older policy is still in force.  All else: nothing failed. */
	enum view_status sts_fetch;
	const char *problem; /* what failed, in words; NULL */
	const char *sts_id;  /* of the policy that was told; NULL */
};

/* From told->since on.  Rows of a later time are deleted: a clock that was
 * ahead wrote them.  The domain is canonical. */
void told_put(struct db_txn *txn, const char *domain, const struct told *told);

/* What was told at that moment (INT64_MAX: what is told now), its strings in
 * the arena.  0: nobody told anything then. */
int told_get(struct db_txn *txn, const char *domain, int64_t moment,
             struct arena *arena, struct told *told);

/* secs: all that was told before is there.  It moves on every ten seconds at
 * least, and stands still when policyd does not run; 0: it never did. */
int64_t told_until(struct db_txn *txn);
void told_until_put(struct db_txn *txn, int64_t moment);

/* From Postfix's question to the end of nearly all sessions. */
enum { TOLD_APART_SECS = 10 };

/* At that moment or shortly before, was it a policy that Postfix was not to
 * enforce: one in testing, or one that could not be had? */
bool told_to_report(struct db_txn *txn, const char *domain, int64_t moment);

/*
 * Deletes what was no longer told at that time, and the last of a domain told
 * before it of which no view is kept (store/policy_cache_table.h); at most
 * DB_BATCH_ROWS.  1: there is more.
 */
int told_purge(struct db_txn *txn, int64_t before, uint64_t *rows);

#endif
