/*
 * tlstally-logd - reports from the mail log, for every Postfix
 *
 * One of us on a store; the store's owner, with the groups that may read the
 * log, opens the log and starts the threads (programs/logd.h, daemon/daemon.h).
 */
#include "programs/logd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "store/feed_table.h"

enum {
	TALLY_SOFT_BYTES = 16 * 1024 * 1024,
	TALLY_HARD_BYTES = 24 * 1024 * 1024,
	TRACKED_PROCESSES = 4096,
	TRACKED_QUEUE_IDS = 65536,
	LOCK_TRIES = 40,
	LOCK_RETRY_MS = 50,
	QUICK_TICK_MS = 200, /* somebody is watching, or waiting */
};

/* One that was killed while it started postconf(1) has left a child that holds
 * the lock until it has become postconf. */
static bool lock_soon(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK)
			return false;
		wait_ms(LOCK_RETRY_MS);
	}
	errno = EWOULDBLOCK;
	return false;
}

/* Two of us would count each line twice. */
static int take_lock(struct logd *d, struct err *err)
{
	auto_(xfree_str) char *path =
		xasprintf("%s/logd.lock", d->base.conf.store.directory);

	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (d->lock_fd < 0)
		return err_errno(err, ERR_IO, "%s", path);
	if (lock_soon(d->lock_fd))
		return 0;
	return errno == EWOULDBLOCK
	               ? err_set(err, ERR_BUSY,
	                         "another tlstally-logd is counting into %s",
	                         d->base.conf.store.directory)
	               : err_errno(err, ERR_IO, "%s", path);
}

static int start_lookups(struct logd *d, struct err *err)
{
	const struct conf *conf = &d->base.conf;
	struct policy_service_options options = {
		.conf = conf,
		.clock = &d->base.clock,
		.db = d->base.db,
		.wanted = true,
		.dane = d->apply.judge.dane || d->apply.judge.dane_by_map,
		.sts = d->apply.judge.sts,
	};

	d->apply.db = d->base.db;
	d->apply.clock = &d->base.clock;
	d->apply.limits = (struct tally_limits){
		conf->store.max_policies, conf->store.max_details,
		TALLY_SOFT_BYTES, TALLY_HARD_BYTES};
	return policy_service_open(&d->lookups, &options, err);
}

/* Today's log is read on where --from-start ends, so today is counted as a
 * whole; standard input has no place where to go on. */
static int32_t unsent_until(struct logd *d)
{
	return d->from_stdin || d->base.conf.log.source == LOG_FROM_STDIN
	               ? INT32_MAX
	               : day_of(clock_secs(&d->base.clock));
}

static int start_feed(struct logd *d, struct log_site **site, struct err *err)
{
	struct log_feed_options options = {
		.committer = {.feed = FEED_LOG,
	                      .db = d->base.db,
	                      .clock = &d->base.clock,
	                      .interval_ms =
	                              d->base.conf.log.commit_interval_ms},
		.tracker = {.count_private = d->base.conf.log.count_private,
	                    .own_sender = conf_sender(&d->base.conf),
	                    .max_processes = TRACKED_PROCESSES,
	                    .max_queue_ids = TRACKED_QUEUE_IDS},
		.tls_optional = true,
		.completes = d->base.conf.log.complete_events,
		.from_start = d->from_start,
		.unsent_until = unsent_until(d),
	};
	struct log_source *source;

	if (logd_open_source(d, &source, err) < 0)
		return err->class;
	options.source_name = d->source_name;
	options.site = *site;
	*site = NULL;
	return log_feed_start(&d->feed, source, &options, err);
}

/* As root there is nothing to open: the log is read as the owner of the store,
 * who must be able to read what it will be rotated to. */
static int open_nothing(void *self, struct err *err)
{
	struct logd *d = self;

	(void)err;
	d->base.group_count = logd_groups(d, d->base.groups);
	if (logd_ends(d))
		d->base.tick_ms = QUICK_TICK_MS;
	return 0;
}

static int start(void *self, struct err *err)
{
	auto_(log_site_free) struct log_site *site = NULL;
	struct logd *d = self;

	if (d->from_start && d->base.conf.log.complete_events)
		return err_set(err, ERR_IO,
		               "--from-start counts what tlstallyd has "
		               "counted: set [log] complete_events = no");
	if (take_lock(d, err) < 0 ||
	    daemon_may_count(&d->base, FEED_LOG, err) < 0)
		return err->class;
	site = logd_ask_site(d);
	if (logd_learn_postfix(d, err) < 0 || start_lookups(d, err) < 0 ||
	    start_feed(d, &site, err) < 0)
		return err->class;
	log_info("%s the mail log (%s) in %s",
	         d->base.conf.log.complete_events
	                 ? "completing the events that tlstallyd counts from"
	                 : "counting sessions of",
	         d->source_name, d->base.conf.store.directory);
	logd_begin_reading(d);
	return 0;
}

/* The order matters: no more is read, all is committed, then the store. */
static int stop(void *self, struct err *err)
{
	struct logd *d = self;
	int rc;

	logd_end_run(d, err->class < 0);
	rc = log_feed_stop(&d->feed, err);
	policy_service_close(&d->lookups);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	logd_postfix_clear(&d->postfix);
	postfix_site_free(&d->site);
	strbuf_clear(&d->site_said);
	xfree_str(&d->source_name);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct daemon_flag flags[] = {
		{"--from-start",
	         "read the whole log once, including rotated files; days that "
	         "are over are not reported",
	         offsetof(struct logd, from_start)},
		{"--once", "read the new lines and exit",
	         offsetof(struct logd, once)},
		{"-", "read standard input", offsetof(struct logd, from_stdin)},
		{0},
	};
	static const struct daemon_parts parts = {
		.name = "tlstally-logd",
		.purpose = "counts the TLS sessions of Postfix's mail log",
		.flags = flags,
		.open = open_nothing,
		.start = start,
		.tick = logd_tick,
		.progress = logd_progress,
		.stop = stop,
	};
	struct logd d = {.lock_fd = -1};

	return daemon_main(argc, argv, &parts, &d);
}
