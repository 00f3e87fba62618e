/*
 * discover - all that a domain says about mail and TLS, in one view
 *
 * TLSRPT record (_smtp._tls, exactly one), MTA-STS (TXT, then the policy when
 * its id changed or the one we have grows old), MX set with its DNSSEC status,
 * TLSA for each MX (only where the MX set is secure, RFC 7672 section 2.2.1).
 *
 * What failed temporarily keeps its earlier answer; an MTA-STS policy that is
 * still within max_age stays in force whatever happens to its record or host
 * (RFC 8461 section 3.3), unless its mode is none.
 */
#ifndef TLSTALLY_POLICY_DISCOVER_H
#define TLSTALLY_POLICY_DISCOVER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/clock.h"
#include "domain/domain_view.h"
#include "policy/resolver.h"
#include "policy/sts_fetch.h"
#include "policy/sts_reach.h"

struct discover_options {
	struct resolver *resolver;
	struct sts_fetcher *fetcher; /* NULL: no MTA-STS */
	/* Of all look-ups together; NULL: a policy host that cannot be
	 * connected to is its domain's fault. */
	struct sts_reach *reach;
	struct clock *clock;
	bool dane; /* look for TLSA, too */
	/* TLSA also where the MX set is not secure, which no sender looks at:
	 * to tell people of it. */
	bool thorough;
	const atomic_bool *stop; /* true: ask nothing more; NULL */
};

/* `old` is the last view, or NULL.  It takes three minutes at most: what has
 * not been asked for after two failed temporarily.  Strings of the result live
 * in the arena. True when nothing failed temporarily. */
bool discover(const struct discover_options *options, const char *domain,
              const struct domain_view *old, struct arena *arena,
              struct domain_view *view);

#endif
