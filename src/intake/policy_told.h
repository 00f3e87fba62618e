/*
 * policy_told - what tlstally-policyd knew of the policies of sessions
 *
 * An event cannot say that the policy of a domain could not be fetched, or not
 * be used: Postfix was told so (store/told_table.h), and sent the mail.  The
 * committing thread adds it:
 *
 *     a policy in force that could not be fetched again: a failure detail for
 *     each of the sessions, whatever their outcome
 *     none in force: the sessions failed.  They were counted as not judged, and
 *     are settled (store/tally_settle.h)
 *
 * Of a store that took nothing policyd may have answered before it could write
 * down what, and an event may be younger than its second.  Then the sessions
 * stand in store/untold_table.h, from the commit that counts them until it is
 * known: so a kill loses nothing.  One that does not run holds nothing for
 * longer than a minute.
 *
 * Of a domain that policyd was never asked about, a policy map of another kind
 * said that it has a policy: the event's own outcome stands.
 */
#ifndef TLSTALLY_INTAKE_POLICY_TOLD_H
#define TLSTALLY_INTAKE_POLICY_TOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "session/tally.h"
#include "store/db.h"

/* The domains of a side that is to be committed, counted until `now`: once. */
void policy_told_look(struct db *db, struct tally *tally,
                      struct tally_domain **domains, size_t count, int64_t now);

/* In the transaction of the domain's counts, with that `now`. */
void policy_told_keep(struct db_txn *txn, const struct tally_domain *domain,
                      int64_t now, struct clock *clock);

/* Goes through those that wait: some of them, when there are many. */
void policy_told_settle(struct db_txn *txn, struct clock *clock,
                        const struct tally_limits *limits);

#endif
