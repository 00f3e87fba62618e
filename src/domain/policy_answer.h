/*
 * policy_answer - what Postfix is told of a domain
 *
 * Postfix asks its smtp_tls_policy_maps before each delivery, and we answer by
 * what is known of the domain (domain/domain_view.h):
 *
 *     what is known                  text
 *     TLSA records that can be used  dane
 *     a policy of mode enforce       secure match=mx.d.test:.mx.d.test
 *                                    servername=hostname policy_type=sts
 *                                    policy_domain=d.test
 *                                    mx_host_pattern=mx.d.test ...
 *                                    { policy_string = version: STSv1 } ...
 *     of mode testing                may servername=hostname policy_type=sts
 *                                    policy_domain=d.test ...
 *     a policy that cannot be had    may policy_type=sts policy_domain=d.test
 *     nothing, or a policy of which  "", which is NOTFOUND
 *     Postfix cannot be told
 *
 * "may" stands for the level of the site itself, or dane where Postfix does
 * DANE: what has no TLSA records is delivered as at may.
 *
 * DANE comes first: RFC 8461 section 2 does not allow an MTA-STS policy to take
 * its place, and Postfix at "secure" would not look at TLSA records.
 *
 * An answer takes the place of the site's own level, so it is never one that
 * could be weaker.  Where that is "encrypt", "dane" is told as "dane-only", or
 * not at all; where it is "fingerprint", "secure" or "dane-only", a stranger's
 * policy does not replace what the administrator believes.
 *
 * A policy is a stranger's text, and Postfix defers all mail to a domain whose
 * answer it cannot read; so whatever a view says, the text is one that
 * policy_text_check() takes.  Pure: no clock, no DNS.
 */
#ifndef TLSTALLY_DOMAIN_POLICY_ANSWER_H
#define TLSTALLY_DOMAIN_POLICY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "domain/domain_view.h"
#include "domain/site_level.h"
#include "words/words.h"

/* The same for all domains: what this site's Postfix does, and [policyd]. */
struct policy_site {
	/* What mail has without us: the levels of all services of master.cf
	 * that ask, a set of SITE_LEVEL_BIT().  No answer is weaker than any of
	 * these; 0: they are not known. */
	unsigned own;
	/* At "verify" it compares the certificate with the MX host's name, as
	 * for a policy of MTA-STS. */
	bool verifies_host;
	/* What stands where no policy is enforced: "may", "encrypt", "dane";
	 * "" or "none": the site has TLS off, and such a domain is NOTFOUND. */
	const char *level;
	bool differs;   /* "", as not all services that ask have the same one */
	bool dane;      /* Postfix looks for TLSA, smtp_dns_support_level */
	bool dane_only; /* say so where all MX hosts have TLSA */
	/* Our resolver validates, and what it says of DNSSEC is trusted. */
	bool validates;
	bool defers;       /* nothing is known: the mail waits */
	int64_t temp_secs; /* how long mail waits for a policy that was known
	                    */
};

/* What is known of one domain. */
struct policy_known {
	const char *domain;             /* canonical */
	const struct domain_view *view; /* NULL: nothing yet */
	/* From the administrator's table: a text that policy_text_check()
	 * took, "" for NOTFOUND; NULL: the table does not have it. */
	const char *override;
	int64_t now; /* secs */
	/* The resolver has answered nobody for a while. */
	bool outage;
};

struct policy_answer {
	enum told_kind kind;
	/* FETCH_ERROR, BAD, WEBPKI_ERROR: why the policy that the domain
	 * announces now could not be had, also while an older one is in force.
	 * OK: it was, or none is announced. */
	enum view_status failure;
	/* "": NOTFOUND.  TOLD_TEMP: the reason, which Postfix logs. */
	const char *text;
	/* Of the text, so much is for a Postfix before 3.10, which defers mail
	 * for each attribute that it does not know; 0: NOTFOUND. */
	size_t plain_len;
	/* It is by a lookup that failed, so that the resolver's next outage, or
	 * the end of this one, makes it another. */
	bool by_failure;
	const char *why; /* one sentence */
};

/* Texts live in the arena. */
void policy_answer_make(const struct policy_site *site,
                        const struct policy_known *known, struct arena *arena,
                        struct policy_answer *answer);

#endif
