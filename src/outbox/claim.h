/*
 * claim - take destinations that are due, so that nobody else does
 *
 * One transaction, committed before the network is touched.  What is taken
 * stands in the store as in flight, with this run's random number and the end
 * of its lease; only when that has passed does another run take it over, and
 * then it sends the same bytes: token, date and report were fixed when it was
 * claimed first.
 *
 * Some of what is due needs no network: it is too old, suppressed, or past a
 * rate limit.  That is settled in the same transaction.
 */
#ifndef TLSTALLY_OUTBOX_CLAIM_H
#define TLSTALLY_OUTBOX_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/gzip.h"
#include "conf/conf.h"
#include "reply/ports.h"
#include "store/db.h"
#include "store/due_table.h"
#include "store/outbox_table.h"

enum { CLAIM_BATCH = 256 };

/* One destination that this run has in its hands. */
struct claim {
	struct claim *next;
	struct outbox_head head;
	struct outbox_destination dest;
	const void *body; /* the report, gzip; in mem */
	size_t body_len;
	struct arena mem;
	struct delivery_job job; /* its owner is the claim */
	struct delivery_answer answer;
	/* Not to be sent: the ledger of the fleet has it, as answer says, or
	 * does not give it. */
	bool is_known;
	bool is_answered;
};

struct claim_context {
	const struct conf *conf;
	int64_t now; /* secs */
	int64_t run_start;
	uint64_t run; /* random; never 0 */
	int64_t lease_secs;
	bool all_now;     /* whatever waits, once a run */
	uint64_t only_id; /* only this report; 0: all */
	uint64_t expired; /* settled without network: counted here */
	uint64_t suppressed;
	bool rate_limited; /* the hour's limit was reached */
	bool more;         /* a transaction's worth was looked at: call again */
	/* What this run has its hands full of: it is left in the list, so that
	 * a mail server that takes a minute a message is in the way of mail
	 * alone. */
	bool no_mail;
	bool no_other;
	/* The ledger of the fleet cannot be asked: what is of_fleet waits. */
	bool no_fleet;
	uint64_t waiting; /* for it */
	size_t left;      /* in the last transaction */
	/* all_now goes through the list once, and past what is left lies
	 * something new only later in it: so far each got. */
	struct due_row at_all;
	struct due_row past_mail;
	struct due_row past_other;
};

void claim_free(struct claim **claim);

/* Fills in the job (outbox/letter.h). */
int claim_make_letter(struct claim *claim, const struct conf *conf,
                      struct gzip *gzip, struct err *err);

/*
 * Claims at most `max` (CLAIM_BATCH or less); *list gets them.  The number
 * claimed or a class.  0 without context->more: nothing is due.
 */
int claim_due(struct db *db, struct claim_context *context, size_t max,
              struct claim **list, struct err *err);

#endif
