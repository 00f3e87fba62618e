/*
 * enforced - which policies this site's Postfix holds others to
 *
 * The log does not say which policy a session was held to, so the site does:
 * [log] enforces, or else Postfix's own settings.
 */
#ifndef TLSTALLY_APP_ENFORCED_H
#define TLSTALLY_APP_ENFORCED_H

#include <stdbool.h>

#include "app/postfix_site.h"
#include "conf/conf.h"
#include "model/postconf.h"

struct enforced {
	bool dane;
	bool sts;
	bool no_cas; /* Postfix trusts nobody, or nobody could be asked */
};

/* Logs what it decided, and by what. */
struct enforced enforced_find(const struct conf *conf,
                              const struct postfix_site *site);

/* What Postfix's settings mean. */
struct enforced enforced_by_postconf(const struct postconf *set);

#endif
