/*
 * site - what this site has to do with its sessions: Postfix and [log]
 *
 * postconf's word (postfix/postfix_site.h) and what [log] says by hand become a
 * maillog/log_site.h.  tlstally-logd counts by it, and doctor looks at it.
 */
#ifndef TLSTALLY_POSTFIX_SITE_H
#define TLSTALLY_POSTFIX_SITE_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "conf/conf.h"
#include "maillog/log_site.h"
#include "postfix/postfix_site.h"

/* For a log from that source (enum log_source_kind).  Standard input may be
 * another host's log, and postconf is believed only of lines that bear this
 * host's name; how addresses are quoted, only of the journal's new lines, which
 * no other host's nor an older Postfix's are. */
struct log_site *site_make(const struct conf *conf,
                           const struct postfix_site *postfix, int source,
                           bool from_start);

/* Services whose sessions cannot be counted since they log no TLS, "smtp, relay
 * (/etc/postfix)"; how many. */
size_t site_unlogged(const struct log_site *site, struct strbuf *out);

/* Logs what is known of the site, and what is wrong with it, as far as it
 * differs from what was said before (*said, which it replaces). */
void site_tell(const struct conf *conf, const struct postfix_site *postfix,
               const struct log_site *site, struct strbuf *said);

#endif
