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
#include "conf/conf.h"
#include "domain/domain_view.h"
#include "store/db.h"

struct policy_service;

struct policy_service_options {
	const struct conf *conf; /* [policy]; lent until it closes */
	struct clock *clock;     /* lent */
	struct db *db; /* lent: where views are kept; NULL: nowhere */
	bool dane;     /* look for TLSA, too */
	bool sts;      /* and for MTA-STS policies */
	bool thorough; /* TLSA also where no sender looks at it, to tell people
	                  of it */
};

int policy_service_open(struct policy_service **service,
                        const struct policy_service_options *options,
                        struct err *err);
/* Whoever was not told yet is told that there is no view. */
void policy_service_close(struct policy_service **service);

/* What the store has of a domain, however old: 1, its strings in the arena; 0;
 * negative.  Microseconds; from any thread. */
int policy_service_cached(struct policy_service *service, const char *domain,
                          struct arena *arena, struct domain_view *view,
                          struct err *err);

/* What came of it.  All is lent until tell() returns. */
struct policy_told {
	const char *domain;
	const struct domain_view *view; /* NULL: the service closes */
	bool complete; /* nothing in it failed temporarily */
};

struct policy_ask {
	const char *domain; /* canonical; copied */
	bool background;    /* nobody waits for it: behind all others */
	bool anew;          /* also when the store's view is still good */
	/* Called once, by the service's own thread, also after the service was
	 * told to close: hand it on, and do not wait for anything. */
	void (*tell)(void *arg, const struct policy_told *told);
	void *arg;
};

/* ERR_BUSY: POLICY_ASKS_MAX wait already; tell() is not called. */
enum { POLICY_ASKS_MAX = 100000 };
int policy_service_ask(struct policy_service *service,
                       const struct policy_ask *ask, struct err *err);

/* Waits until that moment of clock_host_ms().  0 and the view, its strings in
 * the arena; ERR_BUSY: not known by then. */
int policy_service_now(struct policy_service *service, const char *domain,
                       int64_t until_ms, struct arena *arena,
                       struct domain_view *view, struct err *err);

#endif
