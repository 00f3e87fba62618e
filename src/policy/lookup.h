/*
 * lookup - one domain being discovered: what its parts share
 *
 * discover.c makes one and hands it to tlsrpt_lookup.c, sts_lookup.c,
 * mx_lookup.c and dane_lookup.c, each of which fills in its part of the view,
 * as far as the answers that have come allow.
 */
#ifndef TLSTALLY_POLICY_LOOKUP_H
#define TLSTALLY_POLICY_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "domain/domain_view.h"
#include "policy/sts_fetch.h"
#include "policy/sts_reach.h"
#include "reply/ports.h"

/* So many MX hosts' records: who has many hosts must not keep the resolver from
 * the others. */
enum { LOOKUP_TLSA_OF = 20 };

/* secs between two tries of a policy that could not be had (RFC 8461 section
 * 3.3: five minutes, say) */
enum { LOOKUP_STS_PAUSE = 5 * 60 };

/* Where a question stands. */
enum lookup_progress {
	LOOKUP_UNASKED,
	LOOKUP_ASKED,
	LOOKUP_ANSWERED,
};

struct lookup_question {
	struct dns_call call;
	enum lookup_progress state; /* set by who asks the network */
	struct lookup_question *next;
};

struct lookup {
	/* Of all passes. */
	struct clock *clock;
	struct sts_reach *reach;
	bool sts, dane, thorough, unvouched, knows_the_place;
	struct arena kept; /* what the following points to */
	const char *domain;
	const struct domain_view *old; /* never NULL: all of it UNKNOWN when
	                                  there was none */
	struct lookup_question *questions;
	struct sts_call fetch; /* the policy file, when fetch_wanted */
	bool fetch_wanted;
	enum lookup_progress fetch_state;
	int64_t now;      /* secs */
	int64_t until_ms; /* nothing is asked after it */

	/* Of one pass. */
	struct arena arena;
	struct domain_view view;
	uint32_t ttl;  /* the shortest so far */
	bool failed;   /* something failed temporarily */
	bool answered; /* and something was answered */
	bool waits;    /* something has not been answered */
};

/* The next question that nobody has asked yet; NULL. */
struct lookup_question *lookup_unasked(struct lookup *lookup);
/* The same for the policy file. */
struct sts_call *lookup_unfetched(struct lookup *lookup);

/* The reply is there: is it the host that cannot be reached, or do we reach
 * none?  Once. */
void lookup_fetched(struct lookup *lookup);

/* Nothing more is asked, and what was asked and not answered has failed: the
 * next pass is the last.  Whoever has asked the network drops that himself. */
void lookup_give_up(struct lookup *lookup);

/* Too late to ask for anything more. */
bool lookup_is_late(const struct lookup *lookup);

/* False: there is no answer yet.  Keeps account of TTL and failures.  The
 * problem of an answer begins with the name. */
bool lookup_ask(struct lookup *lookup, const char *name, enum dns_type type,
                struct dns_answer *answer);
/* The same as it comes, without account and name. */
bool lookup_ask_plainly(struct lookup *lookup, const char *name,
                        enum dns_type type, struct dns_answer *answer);

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
/* Not looked up: the policy that is known stays, for who looks for it. */
void sts_lookup_not(struct lookup *lookup);
/* The MX set, or what stands for one; false when there was no answer, or is
 * none yet. */
bool mx_lookup(struct lookup *lookup);
/* TLSA of each host in it. */
void dane_lookup(struct lookup *lookup);

#endif
