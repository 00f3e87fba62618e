/*
 * tlstally-milter - what only Postfix's own path can tell
 *
 * As root: find out who shall own the store, open the socket; then become that
 * user, open the store, start the threads (programs/milterd.h).  Mail never
 * waits for us: what fails here is logged, and counts are missing, no more.
 */
#include "daemon/daemon.h"
#include "programs/milterd.h"
#include "base/log.h"
#include "intake/milter.h"
#include "store/feed_table.h"

enum {
	POSTFIX_MS = 10 * 1000,
	STOP_MS = 5000, /* for messages that have begun */
	FILES = 2 * MILTER_SESSIONS_MAX,
};

static int start_threads(struct milterd *d, struct err *err)
{
	struct milter_feed_options options = {
		.committer = {.feed = FEED_MILTER,
	                      .db = d->base.db,
	                      .clock = &d->base.clock,
	                      .interval_ms =
	                              d->base.conf.milter.commit_interval_ms},
		.bounce = milterd_bounce,
		.bounce_arg = d,
	};

	if (milter_feed_start(&d->feed, &options, err) < 0)
		return err->class;
	d->clients = milter_clients_new();
	daemon_is_due(&d->base, &d->look_at_postfix_ms, POSTFIX_MS);
	milterd_look_at_postfix(d);
	return milter_start(&d->base.conf, d->feed, d->clients, err);
}

/* As root: the socket.  libmilter gives up when it cannot accept for a while,
 * and Postfix can have more sessions than a process usually has descriptors. */
static int open_socket(void *self, struct err *err)
{
	struct milterd *d = self;

	d->base.socket = &d->sock;
	daemon_need_files(FILES, "so many sessions at once");
	return milterd_listen(d, err);
}

static int start(void *self, struct err *err)
{
	struct milterd *d = self;

	if (start_threads(d, err) < 0)
		return err->class;
	log_info("counting messages at %s in %s", d->base.conf.milter.socket,
	         d->base.conf.store.directory);
	return 0;
}

/* libmilter has a thread that waits for the same signals as we do; when that
 * gets one, its main loop ends, and so do we. */
static int tick(void *self, struct err *err)
{
	struct milterd *d = self;

	if (daemon_is_due(&d->base, &d->look_at_postfix_ms, POSTFIX_MS))
		milterd_look_at_postfix(d);
	return milter_ended(err);
}

static int64_t progress(void *self)
{
	struct milterd *d = self;

	return milter_feed_state(d->feed).progress_ms +
	       d->base.conf.milter.commit_interval_ms;
}

/* The order matters: nobody new comes in, who has begun may end, all is
 * committed, then the store.  libmilter's threads may go on to the very end,
 * so what they look at stays: the clients, and the feed, which takes no more.
 */
static int stop(void *self, struct err *err)
{
	struct milterd *d = self;
	int rc = 0;

	unix_socket_close(&d->sock);
	if (d->feed != NULL) {
		milter_stop(STOP_MS);
		rc = milter_feed_stop(d->feed, err);
	}
	postfix_site_free(&d->site);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct daemon_parts parts = {
		.name = "tlstally-milter",
		.purpose = "counts how mail comes in, and which reports leave "
			   "(smtpd_milters)",
		.open = open_socket,
		.start = start,
		.tick = tick,
		.progress = progress,
		.stop = stop,
	};
	/* its feed outlives main(), in libmilter's threads */
	static struct milterd d = {.sock = {.lock_fd = -1}};

	return daemon_main(argc, argv, &parts, &d);
}
