/*
 * sts_fetch - GET https://mta-sts.DOMAIN/.well-known/mta-sts.txt
 *
 * RFC 8461 section 3.3: certificate of the policy host (SAN only), no
 * redirects, no HTTP caching, 200 only, 60 s and 64 KiB at the most.  No proxy
 * from the environment; private and special addresses are refused when the
 * socket is opened (base/address.h).
 */
#ifndef TLSTALLY_POLICY_STS_FETCH_H
#define TLSTALLY_POLICY_STS_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "domain/domain_view.h"
#include "policy/resolver.h"

struct sts_reply {
	/* OK, FETCH_ERROR, WEBPKI_ERROR; TEMPFAIL by a fault of our own, which
	 * says nothing about the domain */
	enum view_status status;
	const char *body; /* OK; in the arena */
	size_t len;
	const char *problem; /* words, also for OK with a wrong media type */
	bool connected;      /* something listens at the policy host */
	bool missed; /* a FETCH_ERROR, as no connection could be made and
	              * nobody said no: there or on the way to it */
};

struct sts_fetcher {
	void (*fetch)(struct sts_fetcher *self, const char *domain,
	              struct arena *arena, struct sts_reply *reply);
	void (*free)(struct sts_fetcher **self);
};

struct sts_fetch_options {
	struct resolver *resolver; /* lent: finds the policy host */
	const atomic_bool *stop;   /* true ends a fetch within a second; NULL */
	const char *ca_file;       /* "": the system's */
	bool allow_private;        /* tests */
	const char *resolve_to; /* tests: "address:port" for every host; "" */
	int64_t timeout_secs;   /* 60 */
};

int sts_fetch_open(const struct sts_fetch_options *options,
                   struct sts_fetcher **fetcher, struct err *err);

#endif
