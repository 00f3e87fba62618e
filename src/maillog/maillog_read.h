/*
 * maillog_read - what the parts of maillog/maillog share
 */
#ifndef TLSTALLY_MAILLOG_MAILLOG_READ_H
#define TLSTALLY_MAILLOG_MAILLOG_READ_H

#include "maillog/maillog.h"

/* A time stamp and the blank behind it, moved past: "Nov 23 12:33:14",
 * "2026-11-23T12:33:14.123+01:00", "1795437194", each with a fraction or
 * without. */
bool maillog_stamp(struct span *text, struct log_clock *clock, int64_t *time);
/* Has it blanks and colons where a stamp has them?  Fast. */
bool maillog_has_stamp(struct span text);

/* "mx.example.com[192.0.2.1]:25", the port may be absent: into host, ip and
 * port, moved past; false, and nothing moved, for anything else. */
bool maillog_peer(struct span *text, struct fact *fact);

/* "3A2BEA8D07B: ", moved past. */
bool maillog_queue_id(struct span *text, struct span *id);

/* What follows the queue id in a line of smtp(8), of qmgr(8). */
enum fact_kind maillog_smtp_queue(struct span text,
                                  const struct maillog_site *site,
                                  struct fact *fact);
enum fact_kind maillog_qmgr_queue(struct span text, struct fact *fact);

#endif
