/*
 * dgram - the thread that does nothing but receive
 *
 * libtlsrpt sends with MSG_DONTWAIT: what finds the socket's queue full is
 * lost for good.  So this thread never waits for a disk, for a lock held
 * across a commit, for DNS or for the log.  It takes up to 64 datagrams at a
 * time and counts each: known bytes by the memo, others decoded.
 */
#ifndef TLSTALLY_INTAKE_DGRAM_H
#define TLSTALLY_INTAKE_DGRAM_H

#include "base/err.h"
#include "intake/bad_log.h"
#include "intake/collector.h"
#include "intake/dgram_socket.h"

struct dgram;

/* Starts receiving; all three stay the caller's and must outlive it. */
int dgram_start(struct dgram **dgram, struct dgram_socket *sock,
                struct collector *collector, struct bad_log *bad_log,
                struct err *err);

/*
 * Ends receiving and frees.  What is queued is counted.  A socket of our own
 * accepts no more before; one that was handed over does, and what still comes
 * is left in its queue for whoever comes next.
 */
void dgram_stop(struct dgram **dgram);

/* Has the thread ended by itself?  Then why, in words. */
int dgram_failed(struct dgram *dgram, struct err *err);

#endif
