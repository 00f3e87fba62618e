/*
 * feed_table - how far each source of events has counted
 *
 * A feed ("events", "log") commits its watermark with its counts: everything
 * before that moment is counted.  The rollup waits for the watermarks of the
 * feeds seen lately before it closes a day.
 */
#ifndef TLSTALLY_STORE_FEED_TABLE_H
#define TLSTALLY_STORE_FEED_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

enum { FEED_NAME_MAX = 63, FEED_TROUBLE_MAX = 159 };

/* tlstallyd's and tlstally-logd's. */
#define FEED_EVENTS "events"
#define FEED_LOG "log"
/* tlstally-milter's: it counts no sessions, and no day waits for it. */
#define FEED_MILTER "milter"

struct feed {
	char name[FEED_NAME_MAX + 1];
	int64_t watermark;  /* secs: counted until */
	int64_t seen_at;    /* secs: the last commit */
	int64_t last_event; /* secs: the last event counted, 0: none */
	uint64_t events;    /* since the store was made */
	char trouble[FEED_TROUBLE_MAX + 1]; /* why nothing is read; "" */
};

/* Does its daemon count sessions?  The milter does not. */
bool feed_counts_sessions(const struct feed *feed);

int feed_get(struct db_txn *txn, const char *name, struct feed *feed);
/* Of FEED_MILTER it also notes the time from the watermark before to this one
 * as one in which the milter ran (store/own_report_table.h), when they are at
 * most FEED_MILTER_STEP apart: it commits every 10 seconds, also when idle. */
enum { FEED_MILTER_STEP = 60 };
void feed_put(struct db_txn *txn, const struct feed *feed);
/*
 * A host that sends events and whose log is read counts each session twice.
 * 1 when the other of these two feeds than mine has counted something within
 * two days, and that feed; else 0.
 */
int feed_conflict(struct db_txn *txn, const char *mine, int64_t now,
                  struct feed *other);

/* The next feed by name after feed->name (begin with ""); 0 at the end. */
int feed_next(struct db_txn *txn, struct feed *feed);

#endif
