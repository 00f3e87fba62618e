/*
 * decide - what becomes of one domain's day
 *
 * Either destinations for a report, or the mark and the words why there is
 * none.  Reads heads only; makes nothing.
 */
#ifndef TLSTALLY_ROLLUP_DECIDE_H
#define TLSTALLY_ROLLUP_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "domain/rua.h"
#include "domain/tlsrpt_record.h"
#include "rollup/lists.h"
#include "store/db.h"
#include "store/tally_table.h"

enum {
	DECIDE_COPIES_MAX = LISTS_TARGETS_MAX,
	DECIDE_RUA_MAX = TLSRPT_RUA_MAX + 1 + DECIDE_COPIES_MAX,
};

struct decision {
	enum tally_mark mark; /* TALLY_QUEUED: make a report */
	char reason[256];
	struct rua *ruas; /* room for DECIDE_RUA_MAX, the caller's */
	size_t rua_count;
	size_t copies; /* of them, the last ones: [report] bcc */
};

struct decide_context {
	const struct conf *conf;
	const struct lists *lists;
	int64_t now;     /* secs */
	bool asked_for;  /* --day: its age does not matter */
	bool unsent;     /* the day was read from an old log */
	bool loop_check; /* selfloop_possible() for the day */
};

/* decision->ruas must be set; the rest is filled in. */
void decide(const struct decide_context *context, struct db_txn *txn,
            int32_t day, const char *domain, const struct tally_head *head,
            struct decision *decision);

/* There turned out to be nothing to report. */
void decide_nothing_counted(const struct tally_head *head,
                            struct decision *decision);

#endif
