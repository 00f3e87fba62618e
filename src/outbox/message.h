/*
 * message - what goes out for a claim: the bytes, and who sends them
 *
 * Made from what the claim fixed, so that the same claim made again, by a
 * later run after a crash, gives the same bytes.
 */
#ifndef TLSTALLY_OUTBOX_MESSAGE_H
#define TLSTALLY_OUTBOX_MESSAGE_H

#include "base/err.h"
#include "base/gzip.h"
#include "conf/conf.h"
#include "outbox/claim.h"

/* Who it is from, by the settings of the moment: fixed when a destination is
 * claimed first ("local+token@domain" with verp). */
void message_fix_sender(const struct conf *conf,
                        struct outbox_destination *dest);

/* The same for who only looks: with a date and a token that says so, since the
 * real ones are not drawn before the first claim. */
void message_fix_preview(const struct conf *conf,
                         struct outbox_destination *dest, int64_t now);

/*
 * Fills in claim->job: the mail message, or the gzip bytes as they are.  A
 * report that holds what cannot be sent (report/report_json.h) is written anew.
 */
int message_make(const struct conf *conf, struct gzip *gzip,
                 struct claim *claim, struct err *err);

#endif
