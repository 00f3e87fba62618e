/*
 * resolver - DNS as policy discovery needs it
 *
 * The struct of functions is in reply/ports.h.  resolver.c is the real one: it
 * has as many questions in flight as there are sockets for, each on a socket
 * of its own, through the site's validating resolver, with its own deadlines
 * (policy/dns_query.h).  All its packets keep to one limit.  What waits for
 * its turn waits in two classes: those that somebody waits for come first, but
 * every fifth packet is for the others, who may not have all sockets either.
 * Within each the owners of domains take turns, and none has more than a
 * quarter of the sockets (policy/turns.h).
 *
 * The AD bit is believed only from a resolver on loopback, unless the operator
 * says otherwise.
 */
#ifndef TLSTALLY_POLICY_RESOLVER_H
#define TLSTALLY_POLICY_RESOLVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "reply/ports.h"

#define RESOLVER_FILE "/etc/resolv.conf"

/* Read by any thread. */
struct resolver_counts {
	atomic_ullong sent;     /* packets */
	atomic_ullong answered; /* questions */
	atomic_ullong failed;   /* questions without an answer */
	/* of clock_host_ms(): the first of all that failed since one was
	 * answered; 0: none */
	atomic_llong failing_since_ms;
};

struct resolver_options {
	const char *address;    /* "inet:[::1]:5353"; "": by `file` */
	const char *file;       /* NULL: RESOLVER_FILE */
	bool trust_ad;          /* also from elsewhere than loopback */
	int64_t timeout_ms;     /* of one question, all tries; 0: 5000 */
	uint64_t limit_per_sec; /* of all packets; 0: none */
	size_t sockets;         /* at the most; 0: 512 */
	struct resolver_counts *counts; /* lent; NULL */
};

/* The loop is lent; whoever runs it lets the resolver work. */
int resolver_open(const struct resolver_options *options, struct loop *loop,
                  struct resolver **resolver, struct err *err);

/* Signed, with a parent that is: whoever validates says so of it. */
#define RESOLVER_SIGNED_NAME "org"

/* One question, and the calling thread waits for its answer. */
int resolver_ask_now(const struct resolver_options *options, const char *name,
                     enum dns_type type, struct arena *arena,
                     struct dns_answer *answer, struct err *err);

#endif
