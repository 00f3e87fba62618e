/*
 * site_level - smtp_tls_security_level: what mail gets at each of Postfix's
 *
 * They are no ladder.  At "dane" a host without TLSA records is delivered to as
 * at "may", which is less than "encrypt"; at "fingerprint", "verify", "secure"
 * and "dane-only" each believes somebody else.  So one takes the place of
 * another only where it is known to refuse all that the other refuses
 * (smtp_tls_policy.c of Postfix 3.4 to 3.12).
 */
#ifndef TLSTALLY_DOMAIN_SITE_LEVEL_H
#define TLSTALLY_DOMAIN_SITE_LEVEL_H

#include <stdbool.h>

enum site_level {
	SITE_LEVEL_NONE,
	SITE_LEVEL_MAY,
	SITE_LEVEL_ENCRYPT,
	SITE_LEVEL_DANE,
	SITE_LEVEL_DANE_ONLY,
	SITE_LEVEL_FINGERPRINT,
	SITE_LEVEL_VERIFY,
	SITE_LEVEL_SECURE,
	SITE_LEVELS
};

/* A set of levels. */
#define SITE_LEVEL_BIT(level) (1u << (level))

/* As Postfix reads it, whatever the case; SITE_LEVELS: it is none. */
enum site_level site_level_of(const char *text);
const char *site_level_text(enum site_level level);

/* At `level`, is no session accepted that one of `own`, a set, refuses? */
bool site_level_holds(enum site_level level, unsigned own);

/* Where mail has the levels `own` without a policy of its domain: may DANE, or
 * an MTA-STS policy of mode enforce, be told instead?  Whom the administrator
 * believes is not replaced by whom a policy names.  verifies_host:
 * smtp_tls_verify_cert_match is the host's own name. */
bool site_level_takes_dane(unsigned own);
bool site_level_takes_sts(unsigned own, bool verifies_host);

#endif
