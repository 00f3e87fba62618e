/*
 * resolver - DNS as policy discovery needs it
 *
 * A struct of functions, so that tests answer from a file.  resolver_ldns.c
 * is the real one: ldns, through the site's validating resolver, with its own
 * deadlines, TCP after truncation and after UDP loss; one for each thread.
 * The AD bit is believed only from a resolver on loopback, unless the operator
 * says otherwise.
 */
#ifndef TLSTALLY_POLICY_RESOLVER_H
#define TLSTALLY_POLICY_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "domain/domain_view.h"

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52
};

/* One record of the type asked for, at the end of any CNAMEs.  TXT: the
 * strings joined; MX: preference and host; others: RDATA as it is. */
struct dns_record {
	const unsigned char *data;
	size_t len;
	unsigned preference; /* MX */
	const char *host;    /* MX: canonical or "." (RFC 7505); NULL: odd */
};

struct dns_answer {
	enum view_status status; /* OK NONE TEMPFAIL BOGUS */
	bool secure;             /* validated by DNSSEC, CNAMEs included */
	uint32_t ttl;            /* secs; negative answers: SOA minimum */
	const char *owner;       /* canonical name after CNAMEs */
	struct dns_record *records;
	size_t count;
	const char *problem; /* words for TEMPFAIL and BOGUS; NULL */
};

struct resolver {
	/* Everything in the answer lives in the arena. Never fails: a failure
	 * is an answer of status TEMPFAIL. */
	void (*query)(struct resolver *self, const char *name,
	              enum dns_type type, struct arena *arena,
	              struct dns_answer *answer);
	void (*free)(struct resolver **self);
};

struct resolver_options {
	const char *address; /* "127.0.0.1", "::1@5353"; "": resolv.conf */
	bool trust_ad;       /* also from elsewhere than loopback */
	int64_t timeout_ms;  /* of one query, all tries; 5000 */
};

int resolver_ldns_open(const struct resolver_options *options,
                       struct resolver **resolver, struct err *err);

#endif
