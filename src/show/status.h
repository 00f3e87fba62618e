/*
 * status - what is counted, waits, was sent, and what needs a look
 *
 * Found out once for `tlstally status` and tally:Status.  The document's
 * members are tlstally(1)'s:
 *
 *     verdict actions now settings mode store feeds lines waiting events
 *     journal days unreported unreportedCount outbox trouble troubleCount
 *     answers deliveries coverage ownFailures policyd suppressions clock
 *     lastDay lastRun contactInfo organizationName unauthenticated
 *     submitters
 */
#ifndef TLSTALLY_SHOW_STATUS_H
#define TLSTALLY_SHOW_STATUS_H

#include <stdbool.h>

#include <jansson.h>

#include "base/clock_record.h"
#include "base/err.h"
#include "conf/conf.h"
#include "store/day_table.h"
#include "store/db.h"
#include "store/journal_aside.h"

/* Lists of what may be many are cut to these; a count says how many. */
enum { STATUS_DAYS = 7, STATUS_TROUBLE_MAX = 10, STATUS_UNREPORTED_MAX = 20 };

struct status_of {
	struct db *db;
	const struct conf *conf;
	int64_t now;
	/* Why the time is doubted, "" when it is not, for who has looked; NULL:
	 * as the store has it. */
	const char *doubt;
	bool on_host; /* may look at Postfix, sockets and files of this host */
};

/* Why the time is doubted, or "". */
void status_doubt(const struct status_of *of, struct db_txn *txn,
                  char words[CLOCK_WORDS]);

/* `tlstally run` comes every five minutes: so long after the last one something
 * is wrong. */
enum { STATUS_RUN_LATE_SECS = 1800 };

struct status_runs {
	int64_t at;       /* secs: the last one began; 0: never */
	bool is_late;     /* so long ago, or never though a day is over */
	bool is_day_late; /* that day could have been closed since */
	int32_t late_day;
	int64_t overdue_since; /* secs: a delivery is, and it may be sent; 0 */
};
void status_runs_get(const struct status_of *of, struct db_txn *txn,
                     struct status_runs *runs);

/* So long after what was counted first it should be applied (tlstallyd does it
 * after an hour). */
enum { STATUS_JOURNAL_LATE_SECS = 2 * 3600 };

struct status_journal {
	struct journal_waiting waiting;
	bool is_late; /* the oldest waits too long, and tlstallyd runs */
	/* rows that were set aside, and the last of them */
	uint64_t aside;
	struct journal_aside last;
	bool is_news; /* they are of today, or of the day last reported */
};
void status_journal_get(const struct status_of *of, struct db_txn *txn,
                        struct status_journal *journal);

enum status_room_left { ROOM_WELL, ROOM_LITTLE, ROOM_NONE };
struct status_room {
	struct db_size size;
	uint64_t most; /* bytes: [store] map_size */
	enum status_room_left map, disk;
	bool has_disk;      /* it could be asked */
	uint64_t disk_free; /* bytes */
};
int status_room_get(const struct status_of *of, struct status_room *room,
                    struct err *err);

/* Adds the members wanted (an array of names; NULL: all). */
int status_collect(const struct status_of *of, const json_t *wanted,
                   json_t *doc, struct err *err);

/* Its parts: days and outbox, in status_scan.c, mail without TLS sessions
 * (rollup/coverage.h) in status_coverage.c, and what has a file of its name. */
int status_days(const struct status_of *of, json_t *doc, struct err *err);
int status_outbox(const struct status_of *of, json_t *doc, struct err *err);
int status_coverage(const struct status_of *of, json_t *doc, struct err *err);
int status_failures(const struct status_of *of, json_t *doc, struct err *err);
int status_journal(const struct status_of *of, json_t *doc, struct err *err);
int status_hosts(const struct status_of *of, json_t *doc, struct err *err);
int status_runs(const struct status_of *of, json_t *doc, struct err *err);
int status_room(const struct status_of *of, json_t *doc, struct err *err);

/* What became of destinations, in groups (status_answers.c): those of the
 * outbox, and those that were settled today and yesterday. */
int status_answers_add(const struct status_of *of, struct db_txn *txn,
                       json_t *doc, struct err *err);
/* The same by day, as numbers. */
int status_deliveries(const struct status_of *of, json_t *doc, struct err *err);
/* Members for those that left the outbox on a day. */
void status_settled_write(const struct day_settled *settled, json_t *item);

#endif
