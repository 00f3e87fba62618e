/*
 * tlstallyd - owns the TLS-event socket: what libtlsrpt sends is counted
 *
 * As root: find out who shall own the store, make the socket; then become
 * that user, open the store, start the two threads.  The main thread waits
 * for a signal and, once a second, writes what the receiving thread must not.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/privs.h"
#include "base/auto.h"
#include "base/log.h"
#include "intake/bad_log.h"
#include "intake/collector.h"
#include "intake/dgram.h"
#include "intake/dgram_socket.h"
#include "store/db.h"
#include "store/feed_table.h"

enum {
	TICK_MS = 1000,
	READER_CHECK_TICKS = 60,
	PLACE_CHECK_TICKS = 5,
	STUCK_MS = 60000,
	TALLY_SOFT_BYTES = 16 * 1024 * 1024,
	TALLY_HARD_BYTES = 24 * 1024 * 1024,
};

struct daemon {
	struct conf conf;
	struct clock clock;
	struct db *db;
	struct dgram_socket sock;
	struct bad_log *bad_log;
	struct collector *collector;
	struct dgram *dgram;
};

static int open_socket(struct daemon *d, struct err *err)
{
	struct unix_socket_options options = {
		.path = d->conf.events.socket,
		.type = SOCK_DGRAM,
		.mode = (mode_t)d->conf.events.socket_mode,
		.owner = geteuid(),
		.group = getegid(),
		.who = "tlstallyd",
	};
	int fd = daemon_activated_fd(err);
	struct identity owner;

	if (fd >= 0)
		return dgram_socket_adopt(&d->sock, fd, err);
	if (fd != ERR_NOTFOUND)
		return fd;
	/* one that is empty stays ours */
	if (geteuid() == 0 && d->conf.events.socket_owner[0] != '\0') {
		if (privs_user(d->conf.events.socket_owner, &owner, err) < 0)
			return err_prefix(err, "[events] socket_owner");
		options.owner = owner.uid;
	}
	if (d->conf.events.socket_group[0] != '\0' &&
	    privs_group(d->conf.events.socket_group, &options.group, err) < 0)
		return err_prefix(err, "[events] socket_group");
	return dgram_socket_open(&d->sock, &options, err);
}

static void warn_of_small_queue(const struct daemon *d)
{
	int length = dgram_queue_length();

	if (length >= 0 && length < DGRAM_QUEUE_SMALL)
		log_warning("net.unix.max_dgram_qlen is %d: a burst of more "
		            "events than that can lose some%s; set it to 512 "
		            "(sysctl.d) and restart",
		            length,
		            d->sock.file.ours ? ""
		                              : " (if it was so when the "
		                                "socket was made)");
}

static int start_threads(struct daemon *d, struct err *err)
{
	struct collector_options options = {
		.committer = {.feed = FEED_EVENTS,
	                      .db = d->db,
	                      .clock = &d->clock,
	                      .interval_ms = d->conf.events.commit_interval_ms},
		.limits = {d->conf.store.max_policies,
	                   d->conf.store.max_details, TALLY_SOFT_BYTES,
	                   TALLY_HARD_BYTES},
	};

	d->bad_log = bad_log_new(d->conf.events.bad_input_directory,
	                         d->conf.events.bad_input_max);
	d->collector = collector_new(&options);
	if (collector_start(d->collector, err) < 0)
		return err->class;
	return dgram_start(&d->dgram, &d->sock, d->collector, d->bad_log, err);
}

static int start(void *arg, struct err *err)
{
	struct daemon *d = arg;
	struct identity owner;

	if (privs_store_owner(d->conf.store.directory, &owner, err) < 0 ||
	    open_socket(d, err) < 0 || privs_become(&owner, err) < 0)
		return err->class;
	if (owner.uid == 0)
		log_warning("the store %s belongs to root, so this goes on as "
		            "root: give it to the user " PRIVS_USER,
		            d->conf.store.directory);
	warn_of_small_queue(d);
	if (daemon_open_store(&d->db, &d->conf, err) < 0)
		return err->class;
	daemon_watch_clock(d->db, &d->conf, &d->clock);
	if (daemon_may_count(d->db, &d->conf, FEED_EVENTS,
	                     clock_secs(&d->clock), err) < 0 ||
	    start_threads(d, err) < 0)
		return err->class;
	log_info("counting events of %s in %s", d->conf.events.socket,
	         d->conf.store.directory);
	return 0;
}

/* Are the files still there that we have open?  When not, our service manager
 * starts us again, and we make them anew. */
static int check_places(struct daemon *d, struct err *err)
{
	int rc = db_check_place(d->db, err);

	return rc < 0 ? rc : unix_socket_check(&d->sock.file, err);
}

/* Until a signal comes, or a thread has ended by itself. */
static int run(void *arg, struct err *err)
{
	struct daemon *d = arg;
	unsigned ticks = 0;

	while (!daemon_wait(TICK_MS)) {
		int64_t now = clock_monotonic_ms(&d->clock);
		struct committer_state state = collector_state(d->collector);

		daemon_watch_clock(d->db, &d->conf, &d->clock);
		bad_log_tick(d->bad_log, now);
		if (++ticks % READER_CHECK_TICKS == 0)
			db_check_readers(d->db);
		if (ticks % PLACE_CHECK_TICKS == 0 && check_places(d, err) < 0)
			return err->class;
		if (dgram_failed(d->dgram, err) < 0)
			return err->class;
		if (now - state.progress_ms <
		    d->conf.events.commit_interval_ms + STUCK_MS)
			daemon_alive();
	}
	return 0;
}

/* The order matters: no more comes in, all is committed, then the store. */
static int stop(void *arg, struct err *err)
{
	struct daemon *d = arg;
	int rc = 0;

	dgram_stop(&d->dgram);
	if (d->collector != NULL)
		rc = collector_stop(d->collector, err);
	if (d->bad_log != NULL)
		bad_log_tick(d->bad_log, clock_monotonic_ms(&d->clock));
	dgram_socket_close(&d->sock);
	collector_free(&d->collector);
	bad_log_free(&d->bad_log);
	db_close(&d->db);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct daemon_about about = {
		.name = "tlstallyd",
		.purpose = "counts the TLS events that Postfix sends "
			   "(smtp_tlsrpt_enable)",
	};
	struct daemon d = {.sock = {.fd = -1, .file = {.lock_fd = -1}}};
	const struct daemon_parts parts = {&d.conf, &d.clock, start, run, stop};

	return daemon_main(argc, argv, &about, &parts, &d);
}
