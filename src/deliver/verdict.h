/*
 * verdict - what a receiver's answer means for a destination
 *
 * Three tables: SMTP replies by the stage they came at, HTTP status codes,
 * exit statuses of a sendmail program.  The first row that fits counts.
 *
 * What RCPT is answered is judged by reply/refusal.h: "no such address" makes
 * EVENT_BAD_ADDRESS and so leads to suppression; what is in doubt makes
 * EVENT_REFUSED with the doubt in the answer.  Rate and quota come again later,
 * and so do a policy's "no" and whatever is refused before RCPT: trouble of our
 * own site, of which the operator is told.
 */
#ifndef TLSTALLY_DELIVER_VERDICT_H
#define TLSTALLY_DELIVER_VERDICT_H

#include <stdbool.h>

#include "base/span.h"
#include "reply/ports.h"
#include "reply/smtp_wire.h"

/* Fill answer with event, stage, code, our_fault and text. */
void verdict_smtp(enum delivery_stage stage, const struct smtp_reply *reply,
                  struct delivery_answer *answer);

/* `said` is what the server says in words, may be "".  A refusal that comes
 * with a Retry-After (`comes_again`), be it 413 (RFC 9110 section 15.5.14) or
 * any other 4xx, is no refusal. */
void verdict_http(int status, const char *said, bool comes_again,
                  struct delivery_answer *answer);

/*
 * `status` as waitpid(2) gives it, `said` what the program wrote to stderr.
 *
 * No exit status refuses a report for good: what they mean differs too much.
 * msmtp says EX_DATAERR for each 5xx ("530 authentication required") and
 * EX_NOHOST when it does not find its own server, sendmail EX_NOUSER for each
 * 550.  A reply that the program quotes tells more, and is judged as that to
 * RCPT is.
 */
void verdict_exit(int status, struct span said, struct delivery_answer *answer);

#endif
