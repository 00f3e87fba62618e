/*
 * policy_told - what tlstally-policyd knew of the policies of sessions
 *
 * An event cannot say that the policy of a domain could not be fetched, or not
 * be used: Postfix was told so (store/told_table.h), and sent the mail.  The
 * committing thread adds it:
 *
 *     a policy in force that could not be fetched again: a failure detail for
 *     each of the sessions, whatever their outcome
 *     none in force: the sessions failed.  They were counted as not judged,
 *     for policyd may have answered before it wrote down what; they are settled
 *     (store/tally_settle.h) once that is there.
 *
 * Of a domain that policyd was never asked about, a policy map of another kind
 * said that it has a policy: the event's own outcome stands.
 */
#ifndef TLSTALLY_INTAKE_POLICY_TOLD_H
#define TLSTALLY_INTAKE_POLICY_TOLD_H

#include <stddef.h>
#include <stdint.h>

#include "session/tally.h"
#include "store/db.h"

struct policy_told;

struct policy_told *policy_told_new(void);
void policy_told_free(struct policy_told **told);

/* The domains of a side that is to be committed, counted until `now`: once. */
void policy_told_look(struct policy_told *told, struct db *db,
                      struct tally *tally, struct tally_domain **domains,
                      size_t count, int64_t now);

/* In the transaction of the side's sums; and when it has been committed. */
void policy_told_settle(struct policy_told *told, struct db_txn *txn,
                        int64_t now, const struct tally_limits *limits);
void policy_told_committed(struct policy_told *told);

#endif
