/*
 * service - domains looked up, for all of a process
 *
 * Who needs a domain's view (domain/domain_view.h) has three doors:
 *
 *     now            policy_service_now(): the calling thread waits, until a
 *                    moment (tlstally lookup)
 *     tell me later  policy_service_ask(): a function of the caller's is
 *                    called when it is known (tlstally-policyd, the page)
 *     when you can   the store's wanted list (store/policy_wanted_table.h):
 *                    what is due there is looked up behind all others, and
 *                    later and later when it fails (tlstally-logd)
 *
 * One thread does it, with as many domains side by side as there are sockets
 * for and the limit of queries allows (policy/resolver.h); the store's part has
 * another (policy/keeper.h).  A domain is begun when the questions of those
 * before it have been sent, so that a long list does not make each of it slow.
 *
 * A domain that several ask for is looked up once, and all are told.  What was
 * found goes into the store's policy cache, if the service has a store, and is
 * the base of the next look-up: no answer never takes the place of a fact.
 * Nothing is looked up that has a good view there, unless it is asked for anew.
 *
 * How old a view is says its checked_at; until when it is good its expires_at.
 * Who wants it fresh before that asks for it anew, in the background.
 */
#ifndef TLSTALLY_POLICY_SERVICE_H
#define TLSTALLY_POLICY_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "conf/conf.h"
#include "domain/domain_view.h"
#include "policy/ask.h"
#include "policy/resolver.h"
#include "policy/sts_fetch.h"
#include "store/db.h"

struct policy_service;

struct policy_service_options {
	const struct conf *conf; /* [policy]; lent until it closes */
	const char *resolver;    /* instead of the settings'; lent; NULL */
	struct clock *clock;     /* lent */
	struct db *db;           /* lent: where views are kept; NULL: nowhere */
	bool wanted;             /* work on its wanted list, too */
	bool dane;               /* look for TLSA, too */
	bool sts;                /* and for MTA-STS policies */
	bool thorough;  /* TLSA also where no sender looks at it, to tell people
	                   of it */
	size_t sockets; /* at the most; 0: what the process may have, but for
	                   some */
	/* Tests: what to ask with; NULL: the network. */
	int (*open)(void *arg, struct loop *loop, struct resolver **resolver,
	            struct sts_fetcher **fetcher, struct err *err);
	void *arg;
};

int policy_service_open(struct policy_service **service,
                        const struct policy_service_options *options,
                        struct err *err);
/* What is under way is dropped, and stays wanted; whoever was not told yet is
 * told that there is no view. */
void policy_service_close(struct policy_service **service);

/* What the store has of a domain, however old: 1, its strings in the arena; 0;
 * negative.  Microseconds; from any thread. */
int policy_service_cached(struct policy_service *service, const char *domain,
                          struct arena *arena, struct domain_view *view,
                          struct err *err);

/* ERR_BUSY: POLICY_ASKS_MAX wait already; tell() is not called. */
enum { POLICY_ASKS_MAX = 100000 };
int policy_service_ask(struct policy_service *service,
                       const struct policy_ask *ask, struct err *err);

/* Waits until that moment of clock_host_ms().  0 and the view, its strings in
 * the arena; ERR_BUSY: not known by then. */
int policy_service_now(struct policy_service *service, const char *domain,
                       int64_t until_ms, struct arena *arena,
                       struct domain_view *view, struct err *err);

/* Something was put on the wanted list: look now. */
void policy_service_wake(struct policy_service *service);

/* The site enforces something else from now on. */
void policy_service_enforce(struct policy_service *service, bool dane,
                            bool sts);

/* From now on the resolver is believed nothing about DNSSEC, or is again: TLSA
 * is looked for also where it does not vouch for anything.  Believed in the
 * beginning. */
void policy_service_doubt(struct policy_service *service, bool unvouched);

/* How it goes, for people. */
struct policy_service_state {
	uint64_t queries; /* packets to the resolver */
	uint64_t questions_answered, questions_failed;
	int64_t failing_ms; /* for so long no question was answered; 0: one was
	                       last, or none was asked */
	uint64_t looked_up; /* domains */
	uint64_t waiting;   /* asked for and not told yet */
	unsigned missed;    /* policy hosts that could not be connected to
	                       since one could */
	bool reaches_none;  /* and it looks as if that were our fault */
};
struct policy_service_state
policy_service_state(struct policy_service *service);

#endif
