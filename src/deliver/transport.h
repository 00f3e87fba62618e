/*
 * transport - every way a report can go, behind one struct transport
 *
 *     struct transport *transport;
 *
 *     if (transport_open(&conf, clock, &transport, &err) < 0)
 *             ...
 *     transport->submit(transport, job);
 *     transport->wait(transport, 200, done, arg);
 *     transport->free(&transport);
 *
 * By kind of rua: https: to a POST (deliver_https.h); mailto: to the relay or
 * the sendmail program that [deliver] mail names (deliver_smtp.h,
 * deliver_sendmail.h); directory: to a file (deliver_dir.h).  What the
 * settings switch off is refused.
 *
 * wait() returns as soon as something ended; called with nothing under way it
 * sleeps for the whole time.  Jobs that are submitted beyond what runs at once
 * wait inside.  SIGPIPE is ignored from transport_open() on, for the process:
 * a peer that goes away must be an answer, not the end.
 */
#ifndef TLSTALLY_DELIVER_TRANSPORT_H
#define TLSTALLY_DELIVER_TRANSPORT_H

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "reply/ports.h"

/* conf and clock are lent until free().  Fails with words about the setting
 * that cannot work. */
int transport_open(const struct conf *conf, struct clock *clock,
                   struct transport **transport, struct err *err);

#endif
