/*
 * log_feed - the thread that reads the log and counts
 *
 * source -> maillog/maillog -> maillog/smtp_tracker -> counts by day, domain
 * and session.  Nothing else happens in this thread.  Every commit_interval,
 * and whenever the counts are full, ONE transaction takes the position, the
 * tracker's open state, the counts and the feed's watermark: killed at any
 * moment and started again, the feed goes on as if nothing had been.
 *
 * A commit that fails is tried again until it works (intake/committer.h), and
 * nothing is read meanwhile: the log waits for us, so memory stays bounded and
 * nothing is lost.
 */
#ifndef TLSTALLY_INTAKE_LOG_FEED_H
#define TLSTALLY_INTAKE_LOG_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "intake/committer.h"
#include "intake/log_fates.h"
#include "intake/log_source.h"
#include "maillog/smtp_tracker.h"
#include "store/db.h"

struct log_feed_options {
	struct committer_options committer;  /* but `work` and `arg` */
	const char *source_name;             /* key of log_state */
	struct smtp_tracker_options tracker; /* `site` is set by the feed */
	bool tls_optional; /* ask the store for TLS-Required: No, of which the
	                      milter writes down the queue ids */
	/* what is known of Postfix; NULL: nothing.  Taken, also after a
	 * failure. */
	struct log_site *site;
	/* tlstallyd counts Postfix's events: only what they do not say
	 * (intake/log_share.h) */
	bool completes;
	bool from_start;      /* once, to its end */
	int32_t unsent_until; /* then: days before are never sent unasked */
};

/* Where a source was read to; for opening it again. */
struct log_feed_place {
	struct strbuf position; /* empty: never read, or it has none */
	bool unfinished;        /* a reading from the start was cut off */
};
/* 1, or 0 when the store knows nothing of the source. */
int log_feed_place(struct db *db, const char *source_name,
                   struct log_feed_place *place, struct err *err);

struct log_feed;

/* The source is the feed's from here on, also after a failure. */
int log_feed_start(struct log_feed **feed, struct log_source *source,
                   const struct log_feed_options *options, struct err *err);

/* Postfix's settings have changed: what is read from now on is under these.
 * Takes the site. */
void log_feed_set_site(struct log_feed *feed, struct log_site *site);

/* What has happened since the start; a copy. */
struct log_feed_state {
	uint64_t lines;      /* of any program */
	uint64_t deliveries; /* over SMTP, of one session or several */
	uint64_t sessions;
	struct log_fates fates; /* of what was committed */
	int64_t lag;            /* bytes not read, -1: not known */
	int64_t last_time;      /* secs, of the last line; 0: none */
	bool has_loglevel;      /* a TLS line was seen (smtp_tls_loglevel) */
	bool sees_events;       /* this host sends datagrams, too */
	bool lacks_events;      /* it was told to, and cannot */
	bool ended;             /* the source, or the feed by a failure */
	struct committer_state committer;
};
struct log_feed_state log_feed_state(struct log_feed *feed);

/* Commits, ends the thread and frees the feed and its source.  ERR_IO when the
 * last commit failed: what is not in the store will be read again, unless it
 * came from standard input. */
int log_feed_stop(struct log_feed **feed, struct err *err);

#endif
