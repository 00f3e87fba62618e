/*
 * overrides - the administrator's own table of TLS policies
 *
 *     # as in smtp_tls_policy_maps
 *     example.com          encrypt
 *     .example.com         secure match=.example.com
 *     partner.example      dunno
 *     [relay.example]:587  verify match=relay.example
 *             ciphers=high
 *
 * The source of a Postfix table (postmap(1)): a key, white space, a policy;
 * lines that begin with "#" are comments, lines that begin with white space
 * continue the one before.  ".example.com" is for what lies below example.com;
 * the longest match wins.  "dunno" is NOTFOUND: the site's own level, whatever
 * the domain publishes.
 *
 * A table with a policy that Postfix cannot read is refused as a whole: mail
 * would be deferred for it.
 */
#ifndef TLSTALLY_POLICYD_OVERRIDES_H
#define TLSTALLY_POLICYD_OVERRIDES_H

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct overrides;

/* The text of a file; ERR_PARSE names the line. */
int overrides_read(struct overrides **table, const char *text, size_t len,
                   struct err *err);
void overrides_free(struct overrides **table);
size_t overrides_count(const struct overrides *table);

/* What stands there for a key, in any case, or for a domain's nearest parent:
 * lent by the table, "" for dunno; NULL: nothing, also for a table that is
 * NULL, and for ".example.com", which Postfix asks for when a domain below it
 * is NOTFOUND: what stands there was told of that domain, or is not for it. */
const char *overrides_find(const struct overrides *table, struct span key);

#endif
