/*
 * milter_watch - what Postfix's settings hide from the milter
 *
 * For tlstally-milter, which counts by it, and for the doctor, who says it.
 */
#ifndef TLSTALLY_POSTFIX_MILTER_WATCH_H
#define TLSTALLY_POSTFIX_MILTER_WATCH_H

#include "base/arena.h"
#include "conf/conf.h"
#include "inmail/milter_sight.h"
#include "postfix/postfix_site.h"

/* By postconf, and [milter] before_queue_filter over it.  The texts live as
 * long as the arena and the site. */
void milter_watch_read(const struct conf *conf, const struct postfix_site *site,
                       struct arena *arena, struct milter_sight *sight);

/* An instance (its directory) in whose smtpd_milters or non_smtpd_milters our
 * milter stands first, so that no filter has seen the mail before; NULL: none.
 */
const char *milter_watch_first(const struct conf *conf,
                               const struct postfix_site *site,
                               struct arena *arena);

#endif
