/*
 * tlstally-milter - what only Postfix's own path can tell
 *
 * As root: find out who shall own the store, open the socket; then become that
 * user, open the store, start the threads (programs/milterd.h).  Mail never
 * waits for us: what fails here is logged, and counts are missing, no more.
 */
#include <sys/resource.h>

#include "daemon/daemon.h"
#include "programs/milterd.h"
#include "daemon/privs.h"
#include "base/log.h"
#include "intake/milter.h"
#include "store/feed_table.h"

enum {
	TICK_MS = 1000,
	READER_CHECK_TICKS = 60,
	PLACE_CHECK_TICKS = 5,
	POSTFIX_TICKS = 10,
	STUCK_MS = 60000,
	STOP_MS = 5000, /* for messages that have begun */
	FILES = 2 * MILTER_SESSIONS_MAX,
};

static int start_threads(struct milterd *d, struct err *err)
{
	struct milter_feed_options options = {
		.committer = {.feed = FEED_MILTER,
	                      .db = d->db,
	                      .clock = &d->clock,
	                      .interval_ms = d->conf.milter.commit_interval_ms},
		.bounce = milterd_bounce,
		.bounce_arg = d,
	};

	if (milter_feed_start(&d->feed, &options, err) < 0)
		return err->class;
	d->clients = milter_clients_new();
	milterd_look_at_postfix(d);
	return milter_start(&d->conf, d->feed, d->clients, err);
}

/* libmilter gives up when it cannot accept for a while, and Postfix can have
 * more sessions than a process usually has descriptors. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FILES)
		return;
	limit.rlim_cur = limit.rlim_max < FILES ? limit.rlim_max : FILES;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warning("the limit of open files cannot be raised: so many "
		            "sessions at once, and no more");
}

static int start(void *arg, struct err *err)
{
	struct milterd *d = arg;
	struct identity owner;

	raise_file_limit();
	if (privs_store_owner(d->conf.store.directory, &owner, err) < 0 ||
	    milterd_listen(d, err) < 0 || privs_become(&owner, err) < 0)
		return err->class;
	if (owner.uid == 0)
		log_warning("the store %s belongs to root, so this goes on as "
		            "root: give it to the user " PRIVS_USER,
		            d->conf.store.directory);
	if (daemon_open_store(&d->db, &d->conf, err) < 0)
		return err->class;
	daemon_watch_clock(d->db, &d->conf, &d->clock);
	if (start_threads(d, err) < 0)
		return err->class;
	log_info("counting messages at %s in %s", d->conf.milter.socket,
	         d->conf.store.directory);
	return 0;
}

/* Are the files still there that we have open?  When not, our service manager
 * starts us again, and we make them anew. */
static int check_places(struct milterd *d, struct err *err)
{
	int rc = db_check_place(d->db, err);

	return rc < 0 ? rc : unix_socket_check(&d->sock, err);
}

/* Until a signal comes.  libmilter has a thread that waits for the same ones;
 * when that gets it, its main loop ends, and so do we. */
static int run(void *arg, struct err *err)
{
	struct milterd *d = arg;
	unsigned ticks = 0;
	int ended;

	while ((ended = milter_ended(err)) == 0 && !daemon_wait(TICK_MS)) {
		struct committer_state state = milter_feed_state(d->feed);

		daemon_watch_clock(d->db, &d->conf, &d->clock);
		if (++ticks % READER_CHECK_TICKS == 0)
			db_check_readers(d->db);
		if (ticks % POSTFIX_TICKS == 0)
			milterd_look_at_postfix(d);
		if (ticks % PLACE_CHECK_TICKS == 0 && check_places(d, err) < 0)
			return err->class;
		if (clock_monotonic_ms(&d->clock) - state.progress_ms <
		    d->conf.milter.commit_interval_ms + STUCK_MS)
			daemon_alive();
	}
	return ended < 0 ? ended : 0;
}

/* The order matters: nobody new comes in, who has begun may end, all is
 * committed, then the store.  libmilter's threads may go on to the very end,
 * so what they look at stays: the clients, and the feed, which takes no more.
 */
static int stop(void *arg, struct err *err)
{
	struct milterd *d = arg;
	int rc = 0;

	unix_socket_close(&d->sock);
	if (d->feed != NULL) {
		milter_stop(STOP_MS);
		rc = milter_feed_stop(d->feed, err);
	}
	postfix_site_free(&d->site);
	db_close(&d->db);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct daemon_about about = {
		.name = "tlstally-milter",
		.purpose = "counts how mail comes in, and which reports leave "
			   "(smtpd_milters)",
	};
	/* its feed outlives main(), in libmilter's threads */
	static struct milterd d = {.sock = {.lock_fd = -1}};
	const struct daemon_parts parts = {&d.conf, &d.clock, start, run, stop};

	return daemon_main(argc, argv, &about, &parts, &d);
}
