/*
 * verdict - what a receiver's answer means for a destination
 *
 * Three tables: SMTP replies by the stage they came at, HTTP status codes,
 * exit statuses of a sendmail program.  The first row that fits counts.
 *
 * Only what RCPT answers about the address itself (RFC 3463 subject 1, or
 * 2.1) makes EVENT_BAD_ADDRESS and so leads to suppression; a policy's "no"
 * (subject 7) and whatever is refused before RCPT is trouble of our own
 * site: later again, and the operator is told.
 */
#ifndef TLSTALLY_DELIVER_VERDICT_H
#define TLSTALLY_DELIVER_VERDICT_H

#include "model/ports.h"
#include "model/smtp_wire.h"

/* Fill answer with event, stage, code, our_fault and text. */
void verdict_smtp(enum delivery_stage stage, const struct smtp_reply *reply,
                  struct delivery_answer *answer);

/* `said` is what the server says in words, may be "". */
void verdict_http(int status, const char *said, struct delivery_answer *answer);

/* `status` as waitpid(2) gives it, `said` the first line of its stderr. */
void verdict_exit(int status, const char *said, struct delivery_answer *answer);

#endif
