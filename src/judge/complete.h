/*
 * complete - the log judges what Postfix's events left open
 *
 * Sessions that wait in store/log_completing_table are those of which Postfix
 * sent an event: tlstallyd has counted it, or will.  Where it counted it as not
 * judged, the session of the log is judged by that event's own policy (the MX
 * against its patterns, the certificate by what Postfix said of it) and the
 * sums move, in one transaction.  The events say how many there are: a session
 * of the log for which none is left was no session of a policy in testing, or
 * its event was lost.
 *
 * That is settled when tlstallyd has counted well past its minute, or five
 * minutes after the day's end: if Postfix was surely told that the policy is in
 * testing, the event was lost, since tlstallyd was not there or the socket's
 * queue was full, and the session is counted by the log alone (judge/apply.h);
 * else it was the event of another policy, and is counted.  A session without
 * TLS has no event: the log counts it then, if Postfix was told of a policy
 * that it was not to enforce.
 */
#ifndef TLSTALLY_JUDGE_COMPLETE_H
#define TLSTALLY_JUDGE_COMPLETE_H

#include <stdint.h>

#include "base/err.h"
#include "judge/apply.h"

/* Goes through what waits, once.  *judged: sessions of events. */
int complete_waiting(const struct apply_options *options, uint64_t *judged,
                     struct err *err);

#endif
