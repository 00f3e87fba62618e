/*
 * day_table - what is kept of a day as a whole
 *
 * Counts of the intake and of the log, what became of lines of the log, the
 * sums of all domains (store/day_sums.h), whether the day is closed.
 */
#ifndef TLSTALLY_STORE_DAY_TABLE_H
#define TLSTALLY_STORE_DAY_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "reply/delivery_state.h"
#include "session/tally.h"
#include "store/db.h"
#include "store/tally_table.h"
#include "words/words.h"

/* --- the rollup's --- */

/*
 * A day is closed once the rollup has marked all its domains: it is not looked
 * at again, and a domain first counted after that is late as a whole.
 */
bool day_table_is_closed(struct db_txn *txn, int32_t day);
void day_table_closed_set(struct db_txn *txn, int32_t day);
void day_table_closed_clear(struct db_txn *txn, int32_t day);

/* Days that were read with --from-start: never reported unasked. */
void day_table_unsent_set(struct db_txn *txn, int32_t day);
bool day_table_is_unsent(struct db_txn *txn, int32_t day);

/* --- the fleet's --- */

/*
 * A day that was given to the ledger of a fleet: this host never closes it
 * alone, whatever becomes of [fleet].  Once the ledger has said that this host
 * makes its reports it is `ours`.
 */
struct day_given {
	bool ours;
	uint64_t fleet_id; /* which its report-ids are made of */
	char missing[256]; /* hosts that it is closed without, in words; "" */
};
/* 1 or 0. */
int day_table_given_get(struct db_txn *txn, int32_t day,
                        struct day_given *given);
void day_table_given_put(struct db_txn *txn, int32_t day,
                         const struct day_given *given);
/* Is it for others to close, or for nobody yet? */
bool day_table_is_given_away(struct db_txn *txn, int32_t day);

/* A report of the day that a person took out of the outbox, of which the ledger
 * does not know yet. */
void day_table_deleted_put(struct db_txn *txn, int32_t day, const char *domain);
void day_table_deleted_forget(struct db_txn *txn, int32_t day,
                              const char *domain);
/* The first of them; 1 or 0. */
int day_table_deleted_next(struct db_txn *txn, int32_t day,
                           char domain[DOMAIN_TEXT]);

/* --- the intake's --- */

/*
 * Sums of a day: what `status` shows without reading all
 * domains.
 */
struct day_stats {
	uint64_t events;  /* datagrams counted */
	uint64_t bad[16]; /* by enum bad_input */
	uint64_t lost; /* by versions without a catch-all, for want of memory */
	uint64_t success; /* sessions, the catch-all's among them */
	uint64_t failure;
	uint64_t named; /* domains' deltas with a named no-policy-found */
	uint64_t unnamed;
	uint64_t suppressed_self;
	struct tally_catch_all catch_all;
	uint64_t unjudged; /* sessions */
};
int day_table_stats_get(struct db_txn *txn, int32_t day,
                        struct day_stats *stats);
/* Adds a session to the sums (not to events) of the day that it counts on;
 * `kept` false: it counts without its domain. */
void day_table_stats_count(struct day_stats *stats,
                           const struct session *session, uint64_t n,
                           bool kept);
/* Adds the deltas to what is there. */
void day_table_stats_add(struct db_txn *txn, int32_t day,
                         const struct day_stats *delta);

/* --- the log's --- */

/* Sessions that this site routed to a next hop whose domain asks for no
 * reports: how many on that day, and the host of the first.  1 or 0. */
struct day_nobodys {
	uint64_t sessions;
	char host[TALLY_DOMAIN_TEXT];
};
void day_table_nobodys_add(struct db_txn *txn, int32_t day, uint64_t n,
                           const char *host);
int day_table_nobodys_get(struct db_txn *txn, int32_t day,
                          struct day_nobodys *nobodys);

/* Sessions of a day with domains whose policy asks for more than level may, as
 * far as the log tells their level (judge/judge.h), and those that had less. */
struct day_levels {
	uint64_t dane, less_than_dane;
	uint64_t sts, less_than_sts;
};
void day_table_levels_add(struct db_txn *txn, int32_t day,
                          const struct day_levels *more);
/* All 0 when there are none. */
void day_table_levels_get(struct db_txn *txn, int32_t day,
                          struct day_levels *levels);

/*
 * What became of the lines of the log:
 *
 *     1204113 were read, 3021 of them told of sessions
 *     2000 were not understood, the first: "web-1 | GET /"
 *
 * The day is that on which they were read: a line that is not understood has no
 * time.
 */
enum line_fate {
	/* the numbers are stored */
	LINE_READ = 1,    /* by its form, whatever it said */
	LINE_TELLS = 2,   /* of them, those that told of a session */
	LINE_UNREAD = 3,  /* of no form that is known */
	LINE_UNCLEAR = 4, /* a delivery, and it cannot be told to whom */
	LINE_FOREIGN = 5, /* of a user of the journal who is not Postfix */
	LINE_OURS = 6,    /* of what keeps this host's Postfix from TLS */
	LINE_FATES
};

enum { LINE_TEXT = 161, LINE_UID_NONE = -1 };

struct day_lines {
	enum line_fate fate;
	int64_t uid; /* FOREIGN: whose, or LINE_UID_NONE; else 0 */
	uint64_t n;
	char first[LINE_TEXT]; /* in printable ASCII, shortened; "" */
};

/* Adds to what is there; the first stays the first. */
void day_table_lines_add(struct db_txn *txn, int32_t day,
                         const struct day_lines *delta);

/* The day's next after row's fate and uid; begin with all zero.  0 at the
 * end. */
int day_table_lines_next(struct db_txn *txn, int32_t day,
                         struct day_lines *row);

/* --- of all domains --- */

/* Of a day that nothing was counted on: 0. */
uint64_t day_table_revision(struct db_txn *txn, int32_t day);
/* The same without what the journal of counts has. */
uint64_t day_table_applied(struct db_txn *txn, int32_t day);
/* Whoever writes a head of that day says so. */
void day_table_touch(struct db_txn *txn, int32_t day, uint64_t revision);

/* Reports that were settled on a day, and the destinations they had; those of
 * copies apart. */
struct day_settled {
	uint64_t reports;
	uint64_t destinations[DELIVERY_STATES];
	uint64_t copies[DELIVERY_STATES];
};
/* All zero when there are none. */
void day_table_settled_get(struct db_txn *txn, int32_t day,
                           struct day_settled *settled);
void day_table_settled_add(struct db_txn *txn, int32_t day,
                           const struct day_settled *delta);

/* Days before; at most DB_PURGE_ROWS rows, 1: there is more. */
int day_table_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
