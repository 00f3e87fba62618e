/*
 * keeper - the store's side of look-ups
 *
 * One thread that puts views into the policy cache, many in a transaction, and
 * reads the wanted list: what is due is handed to whoever looks up, so much
 * ahead that he need not wait.  A domain that fails temporarily is tried again
 * later and later (one minute to one hour).  So neither the network waits for
 * a commit nor a transaction for the network.
 */
#ifndef TLSTALLY_POLICY_KEEPER_H
#define TLSTALLY_POLICY_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/err.h"
#include "domain/domain_view.h"
#include "store/db.h"

/* What came of a look-up; its owner's until kept() was called for it. */
struct outcome {
	const char *domain;
	const struct domain_view *view; /* NULL: the store has a good one */
	bool complete;                  /* nothing in it failed temporarily */
	bool wanted;                    /* it stands on the list */
	uint32_t failures;              /* before this one, says the list */
	TAILQ_ENTRY(outcome) place;     /* the keeper's */
};

struct keeper_options {
	struct db *db;       /* lent */
	struct clock *clock; /* lent */
	bool wanted;         /* read the list */
	/* Both by the keeper's thread.  This domain is due: look it up. */
	void (*want)(void *arg, const char *domain, uint32_t failures);
	/* It stands in the store; or it does not, which was logged. */
	void (*kept)(void *arg, struct outcome *outcome);
	void *arg;
};

struct keeper;

int keeper_open(struct keeper **keeper, const struct keeper_options *options,
                struct err *err);
/* All that was put is kept. */
void keeper_close(struct keeper **keeper);

void keeper_put(struct keeper *keeper, struct outcome *outcome);
/* Something was put on the wanted list: look now. */
void keeper_wake(struct keeper *keeper);
/* want() came to nothing: it was being looked up already. */
void keeper_unwant(struct keeper *keeper);

#endif
