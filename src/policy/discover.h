/*
 * discover - all that a domain says about mail and TLS, in one view
 *
 * TLSRPT record (_smtp._tls, exactly one), MTA-STS (TXT, then the policy when
 * its id changed or the one we have grows old), MX set with its DNSSEC status,
 * TLSA for each MX (only where the MX set and the host's address are secure,
 * RFC 7672 section 2.2).
 *
 * What failed temporarily keeps its earlier answer; an MTA-STS policy that is
 * still within max_age stays in force whatever happens to its record or host
 * (RFC 8461 section 3.3), unless its mode is none.
 *
 * A view is a function of the old one and of the answers that have come.  So
 * nothing here waits: discover_pass() goes through all of it and notes what it
 * would have to know; whoever calls it has that asked, all of it side by side,
 * and calls it again when an answer has come (policy/jobs.c).
 *
 *     discover_begin(&lookup, &options, "example.com", old);
 *     while (!discover_pass(&lookup))
 *             ... lookup_unasked(), lookup_unfetched() ...
 *     ... lookup.view ...
 *     discover_clear(&lookup);
 */
#ifndef TLSTALLY_POLICY_DISCOVER_H
#define TLSTALLY_POLICY_DISCOVER_H

#include <stdbool.h>

#include "base/clock.h"
#include "domain/domain_view.h"
#include "policy/lookup.h"

struct discover_options {
	struct clock *clock;
	bool sts; /* look for MTA-STS policies */
	/* The policy host's addresses are not asked for. */
	bool knows_the_place;
	/* Of all look-ups together; NULL: a policy host that cannot be
	 * connected to is its domain's fault. */
	struct sts_reach *reach;
	bool dane; /* look for TLSA, too */
	/* TLSA also where the MX set is not secure, which no sender looks at:
	 * to tell people of it. */
	bool thorough;
	/* Nothing that the resolver says of DNSSEC is believed: TLSA is looked
	 * for all the same, and what is found may be signed or not. */
	bool unvouched;
};

/* `old` is the last view, or NULL; it is copied. */
void discover_begin(struct lookup *lookup,
                    const struct discover_options *options, const char *domain,
                    const struct domain_view *old);

/* True: lookup->view is whole; its strings are the look-up's.  What has not
 * been asked for after two minutes failed temporarily. */
bool discover_pass(struct lookup *lookup);

void discover_clear(struct lookup *lookup);

#endif
