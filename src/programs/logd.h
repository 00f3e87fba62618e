/*
 * logd - the parts of tlstally-logd
 *
 * One thread reads the log and counts (intake/log_feed), others look domains up
 * (policy/service), and the main thread moves what was counted to its policy
 * (judge/apply) once a second and waits for a signal.
 */
#ifndef TLSTALLY_PROGRAMS_LOGD_H
#define TLSTALLY_PROGRAMS_LOGD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "daemon/daemon.h"
#include "daemon/progress.h"
#include "intake/log_feed.h"
#include "intake/log_source.h"
#include "judge/apply.h"
#include "policy/service.h"
#include "postfix/postfix_site.h"

/* What Postfix's settings say about its log; logd_postfix.c. */
struct logd_postfix {
	int64_t *users; /* whose lines in the journal are Postfix's */
	size_t user_count;
	bool any_user;
	int facility; /* syslog(3)'s, beside LOG_MAIL; 0: none */
};

/* What was said of something that is counted, and when. */
struct logd_said {
	uint64_t n;
	int64_t at_ms;
};

struct logd {
	struct daemon base;
	bool from_start; /* --from-start */
	bool once;       /* --once */
	bool from_stdin; /* - */
	int lock_fd;     /* one of us on a store */
	struct postfix_site *site;
	struct strbuf site_said; /* what was said of it */
	struct logd_postfix postfix;
	char *source_name;
	struct policy_service *lookups;
	struct log_feed *feed;
	struct apply_options apply;
	bool apply_fails;
	int64_t mended_ms; /* monotonic; 0: never */
	struct logd_said said_unread, said_unclear, said_foreign, said_ours;
	bool said_loglevel, said_events, said_no_events, said_missed;
	int64_t watch_site_ms;
	/* With --from-start and --once. */
	struct progress progress;
	int64_t lag; /* of the log, when it began */
	bool looks_up;
	int64_t moved_ms; /* when a session got its policy last */
	uint64_t waiting, waiting_domains;
};

/* logd_postfix.c */

/* ERR_NOTFOUND when a user of the settings is none. */
int logd_learn_postfix(struct logd *d, struct err *err);
void logd_postfix_clear(struct logd_postfix *postfix);

/* Asks postconf what is to be known of this site, and says it; the feed takes
 * the site. */
struct log_site *logd_ask_site(struct logd *d);

/* The same, when a main.cf or master.cf has changed. */
void logd_watch_site(struct logd *d);

/* logd_source.c */

/* Does it end by itself, at the end of the log? */
bool logd_ends(const struct logd *d);

/* From where is it read? */
int logd_source_kind(const struct logd *d);

enum { LOGD_GROUPS = 3 };

/* The groups that may read the log, at most LOGD_GROUPS; how many. */
size_t logd_groups(const struct logd *d, gid_t groups[LOGD_GROUPS]);

/* Opens the log where it was read to; sets source_name. */
int logd_open_source(struct logd *d, struct log_source **source,
                     struct err *err);

/* logd_run.c */

/* What is read is shown, where it comes to an end. */
void logd_begin_reading(struct logd *d);

/* Of the skeleton's daemon_parts.  What comes to an end is read to the end;
 * then its domains are looked up for as long as there are answers. */
int logd_tick(void *self, struct err *err);
int64_t logd_progress(void *self);

/* Says what is left: it waits in the store for the next tlstally-logd. */
void logd_end_run(struct logd *d, bool failed);

#endif
