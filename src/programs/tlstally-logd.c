/*
 * tlstally-logd - reports from the mail log, for every Postfix
 *
 * As root: find out who shall own the store, become that user with the groups
 * that may read the log.  Then open the store and the log and start the
 * threads (programs/logd.h).
 */
#include "programs/logd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/privs.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/feed_table.h"

enum {
	TALLY_SOFT_BYTES = 16 * 1024 * 1024,
	TALLY_HARD_BYTES = 24 * 1024 * 1024,
	TRACKED_PROCESSES = 4096,
	TRACKED_QUEUE_IDS = 65536,
	LOCK_TRIES = 40,
	LOCK_RETRY_US = 50000,
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
		usleep(LOCK_RETRY_US);
	}
	errno = EWOULDBLOCK;
	return false;
}

/* Two of us would count each line twice. */
static int take_lock(struct logd *d, struct err *err)
{
	auto_(xfree_str) char *path =
		xasprintf("%s/logd.lock", d->conf.store.directory);

	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (d->lock_fd < 0)
		return err_errno(err, ERR_IO, "%s", path);
	if (lock_soon(d->lock_fd))
		return 0;
	return errno == EWOULDBLOCK
	               ? err_set(err, ERR_BUSY,
	                         "another tlstally-logd counts into %s",
	                         d->conf.store.directory)
	               : err_errno(err, ERR_IO, "%s", path);
}

static int open_store(struct logd *d, struct err *err)
{
	if (daemon_open_store(&d->db, &d->conf, err) < 0 ||
	    take_lock(d, err) < 0)
		return err->class;
	daemon_watch_clock(d->db, &d->conf, &d->clock);
	return daemon_may_count(d->db, &d->conf, FEED_LOG,
	                        clock_secs(&d->clock), err);
}

static int start_pool(struct logd *d, struct err *err)
{
	const struct conf *conf = &d->conf;
	struct pool_options options = {
		.db = d->db,
		.clock = &d->clock,
		.kit = kit_options_of(conf),
		.dane = d->apply.judge.dane || d->apply.judge.dane_by_map,
		.sts = d->apply.judge.sts,
		.threads = (unsigned)conf->policy.threads,
	};

	d->apply.db = d->db;
	d->apply.clock = &d->clock;
	d->apply.limits = (struct tally_limits){
		conf->store.max_policies, conf->store.max_details,
		TALLY_SOFT_BYTES, TALLY_HARD_BYTES};
	return policy_pool_start(&d->pool, &options, err);
}

/* Today's log is read on where --from-start ends, so today is counted as a
 * whole; standard input has no place where to go on. */
static int32_t unsent_until(struct logd *d)
{
	return d->from_stdin || d->conf.log.source == LOG_FROM_STDIN
	               ? INT32_MAX
	               : day_of(clock_secs(&d->clock));
}

static int start_feed(struct logd *d, struct log_site **site, struct err *err)
{
	struct log_feed_options options = {
		.committer = {.feed = FEED_LOG,
	                      .db = d->db,
	                      .clock = &d->clock,
	                      .interval_ms = d->conf.log.commit_interval_ms},
		.tracker = {.count_private = d->conf.log.count_private,
	                    .own_sender = conf_sender(&d->conf),
	                    .max_processes = TRACKED_PROCESSES,
	                    .max_queue_ids = TRACKED_QUEUE_IDS},
		.tls_optional = true,
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

static int start(void *arg, struct err *err)
{
	struct logd *d = arg;
	gid_t groups[LOGD_GROUPS];
	auto_(log_site_free) struct log_site *site = NULL;
	struct identity owner;

	if (privs_store_owner(d->conf.store.directory, &owner, err) < 0 ||
	    privs_become_with(&owner, groups, logd_groups(d, groups), err) <
	            0 ||
	    open_store(d, err) < 0)
		return err->class;
	site = logd_ask_site(d);
	if (logd_learn_postfix(d, err) < 0 || start_pool(d, err) < 0 ||
	    start_feed(d, &site, err) < 0)
		return err->class;
	log_info("counting sessions of the mail log (%s) in %s", d->source_name,
	         d->conf.store.directory);
	return 0;
}

static int run(void *arg, struct err *err)
{
	struct logd *d = arg;

	return logd_ends(d) ? logd_run_once(d, err) : logd_run(d, err);
}

/* The order matters: no more is read, all is committed, then the store. */
static int stop(void *arg, struct err *err)
{
	struct logd *d = arg;
	int rc = log_feed_stop(&d->feed, err);

	policy_pool_stop(&d->pool);
	db_close(&d->db);
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
	struct logd d = {.lock_fd = -1};
	const struct daemon_flag flags[] = {
		{"--from-start",
	         "read the whole log once, with what was rotated; days that "
	         "are over are not sent",
	         &d.from_start},
		{"--once", "read what is new and end", &d.once},
		{"-", "read standard input", &d.from_stdin},
		{0},
	};
	const struct daemon_about about = {
		.name = "tlstally-logd",
		.purpose = "counts the TLS sessions of Postfix's mail log",
		.flags = flags,
	};
	const struct daemon_parts parts = {&d.conf, &d.clock, start, run, stop};

	return daemon_main(argc, argv, &about, &parts, &d);
}
