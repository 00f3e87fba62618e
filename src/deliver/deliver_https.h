/*
 * deliver_https - reports by POST (RFC 8460 section 5.4)
 *
 *     POST /v1/tls HTTP/1.1
 *     Host: reports.example.com
 *     Content-Type: application/tlsrpt+gzip
 *
 * The rua is a stranger's: only https, no redirect, no proxy, no cookie, no
 * credentials; the address is checked when the socket is opened
 * (base/address.h); what comes back is read up to 16 KiB and no further.
 *
 * So many transfers at once in all and so many to one host, each host over
 * connections that are kept for the next report to it; the rest waits here,
 * host by host, so that a slow one is in nobody's way.
 *
 * HTTP/1.1, not 2: a report is one small request, eight connections to a host
 * are as fast as eight streams on one, and "was all of it sent?" then has an
 * exact answer, which decides between "try again" and "it may have arrived".
 * Who turns out to speak HTTP/2 alone gets that at once.
 *
 * libcurl sends a request again by itself when a kept connection turns out to
 * be closed and nothing of an answer came.  That is right here too: the same
 * bytes have the same report-id.
 */
#ifndef TLSTALLY_DELIVER_DELIVER_HTTPS_H
#define TLSTALLY_DELIVER_DELIVER_HTTPS_H

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "deliver/answer.h"
#include "deliver/curl_pool.h"

struct deliver_https;

struct deliver_https *deliver_https_new(const struct conf *conf,
                                        struct clock *clock,
                                        struct curl_pool *pool,
                                        struct answer_queue *answers,
                                        struct err *err);
void deliver_https_free(struct deliver_https **https);

void deliver_https_submit(struct deliver_https *https,
                          struct delivery_job *job);

#endif
