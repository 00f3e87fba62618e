/*
 * lookup - one domain being discovered: what its parts share
 *
 * discover.c makes one and hands it to tlsrpt_lookup.c, sts_lookup.c,
 * mx_lookup.c and dane_lookup.c, each of which fills in its part of the view.
 */
#ifndef TLSTALLY_POLICY_LOOKUP_H
#define TLSTALLY_POLICY_LOOKUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "domain/domain_view.h"
#include "policy/resolver.h"
#include "policy/sts_fetch.h"
#include "policy/sts_reach.h"

/* So many MX hosts' records: who has many hosts and slow servers must not keep
 * a thread from the others. */
enum { LOOKUP_TLSA_OF = 20 };

struct lookup {
	/* of discover()'s options */
	struct resolver *resolver;
	struct sts_fetcher *fetcher;
	struct sts_reach *reach;
	struct clock *clock;
	const atomic_bool *stop;
	bool thorough;
	const struct domain_view *old; /* in the arena; never NULL: all of it
	                                  UNKNOWN when there was none */
	struct arena *arena;
	struct domain_view *view;
	int64_t now;      /* secs */
	int64_t until_ms; /* nothing is asked after it */
	uint32_t ttl;     /* the shortest so far */
	bool failed;      /* something failed temporarily */
};

/* Asks, and keeps account of TTL and failures.  The problem of an answer
 * begins with the name. */
void lookup_ask(struct lookup *lookup, const char *name, enum dns_type type,
                struct dns_answer *answer);

/* The data of TXT records as the choosers of domain/ want them. */
struct lookup_texts {
	const char **texts;
	size_t *lens;
	size_t count;
};
struct lookup_texts lookup_texts(struct lookup *lookup,
                                 const struct dns_answer *answer);

void tlsrpt_lookup(struct lookup *lookup);
void sts_lookup(struct lookup *lookup);
/* The MX set, or what stands for one; false when there was no answer. */
bool mx_lookup(struct lookup *lookup);
/* TLSA of each host in it. */
void dane_lookup(struct lookup *lookup);

#endif
