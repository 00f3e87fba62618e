/*
 * sts_fetch - GET https://mta-sts.DOMAIN/.well-known/mta-sts.txt
 *
 * RFC 8461 section 3.3: certificate of the policy host (SAN only), no
 * redirects, no HTTP caching, 200 only, 60 s and 64 KiB at the most.  No proxy
 * from the environment; private and special addresses are refused when the
 * socket is opened (base/address.h).
 *
 * Many are fetched side by side, by libcurl in the loop of whoever asks, but
 * not more than a quarter of them for one owner of domains, nor half of them
 * from one network (policy/turns.h).  While others wait for a place, a host
 * that has not sent its policy within three seconds is given up: Postfix is
 * answered after five. Nothing of one policy host is left for the next.
 */
#ifndef TLSTALLY_POLICY_STS_FETCH_H
#define TLSTALLY_POLICY_STS_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "domain/domain_view.h"

struct sts_reply {
	/* OK, FETCH_ERROR, WEBPKI_ERROR; TEMPFAIL by a fault of our own, which
	 * says nothing about the domain */
	enum view_status status;
	const char *body; /* OK; in the arena */
	size_t len;
	const char *problem; /* words, also for OK with a wrong media type */
	bool hurried;        /* a TEMPFAIL, as others waited for its place */
	bool connected;      /* something listens at the policy host */
	bool missed; /* a FETCH_ERROR, as no connection could be made and
	              * nobody said no: there or on the way to it */
};

/* One policy.  It belongs to whoever asks, and stays where it is until done()
 * was called, which may be from within fetch(), or it was dropped. */
struct sts_call {
	const char *domain;
	const char *addresses; /* of its host: "192.0.2.1,[2001:db8::1]" */
	bool background;       /* behind those that somebody waits for */
	uint64_t share;        /* as in struct dns_call (reply/ports.h) */
	struct arena *arena;   /* of all that is in the reply */
	struct sts_reply reply;
	void (*done)(struct sts_call *self); /* once */
	void *owner;                         /* whoever asks */
	void *work;                          /* the fetcher's */
};

struct sts_fetcher {
	void (*fetch)(struct sts_fetcher *self, struct sts_call *call);
	/* Nobody wants the reply any more. */
	void (*drop)(struct sts_fetcher *self, struct sts_call *call);
	void (*free)(struct sts_fetcher **self);
	/* Tests: the host's addresses are not asked for. */
	bool knows_the_place;
};

struct sts_fetch_options {
	const char *ca_file;    /* "": the system's */
	bool allow_private;     /* tests */
	const char *resolve_to; /* tests: "address:port" for every host; "" */
	int64_t timeout_secs;   /* 60 */
	int64_t hurried_ms;     /* 3000: when others wait */
	size_t at_once;         /* 64; the others wait for half a minute */
};

/* The loop is lent; whoever runs it lets the fetcher work. */
int sts_fetch_open(const struct sts_fetch_options *options, struct loop *loop,
                   struct sts_fetcher **fetcher, struct err *err);

#endif
