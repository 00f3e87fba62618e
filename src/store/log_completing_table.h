/*
 * log_completing_table - sessions of the log whose event is to be judged
 *
 * Beside tlstallyd ([log] complete_events) tlstally-logd does not count what
 * Postfix sent an event about: it knows more of it, the MX and the certificate.
 * Such sessions wait here, counted by day, domain and their bytes, until the
 * event has been counted (store/tally_settle.h) or surely will not be.  So do
 * those without TLS, which have no event, until it is known whether Postfix was
 * told of a policy (store/told_table.h).
 */
#ifndef TLSTALLY_STORE_LOG_COMPLETING_TABLE_H
#define TLSTALLY_STORE_LOG_COMPLETING_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "maillog/log_session.h"
#include "store/db.h"
#include "store/tally_table.h"

/* They keep a domain's day open for so long after its end: tlstally-logd
 * settles all of them within minutes (judge/complete.h), if it runs. */
enum { LOG_COMPLETING_WAIT_SECS = 3600 };

struct log_completing {
	struct log_session session;
	/* secs: it was logged by then; within a minute before, or without TLS
	 * in that second */
	int64_t until;
	/* Postfix was told then, and for a while before, that the policy is in
	 * testing: an event that is not there was lost. */
	bool certain;
};

void log_completing_encode(const struct log_completing *completing,
                           struct strbuf *out);
/* Does it begin as such bytes, and not as those of a session that is to be
 * counted? */
bool log_completing_is(const void *data, size_t len);
int log_completing_decode(const void *data, size_t len, struct arena *arena,
                          struct log_completing *completing);

void log_completing_add(struct db_txn *txn, int32_t day, const char *domain,
                        const void *bytes, size_t len, uint64_t n);

/* Does a domain, or (domain NULL) any, have such sessions on that day? */
bool log_completing_has(struct db_txn *txn, int32_t day, const char *domain);

/* The next (day, domain) with some after the one given; begin with day
 * INT32_MIN and "".  1 or 0. */
int log_completing_next(struct db_txn *txn, int32_t *day,
                        char domain[TALLY_DOMAIN_TEXT]);

/* Of a domain's day, the earliest `until` of all, and of those without TLS;
 * INT64_MAX: there is none. */
struct log_completing_first {
	int64_t any, plain;
};
struct log_completing_first
log_completing_first(struct db_txn *txn, int32_t day, const char *domain);

/* Hands rows of a domain's day to each(), which says how many of the n sessions
 * still wait: at most max, from `from` on (of length 0: from the first).  How
 * many they were; with max of them `from` is where it goes on. */
size_t log_completing_take(struct db_txn *txn, int32_t day, const char *domain,
                           struct db_key *from, size_t max,
                           uint64_t (*each)(void *arg, const void *data,
                                            size_t len, uint64_t n),
                           void *arg);

/* Deletes what waits since before `day`, at most DB_PURGE_ROWS rows; 1: there
 * is more. */
int log_completing_purge(struct db_txn *txn, int32_t day, uint64_t *rows);

#endif
