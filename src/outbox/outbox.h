/*
 * outbox - one delivery run: claim what is due, send, write down the answers
 *
 *     claim (committed) -> message -> transport -> answer -> settle
 *
 * As many as the transport works on at once are under way; claims are made in
 * batches of 64, answers are committed when there are as many or the oldest is
 * 200 ms old.  Each commit writes some pages whatever is in it, so as
 * long as answers come quickly batches grow to 256.  Each destination stands
 * for itself: whatever one does, the others go on.
 *
 * A store that takes nothing (a full disk) ends the claims and not the writing
 * down: answers are kept and tried again until the lease of what was claimed
 * last is over, for a minute after a signal.
 *
 * Reports of a fleet's days are claimed in its ledger, too, before anything is
 * sent, and their answers are told there before they are written down here: so
 * another host that takes the day over knows what was sent.
 *
 * A lease can end unnoticed: the process is stopped, or the host.  So each job
 * carries the moment by which its transfer must have begun, early enough for
 * it to end within the lease.  What comes later is given back untouched.
 */
#ifndef TLSTALLY_OUTBOX_OUTBOX_H
#define TLSTALLY_OUTBOX_OUTBOX_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "outbox/settle.h"
#include "reply/ports.h"
#include "store/db.h"

/* What the fleet's ledger is asked (fleet/fleet_claims.h); who has it has this
 * as its first member. */
struct outbox_ledger {
	/* All or none: these may be sent, but for those that get is_known, with
	 * what came of them as the answer.  1; 0: this host does not make the
	 * fleet's reports any more. */
	int (*claim)(struct outbox_ledger *self, struct claim *list,
	             struct err *err);
	/* A failure is told by the next run. */
	void (*settle)(struct outbox_ledger *self, const struct claim *list);
	/* While something is under way, now and then. */
	void (*keep)(struct outbox_ledger *self);
};

struct outbox_options {
	const struct conf *conf;
	struct clock *clock;
	struct transport *transport;
	struct outbox_ledger *ledger; /* NULL: of no fleet */
	bool all_now;                 /* also what is not due yet, once */
	uint64_t only_id; /* only this report, whenever it is due; 0: all */
	/* No more claims after that, so that a slow receiver does not keep
	 * the next run, and with it the closing of a day, from starting; 0:
	 * until nothing is due. */
	int64_t claim_secs;
	/* Set by a signal: no more claims, wait for what is under way. */
	const volatile sig_atomic_t *stop;
	/* Called with each answer; may be NULL. */
	void (*answered)(void *arg, const struct claim *claim);
	void *answered_arg;
	/* Called when answers cannot be written down, with why, and with NULL
	 * when they can again; may be NULL. */
	void (*store_fails)(void *arg, const char *why);
	void *store_fails_arg;
};

struct outbox_result {
	uint64_t attempts;
	uint64_t recalled; /* a wrong clock had put them far off */
	struct settle_counts counts;
	uint64_t lost;           /* answers that could not be written down */
	uint64_t waiting;        /* for the ledger of the fleet, */
	char fleet_trouble[256]; /* and why */
	uint64_t left;           /* to the host that leads the fleet now */
	bool rate_limited;       /* [deliver] rate_per_hour was reached */
	bool our_fault; /* the operator should look: words in trouble */
	char trouble[256];
};

/*
 * How long a claim is this run's alone: the time in which it may wait for its
 * turn (a quarter of an hour; after that it is given back untouched), and that
 * of the longest transfer, which may begin at the end of it.  A shorter lease
 * would let the next run send what this one is sending.
 */
int64_t outbox_lease_secs(const struct conf *conf);

/* Runs until nothing is due any more; with mode = preview or off nothing is,
 * but for only_id. */
int outbox_run(struct db *db, const struct outbox_options *options,
               struct outbox_result *result, struct err *err);

#endif
