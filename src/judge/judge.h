/*
 * judge - a session of the log and a domain's policies make a session
 *
 * Which policy was in force comes from what the site enforces (`enforces =
 * dane, sts`) and from the domain's view, never from the outcome: a DANE
 * mismatch logs "Untrusted" and an STS success "Verified" like DANE.  The log
 * decides only success or failure, and why.  The first that applies:
 *
 *     tlsa             the MX has TLSA records under a signed MX set, usable
 *                      or not, or DNSSEC refuses them; policy-domain is the MX
 *                      (DANE stands before MTA-STS: RFC 8461 section 2)
 *     sts              an MTA-STS policy of mode enforce or testing is in
 *                      force, or a valid record announces one that could not
 *                      be had; policy-domain is the domain
 *     no-policy-found  else; policy-domain is the domain
 *
 * A policy map (smtp_tls_policy_maps) under a global level of may can put DANE
 * in force for some domains and not for others.  There a session that went on
 * and was not verified was under no TLSA policy, whatever DNS says; tls= of
 * Postfix 3.11 tells outright.
 *
 * "num=65" (nothing matched) proves DANE where the MX has TLSA records, unless
 * tls= tells another level.  Else it is level fingerprint, a policy of this
 * site and not of the domain: TLS itself was there, and the session is a
 * success under no-policy-found.
 *
 * One exception: results that only one kind of policy has (tlsa-invalid,
 * dnssec-invalid, dane-required; sts-...) stand under that kind when Postfix
 * logged them, whatever DNS says today.
 *
 * What Postfix cannot say itself is added:
 *
 *     no STARTTLS at level may         starttls-not-supported
 *     the STS policy cannot be had     sts-policy-fetch-error, sts-policy-
 *                                      invalid, sts-webpki-invalid
 *     MX in no mx line of the policy   validation-failure, reason
 *                                      mtasts-policy-mx-mismatch
 *     STS policy and a certificate     the result that the log complains of,
 *     that was not verified            else certificate-not-trusted
 *     all TLSA records unusable        tlsa-invalid
 *     DNSSEC refuses MX or TLSA        dnssec-invalid
 *
 * all failures although the mail was delivered.
 *
 * A session counts once, under one policy, as success or failure; it brings one
 * failure detail for each cause, and several causes have one each (RFC 8460
 * section 4: types overlap): no STARTTLS and records that cannot be used, an
 * expired certificate at an MX that the policy does not name.  One cause are:
 *
 *     a name that does not match, and an MX in no mx line: its certificate is
 *     compared with these names (mtasts-policy-mx-mismatch)
 *     a policy that neither Postfix's plugin nor we could have
 *     DANE or a certificate by which Postfix refused, and what DNS says today
 *
 * Where all TLSA records are of usage 3, names and dates do not matter: what
 * Postfix up to 3.5 says of them is certificate-not-trusted, for it does not
 * log that no record matched.  An STS policy that could not be had makes the
 * session a failure when there is no older policy to go by: what the domain
 * announced was not met.  With an older policy in force the session counts by
 * that one, and the detail is added to it whatever the outcome (RFC 8461
 * section 6).  Under no-policy-found a certificate that nobody vouches for is a
 * success.
 */
#ifndef TLSTALLY_JUDGE_JUDGE_H
#define TLSTALLY_JUDGE_JUDGE_H

#include <stdbool.h>

#include "base/err.h"
#include "domain/domain_view.h"
#include "maillog/log_session.h"
#include "session/session.h"

struct judge_options {
	bool dane;
	bool no_dane;     /* it is known that this site does none */
	bool dane_by_map; /* for those of whom smtp_tls_policy_maps says so */
	bool sts;
	/* Postfix has no CA certificates (smtp_tls_CAfile, smtp_tls_CApath):
	 * it calls every certificate "Untrusted", which then says nothing. */
	bool no_cas;
};

/* By the ENFORCES_ bits of a session or a site. */
struct judge_options judge_options_of(unsigned enforces);

/*
 * Which policy of the domain's, that this site holds others to, the session's
 * level (tls= of Postfix 3.11) can be compared with: TLSA records ask for dane,
 * MTA-STS in enforce mode for secure.  POLICY_NONE: there is none, or the log
 * does not tell the level.
 *
 * *less: the level asks for less, so the session was under no policy of the
 * domain's and says nothing about it: its message has "TLS-Required: No" (RFC
 * 8689), or this Postfix does not do what it is thought to do.  Where no TLSA
 * record can be used, encrypt is what DANE itself makes of the level.
 */
enum policy_type judge_level(const struct judge_options *options,
                             const struct log_session *session,
                             const struct domain_view *view, bool *less);

/* Fills in the session (reset first), in its normal form.  ERR_PARSE for a
 * session without a domain. */
int judge(const struct judge_options *options,
          const struct log_session *session, const struct domain_view *view,
          struct session *out, struct err *err);

#endif
