/*
 * judge - a session of the log and a domain's policies make a session
 *
 * Which policy was in force comes from what the site enforces (`enforces =
 * dane, sts`) and from the domain's view, never from the outcome: a DANE
 * mismatch logs "Untrusted" and an STS success "Verified" like DANE.  The log
 * decides only success or failure, and why.
 *
 * What Postfix cannot say itself is added: STARTTLS not offered at level may
 * is starttls-not-supported; an STS policy that could not be fetched
 * (sts-policy-fetch-error), read (sts-policy-invalid) or trusted
 * (sts-webpki-invalid); DNSSEC failures (dnssec-invalid); a testing policy
 * whose MX name or certificate does not conform is a failure although the
 * mail was delivered (reason "mtasts-policy-mx-mismatch").
 */
#ifndef TLSTALLY_MODEL_JUDGE_H
#define TLSTALLY_MODEL_JUDGE_H

#include <stdbool.h>

#include "base/err.h"
#include "model/domain_view.h"
#include "model/log_session.h"
#include "model/session.h"

struct judge_options {
	bool dane;
	bool sts;
};

/* Fills in the session (reset first), in its normal form. */
int judge(const struct judge_options *options,
          const struct log_session *session, const struct domain_view *view,
          struct session *out, struct err *err);

#endif
