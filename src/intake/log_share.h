/*
 * log_share - what of a session is tlstally-logd's, beside tlstallyd
 *
 * Postfix sends events, which tlstallyd counts; and the log knows what no event
 * can say.  A line "TLSRPT: status=" tells that there was one:
 *
 *     TLS, event "success"     to be judged: of a policy in testing mode, if
 *                              Postfix did not verify the server
 *     no TLS, no event         to be counted: of a domain of whose MTA-STS
 *                              policy Postfix was told, and not to enforce it
 *     an MX that the policy    to be counted: Postfix did not connect
 *     in force does not name
 *     all else                 none of ours: the event says it
 *
 * What Postfix was told at that moment stands in store/told_table.h, within a
 * second.  The first wait in store/log_completing_table.h, and so do those
 * without TLS as long as it is not known; the others in
 * store/log_pending_table.h.
 */
#ifndef TLSTALLY_INTAKE_LOG_SHARE_H
#define TLSTALLY_INTAKE_LOG_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "maillog/log_session.h"
#include "store/db.h"

/* The bytes of what is ours of the session, for log_share_add(); false: nothing
 * is. */
bool log_share_encode(struct db_txn *txn, const struct log_session *session,
                      int64_t time, struct strbuf *out);

/* Those bytes, or those of a session without tlstallyd (log_session_encode()):
 * n of them wait from now on. */
void log_share_add(struct db_txn *txn, int32_t day, const char *domain,
                   const void *bytes, size_t len, uint64_t n);

#endif
