/*
 * apply_work - what the parts of judge/apply share, and judge/complete
 *
 * apply.c goes through the waiting list, a domain at a time, in transactions;
 * apply_session.c decides what becomes of one session of it.
 */
#ifndef TLSTALLY_JUDGE_APPLY_WORK_H
#define TLSTALLY_JUDGE_APPLY_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "domain/domain_view.h"
#include "judge/apply.h"
#include "judge/judge.h"
#include "maillog/log_session.h"
#include "session/session.h"
#include "session/tally.h"
#include "store/day_table.h"
#include "store/tally_table.h"

enum { TXN_ROWS = 10 * DB_BATCH_ROWS /* of sessions; they are small */ };

enum verdict {
	VERDICT_WAIT,
	VERDICT_WANT,    /* to be looked up */
	VERDICT_JUDGE,   /* by its view */
	VERDICT_AT_LAST, /* by its view, since a better one is not to be had */
	VERDICT_WITHOUT, /* nobody could find anything out */
};

struct place {
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
};

struct apply {
	const struct apply_options *options;
	int64_t now;
	struct place at; /* the waiting list is read up to here */
	struct place *batch;
	size_t count;

	/* One domain at work. */
	struct arena view_mem;
	struct domain_view view;
	enum verdict verdict;
	struct arena session_mem;
	struct session session;
	bool doubts; /* its MX set is to be looked up anew */

	/* One transaction at work. */
	struct db_txn *txn;
	struct tally *tally;
	size_t rows;
	int32_t stats_day;
	struct day_stats stats;
	uint64_t moved, wanted;
};

/* A session at work. */
struct judging {
	struct apply *a;
	const struct place *place;
	struct log_session session;
	struct judge_options options;
	uint64_t n;
};

/* A row of the waiting list, for log_pending_take(): it is counted, passed on
 * to another domain, or (false) waits on.  arg: struct judging. */
bool apply_session(void *arg, const void *data, size_t len, uint64_t n);

/* What has been judged goes into the store, still in the transaction that takes
 * it off the waiting list. */
void apply_flush(struct apply *a);

#endif
