/*
 * dnssec - do the resolvers here validate, ours and the one of Postfix?
 *
 * They need not be the same: [policy] resolver is ours alone.  smtp(8) asks the
 * name servers of resolv.conf, of the copy in its chroot where it is in one,
 * and takes the AD bit from any of them, also from one on another host: it sets
 * RES_TRUSTAD itself (dns_lookup.c), so the option trust-ad makes no
 * difference.  We take it from loopback, and else by [policy] trust_ad.
 *
 * DANE needs both.  Without the one Postfix delivers at "dane" as at "may";
 * without the other we do not know of whom to say it.
 */
#ifndef TLSTALLY_POLICY_DNSSEC_H
#define TLSTALLY_POLICY_DNSSEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "conf/conf.h"

enum dnssec_says {
	DNSSEC_SILENT, /* no answer */
	DNSSEC_PLAIN,  /* it does not validate, or is not believed */
	DNSSEC_VALIDATES,
};

struct dnssec_answer {
	enum dnssec_says says;
	const char *who;     /* "inet:127.0.0.1:5353", "/etc/resolv.conf" */
	const char *problem; /* of SILENT */
};

/* Each asks now, a question for each resolver; texts are the arena's. */
void dnssec_ask_ours(const struct conf *conf, int64_t timeout_ms,
                     struct arena *arena, struct dnssec_answer *answer);
/* Of the resolv.conf files from which Postfix's services have their servers
 * (postfix/postfix_facts.h): what the first says that does not validate. */
void dnssec_ask_postfix(const char *const *files, size_t count,
                        int64_t timeout_ms, struct arena *arena,
                        struct dnssec_answer *answer);

/* No answer is no reason to believe that there is no DANE: smtp(8) has none
 * either, and says so itself. */
static inline bool dnssec_may_validate(enum dnssec_says says)
{
	return says != DNSSEC_PLAIN;
}

#endif
