/*
 * resolver - DNS as policy discovery needs it
 *
 * The struct of functions is in reply/ports.h.  resolver_ldns.c is the real
 * one: ldns, through the site's validating resolver, with its own deadlines,
 * TCP after truncation and after UDP loss; one for each thread. The AD bit is
 * believed only from a resolver on loopback, unless the operator says
 * otherwise.
 */
#ifndef TLSTALLY_POLICY_RESOLVER_H
#define TLSTALLY_POLICY_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "reply/ports.h"

struct resolver_options {
	const char *address; /* "inet:[::1]:5353"; "": resolv.conf */
	bool trust_ad;       /* also from elsewhere than loopback */
	int64_t timeout_ms;  /* of one query, all tries; 5000 */
};

int resolver_ldns_open(const struct resolver_options *options,
                       struct resolver **resolver, struct err *err);

#endif
