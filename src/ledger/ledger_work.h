/*
 * ledger_work - what the files of a ledger share
 */
#ifndef TLSTALLY_LEDGER_LEDGER_WORK_H
#define TLSTALLY_LEDGER_LEDGER_WORK_H

#include "ledger/ledger.h"
#include "ledger/sql.h"

struct ledger {
	struct sql *sql;
	int64_t told_now; /* 0: the database's clock */
	uint64_t fleet_id;
};

/* The time of the ledger in secs; $1 is ledger_args_now()'s. */
#define LEDGER_NOW                                                             \
	"coalesce($1::bigint,"                                                 \
	" floor(extract(epoch FROM current_timestamp))::bigint)"

void ledger_args_now(const struct ledger *ledger, struct sql_args *args);

/* An id as it stands there; each needs its own text until it was sent. */
enum { LEDGER_ID_TEXT = 17 };
void ledger_args_id(struct sql_args *args, char text[LEDGER_ID_TEXT],
                    uint64_t id);
uint64_t ledger_id(const struct sql_rows *rows, size_t row, size_t column);

/* In a transaction: do we lead, with that fence?  The row of the fleet stays
 * locked, so that nobody becomes leader meanwhile; the lease is renewed. */
int ledger_still_leads(struct ledger *ledger, const struct ledger_lease *lease,
                       uint64_t fence, struct err *err);

/* What makes a version of the schema of the one before it. */
struct ledger_step {
	const char *const *statements;
	size_t count;
};

/* All in one transaction: makes the ledger with all steps up to the version, or
 * does those that an older one has not got yet. */
int ledger_make(struct sql *sql, const struct ledger_step *list, int version,
                bool rehearsal, struct ledger_made *made, struct err *err);

/* Undoes what was begun and is not committed, and says which class it was. */
int ledger_fail(struct ledger *ledger, struct err *err);

#endif
