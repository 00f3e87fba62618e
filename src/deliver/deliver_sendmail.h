/*
 * deliver_sendmail - reports by mail, through a sendmail program
 *
 *     PATH -i -f <sender> -- <recipient>    with the message on its input
 *
 * Started directly with these arguments: no shell sees them, and "--" keeps a
 * recipient that begins with "-" from being an option.  The message waits in
 * a memory file, so a child that reads slowly, or not at all, holds nobody
 * up.  It has lines as local programs expect them, LF alone: a sendmail takes
 * CRLF for LF with a stray CR, and Postfix's would send "\r\r\n" (or guess).
 *
 * The exit status is one of <sysexits.h>, and what the program says on
 * standard error tells more (verdict.h).  A child that does not end in time
 * is killed with all it started; it may have queued the message by then, so
 * the answer is "uncertain".
 */
#ifndef TLSTALLY_DELIVER_DELIVER_SENDMAIL_H
#define TLSTALLY_DELIVER_DELIVER_SENDMAIL_H

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "deliver/answer.h"
#include "deliver/curl_pool.h"

struct deliver_sendmail;

/* From [deliver] mail = sendmail:/usr/sbin/sendmail; NULL and why when that
 * is no program we may start. */
struct deliver_sendmail *deliver_sendmail_new(const struct conf *conf,
                                              struct clock *clock,
                                              struct curl_pool *pool,
                                              struct answer_queue *answers,
                                              struct err *err);

/* Kills what still runs. */
void deliver_sendmail_free(struct deliver_sendmail **sendmail);

void deliver_sendmail_submit(struct deliver_sendmail *sendmail,
                             struct delivery_job *job);

#endif
