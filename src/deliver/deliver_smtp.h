/*
 * deliver_smtp - reports by mail, through the site's relay
 *
 * [deliver] mail = smtp://127.0.0.1:25: one relay, a few connections kept
 * open, one message and one recipient at a time on each.
 *
 * TLS: with smtp:// STARTTLS is used when it is offered, and when it does not
 * work the next connection goes without, because a report that says "your TLS
 * is broken" must arrive (RFC 8460 section 3).  mail_verify, a user name and
 * smtps:// all mean that TLS is a must: credentials never go in the clear.
 *
 * A relay that takes only so many messages on a connection gets the next one
 * on a fresh connection at once.  How long it may take to answer says
 * reply/smtp_time.h.
 *
 * A relay that takes fewer connections than we would open gets fewer.  When
 * it takes none, everything that waits is answered "later" at once.
 */
#ifndef TLSTALLY_DELIVER_DELIVER_SMTP_H
#define TLSTALLY_DELIVER_DELIVER_SMTP_H

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "deliver/answer.h"
#include "deliver/curl_pool.h"

struct deliver_smtp;

/* NULL, and why, when the settings cannot work: the URL, the password. */
struct deliver_smtp *deliver_smtp_new(const struct conf *conf,
                                      struct clock *clock,
                                      struct curl_pool *pool,
                                      struct answer_queue *answers,
                                      struct err *err);
void deliver_smtp_free(struct deliver_smtp **smtp);

void deliver_smtp_submit(struct deliver_smtp *smtp, struct delivery_job *job);

#endif
