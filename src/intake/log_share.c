#include "intake/log_share.h"

#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "store/log_completing_table.h"
#include "store/log_pending_table.h"
#include "store/told_table.h"

enum { SECS_PER_MINUTE = 60 };

enum share {
	SHARE_NONE,
	SHARE_WAIT, /* for its event, or for what was told */
	SHARE_COUNT,
};

static int told_then(struct db_txn *txn, const struct log_session *session,
                     int64_t moment, struct told *told)
{
	auto_(arena_clear) struct arena arena = {0};

	return told_get(txn, session->domain, moment, &arena, told);
}

/* Does it need no more than what the line says?  A policy map of another kind
 * may have told Postfix; what policyd told may not be written down yet. */
static enum share share_of_tls(struct db_txn *txn,
                               const struct log_session *session, int64_t time,
                               bool *certain)
{
	struct told told, before;
	bool known;

	/* that is more than a policy in testing makes Postfix do, if it does
	 * not do that of its own */
	if (session->verified && !(session->enforces & ENFORCES_CERTIFICATE))
		return SHARE_NONE;
	known = told_then(txn, session, time, &told);
	if (known && told.kind != TOLD_STS_TESTING &&
	    told.since <= time - TOLD_APART_SECS && told_until(txn) > time)
		return SHARE_NONE;
	*certain = known && told.kind == TOLD_STS_TESTING &&
	           told_then(txn, session, time - TOLD_APART_SECS, &before) &&
	           before.kind == TOLD_STS_TESTING &&
	           day_of(time - TOLD_APART_SECS) ==
	                   day_of(time + TOLD_APART_SECS);
	return SHARE_WAIT;
}

/* Clear text, and no event. */
static enum share share_of_plain(struct db_txn *txn,
                                 const struct log_session *session,
                                 int64_t time)
{
	if (told_to_report(txn, session->domain, time))
		return SHARE_COUNT;
	return told_until(txn) > time ? SHARE_NONE : SHARE_WAIT;
}

static bool is_mx_mismatch(const struct log_session *session)
{
	return session->outcome == LOG_FAILED && session->reason != NULL &&
	       strcmp(session->reason, REASON_MX_MISMATCH) == 0;
}

static enum share share_of(struct db_txn *txn,
                           const struct log_session *session, int64_t time,
                           bool *certain)
{
	if (is_mx_mismatch(session))
		return SHARE_COUNT;
	if (session->outcome == LOG_TLS && session->event == LOG_EVENT_SUCCESS)
		return share_of_tls(txn, session, time, certain);
	if (session->outcome == LOG_PLAIN && session->event == LOG_EVENT_NONE)
		return share_of_plain(txn, session, time);
	return SHARE_NONE;
}

bool log_share_encode(struct db_txn *txn, const struct log_session *session,
                      int64_t time, struct strbuf *out)
{
	struct log_completing row = {.session = *session, .until = time};

	/* so that equal ones stand together */
	if (session->outcome != LOG_PLAIN)
		row.until += SECS_PER_MINUTE - 1 - time % SECS_PER_MINUTE;

	switch (share_of(txn, session, time, &row.certain)) {
	case SHARE_WAIT:
		log_completing_encode(&row, out);
		return true;
	case SHARE_COUNT:
		/* Postfix was told of an MTA-STS policy */
		row.session.enforces |= ENFORCES_KNOWN | ENFORCES_STS;
		log_session_encode(&row.session, out);
		return true;
	case SHARE_NONE:
		break;
	}
	return false;
}

void log_share_add(struct db_txn *txn, int32_t day, const char *domain,
                   const void *bytes, size_t len, uint64_t n)
{
	if (log_completing_is(bytes, len))
		log_completing_add(txn, day, domain, bytes, len, n);
	else
		log_pending_add(txn, day, domain, bytes, len, n);
}
