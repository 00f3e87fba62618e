/*
 * feed - where the counts come from: a row for each feed, and is it alive?
 *
 * A feed is what a daemon counts.  With its counts it commits how far it has
 * come (store/feed_table.h), at least every ten seconds, also when there was
 * nothing: so that says whether the daemon runs.
 */
#ifndef TLSTALLY_WORDS_FEED_H
#define TLSTALLY_WORDS_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/day.h"
#include "base/strbuf.h"

enum {
	FEED_NAME_MAX = 63,
	FEED_TROUBLE_MAX = 159,
	FEED_SILENT_SECS = 120,
	FEED_QUIET_SECS = DAY_SECS,      /* no event for so long is a note */
	FEED_IN_USE_SECS = 2 * DAY_SECS, /* not seen for so long: given up */
};

#define FEED_EVENTS "events"
#define FEED_LOG "log"
#define FEED_MILTER "milter"

struct feed {
	char name[FEED_NAME_MAX + 1];
	int64_t watermark;  /* secs: counted until */
	int64_t seen_at;    /* secs: the last commit, 0: never */
	int64_t last_event; /* secs: the last event counted, 0: none */
	uint64_t events;    /* since the store was made */
	char trouble[FEED_TROUBLE_MAX + 1]; /* why nothing is read; "" */
};

struct feed_kind {
	const char *name;   /* in the store, the API and the metrics */
	const char *daemon; /* who counts */
	const char *source; /* what is counted from, "the mail log" */
	const char *unit;   /* of the count, "session" */
	const char *check;  /* what to look at when none comes */
	/* said when they cannot be committed */
	const char *meanwhile;
	bool is_read_again;   /* what was not committed comes again */
	bool counts_sessions; /* else messages, and no day waits for it */
	bool tells_all;       /* of domains without a TLSRPT record, too */
	bool leaves_out_ours; /* sessions of our own reports */
};

/* Two feeds that count sessions count each of them twice. */
extern const struct feed_kind feed_kinds[];
enum { FEED_KINDS = 3 };

/* Never NULL: one that a later version knows counts sessions, too. */
const struct feed_kind *feed_kind(const char *name);

/* "tlstally-logd.service"; NULL when it counts nothing. */
const struct feed_kind *feed_kind_of_unit(const char *unit);

enum feed_state {
	FEED_NOT_RUNNING,
	FEED_IN_TROUBLE,
	FEED_STARTING, /* nothing is counted yet */
	FEED_BEHIND,   /* counts what is old */
	FEED_EMPTY,    /* no event has ever come */
	FEED_QUIET,    /* none for a day */
	FEED_COUNTING,
	FEED_STATES
};
/* The only judgement: of status, doctor, the page and the metrics.  A feed of
 * which the store knows nothing is zeroed, and does not run. */
enum feed_state feed_state(const struct feed *feed, int64_t now);
bool feed_is_up(enum feed_state state); /* its daemon runs and counts */

/* The same in a sentence. */
void feed_tell(const struct feed *feed, const struct feed_kind *kind,
               int64_t now, struct strbuf *out);

/* Did its daemon run lately? */
bool feed_is_in_use(const struct feed *feed, int64_t now);

#endif
