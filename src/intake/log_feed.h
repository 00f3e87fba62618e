/*
 * log_feed - the thread that reads the log and counts
 *
 * source -> model/maillog -> model/smtp_tracker -> counts by day, domain and
 * session.  Nothing else happens in this thread; every commit_interval the
 * position, the tracker's open state, the counts and the feed's watermark are
 * committed in one transaction (a few, when there is more than fits: then the
 * position goes with the last, and counts of a part that was committed are
 * not counted again).
 */
#ifndef TLSTALLY_INTAKE_LOG_FEED_H
#define TLSTALLY_INTAKE_LOG_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "intake/log_source.h"
#include "model/smtp_tracker.h"
#include "store/db.h"

struct log_feed_options {
	const char *feed;        /* "log" */
	const char *source_name; /* key of log_state */
	struct clock *clock;
	int64_t commit_interval_ms;
	struct smtp_tracker_options tracker;
	bool mark_unsent; /* --from-start: its days are never sent unasked */
};

struct log_feed;

/* The source is the feed's from here on. */
int log_feed_start(struct log_feed **feed, struct db *db,
                   struct log_source *source,
                   const struct log_feed_options *options, struct err *err);

/* Reads on until the source ends (once) in the caller's thread. */
int log_feed_run(struct db *db, struct log_source *source,
                 const struct log_feed_options *options, uint64_t *lines,
                 uint64_t *sessions, struct err *err);

struct log_feed_state {
	uint64_t lines, sessions, commits;
	bool has_loglevel, sees_events, commit_fails, ended;
	int64_t progress_ms;
};
struct log_feed_state log_feed_state(struct log_feed *feed);

/* Commits and ends. */
int log_feed_stop(struct log_feed **feed, struct err *err);

#endif
