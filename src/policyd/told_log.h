/*
 * told_log - what Postfix is told anew, on its way to the store
 *
 *     what was found of a domain    the log's thread       the server
 *     --------------------------    ----------------       ----------
 *     told_log_add(..., tell)  ->   one transaction for
 *                                   all that is there  ->  tell(): Postfix is
 *                                                          answered
 *
 * So Postfix is told nothing that tlstallyd could not find in the told table
 * (store/told_table.h), whoever is killed when.  What stands there already
 * needs no transaction.  A first answer had to wait for DNS, and waits for a
 * commit on top of it; but not for long: when the store takes nothing, or for a
 * second, it goes on, and the line is written when it can be.
 */
#ifndef TLSTALLY_POLICYD_TOLD_LOG_H
#define TLSTALLY_POLICYD_TOLD_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "store/db.h"
#include "store/told_table.h"

struct told_log;

/* The store and the clock are lent. */
int told_log_open(struct told_log **log, struct db *db, struct clock *clock,
                  struct err *err);
/* Whoever waits goes on; what was not committed is lost. */
void told_log_close(struct told_log **log);

/*
 * Copies all of it but told->since: it is told from now on.  NULL: nothing is
 * told, but its turn is behind what was added before.  go_on(arg), by a thread
 * of any kind, when it stands in the store; NULL: nobody waits.  When the store
 * takes nothing for long, the newest lines are left out, which is logged:
 * false, and go_on() is not called.
 */
bool told_log_add(struct told_log *log, const char *domain,
                  const struct told *told, void (*go_on)(void *arg), void *arg);

/* Who has waited too long goes on now; but waits for no lock: called again
 * soon, it finds it free. */
void told_log_release(struct told_log *log);

/* How many lines are not in the store. */
size_t told_log_count(struct told_log *log);

/* All of them, and until when that is all, in a transaction to which more()
 * adds something.  They are kept if it fails, and nobody waits any more. */
int told_log_commit(struct told_log *log,
                    void (*more)(void *arg, struct db_txn *txn), void *arg,
                    struct err *err);

#endif
