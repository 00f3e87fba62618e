#include "daemon/daemon.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "base/auto.h"
#include "base/day.h"
#include "base/failpoint.h"
#include "base/io.h"
#include "base/log.h"
#include "daemon/host_clock.h"
#include "store/feed_table.h"

enum {
	TICK_MS = 1000,
	LOOK_AT_CLOCK_MS = 60 * 1000,
	CHECK_READERS_MS = 60 * 1000,
	CHECK_PLACES_MS = 5 * 1000,
};

/* --- what open(), start() and tick() may ask for --- */

int daemon_socket_rights(struct unix_socket_options *options,
                         const char *section, const char *owner,
                         const char *group, uint64_t mode, struct err *err)
{
	struct identity identity;

	options->owner = geteuid();
	options->group = getegid();
	options->mode = (mode_t)mode;
	/* one that is empty stays ours */
	if (geteuid() == 0 && owner[0] != '\0') {
		if (privs_user(owner, &identity, err) < 0)
			return err_prefix(err, "[%s] socket_owner", section);
		options->owner = identity.uid;
	}
	if (group[0] != '\0' && privs_group(group, &options->group, err) < 0)
		return err_prefix(err, "[%s] socket_group", section);
	return 0;
}

void daemon_need_files(uint64_t count, const char *what)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= count)
		return;
	limit.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < count)
		log_warning("the limit of open files is %llu, which is too low "
		            "for %s",
		            (unsigned long long)limit.rlim_cur, what);
}

int daemon_may_count(struct daemon *d, const char *feed, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(d->db);
	char time[TIME_TEXT];
	struct feed other;

	/* they share the sessions (intake/log_share.h) */
	if (d->conf.log.complete_events)
		return db_failure(txn, err);
	if (!feed_table_conflict(txn, feed, clock_secs(&d->clock), &other))
		return db_failure(txn, err);
	if (d->conf.log.allow_both) {
		log_info("the feed '%s' also counts into this store ([log] "
		         "allow_both = yes)",
		         other.name);
		return 0;
	}
	return err_set(
		err, ERR_BUSY,
		"this host already counts from %s, the last session at %s, and "
		"each session would count twice: run only one of %s and %s. If "
		"only one is running now, or if they watch different Postfix "
		"instances, set [log] allow_both = yes; if %s is to add only "
		"what the events do not say, complete_events = yes",
		feed_kind(other.name)->source,
		day_format_time(other.last_event, time),
		feed_kind(feed)->daemon, feed_kind(other.name)->daemon,
		feed_kind(FEED_LOG)->daemon);
}

bool daemon_is_due(struct daemon *d, int64_t *next_ms, int every_ms)
{
	int64_t now_ms = clock_monotonic_ms(&d->clock);

	if (now_ms < *next_ms)
		return false;
	*next_ms = now_ms + every_ms;
	return true;
}

/* --- the service manager --- */

#ifdef HAVE_SYSTEMD

static int take_handed_socket(struct daemon *d,
                              const struct daemon_parts *parts, struct err *err)
{
	int n = sd_listen_fds(1);

	if (n > (parts->takes_socket ? 1 : 0))
		return err_set(err, ERR_PARSE,
		               "the service manager passed %d sockets, but %s "
		               "takes %s",
		               n, parts->name,
		               parts->takes_socket ? "one" : "none");
	if (n == 1)
		d->handed_fd = SD_LISTEN_FDS_START;
	return 0;
}

static void tell_manager(const char *state)
{
	sd_notify(0, state);
}

/* How often it wants to hear that we live; 0: it does not listen. */
static int64_t watchdog_ms(void)
{
	uint64_t usec = 0;

	return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 1000) : 0;
}

#else

static int take_handed_socket(struct daemon *d,
                              const struct daemon_parts *parts, struct err *err)
{
	(void)d, (void)parts, (void)err;
	return 0;
}

static void tell_manager(const char *state)
{
	(void)state;
}

static int64_t watchdog_ms(void)
{
	return 0;
}

#endif

/* Three times in its span, unless nothing has gone on for all of one. */
static void feed_watchdog(struct daemon *d, const struct daemon_parts *parts)
{
	int64_t span_ms = watchdog_ms(), now_ms = clock_monotonic_ms(&d->clock);
	int64_t still_ms = now_ms - parts->progress(d);

	if (span_ms == 0 || now_ms - d->fed_ms < span_ms / 3)
		return;
	if (still_ms >= span_ms) {
		if (!d->is_stuck)
			log_error("no progress for %" PRId64
			          " seconds; waiting for the service manager's "
			          "watchdog to restart this process",
			          still_ms / 1000);
		d->is_stuck = true;
		return;
	}
	d->is_stuck = false;
	d->fed_ms = now_ms;
	tell_manager("WATCHDOG=1");
}

/* --- from start to end --- */

/* [store] map_size alone is read again, when the store is full: a daemon that
 * were started anew would lose what it has counted and cannot write down. */
static uint64_t map_size_now(void *arg)
{
	auto_(conf_clear) struct conf conf;
	struct daemon *d = arg;
	struct err err;

	if (settings_file_read(&d->file, &conf, &err) < 0 ||
	    conf_check(&conf, &err) < 0)
		return 0;
	if (conf.store.map_size != d->map_size)
		log_info("[store] map_size is %" PRIu64 " now",
		         conf.store.map_size);
	d->map_size = conf.store.map_size;
	return d->map_size;
}

/* Looks whether the time is to be believed, says so when that changes, and has
 * our clock go by what it was before, while it is not. */
static void look_at_clock(struct daemon *d)
{
	struct clock_record record;
	char words[CLOCK_WORDS];
	struct err err;

	if (!daemon_is_due(d, &d->look_at_clock_ms, LOOK_AT_CLOCK_MS))
		return;
	/* a store that takes nothing is told of by who has more to put there */
	host_clock_watch(d->db, &d->conf, &d->clock, &record, &err);
	if (record.doubted && !d->is_doubted)
		log_warning(
			"%s; sessions are counted by the old time until the "
			"clock is trusted again (`tlstally clock show`)",
			clock_record_words(&record, words));
	else if (!record.doubted && d->is_doubted)
		log_info("the clock is trusted again");
	d->is_doubted = record.doubted;
}

static int open_store(struct daemon *d, struct err *err)
{
	struct db_options options = {
		.directory = d->conf.store.directory,
		.map_size = d->conf.store.map_size,
		.map_size_now = map_size_now,
		.map_size_arg = d,
		.create = true,
	};

	d->map_size = d->conf.store.map_size;
	if (db_open(&d->db, &options, err) < 0)
		return err->class;
	look_at_clock(d);
	return 0;
}

/* As root first; then as the owner of the store. */
static int start(struct daemon *d, const struct daemon_parts *parts,
                 struct err *err)
{
	if (take_handed_socket(d, parts, err) < 0 ||
	    privs_store_owner(d->conf.store.directory, &d->owner, err) < 0 ||
	    parts->open(d, err) < 0 ||
	    privs_become(&d->owner, d->groups, d->group_count, err) < 0)
		return err->class;
	if (d->owner.uid == 0)
		log_warning("the store %s is owned by root, so this process "
		            "continues to run as root: change its owner to "
		            "user " PRIVS_USER,
		            d->conf.store.directory);
	return open_store(d, err) < 0 ? err->class : parts->start(d, err);
}

/* The numbers of the signals that came, from their handler to the main
 * thread. */
static int signal_pipe[2] = {-1, -1};

static void handle_signal(int sig)
{
	int saved = errno;
	unsigned char number = (unsigned char)sig;

	/* when the pipe is full there is enough to read */
	while (write(signal_pipe[1], &number, 1) < 0 && errno == EINTR)
		;
	errno = saved;
}

static void signal_mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(how, &set, NULL);
}

/* Threads that are made from here on get none of them. */
static int prepare_signals(struct err *err)
{
	/* not held back by its own handler: then another thread that waits
	 * for it would get the next one */
	struct sigaction action = {.sa_handler = handle_signal,
	                           .sa_flags = SA_RESTART | SA_NODEFER};

	signal_mask(SIG_BLOCK);
	signal(SIGPIPE, SIG_IGN);
	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(err, ERR_IO, "pipe");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	return 0;
}

void daemon_hear_signals(void)
{
	signal_mask(SIG_UNBLOCK);
}

/* Until the next tick; true when it is time to end. */
static bool wait_for_signal(const struct daemon *d)
{
	struct pollfd fd = {.fd = signal_pipe[0], .events = POLLIN};
	unsigned char sig = 0;

	poll(&fd, 1, d->tick_ms > 0 ? d->tick_ms : TICK_MS);
	if (read(fd.fd, &sig, 1) != 1)
		return false;
	if (sig == SIGHUP)
		log_info("the settings are read only at start: restart this "
		         "process to apply changes");
	return sig == SIGTERM || sig == SIGINT;
}

static int run(struct daemon *d, const struct daemon_parts *parts,
               struct err *err)
{
	int rc = 0;

	daemon_hear_signals();
	while (rc == 0 && !wait_for_signal(d)) {
		look_at_clock(d);
		if (daemon_is_due(d, &d->check_readers_ms, CHECK_READERS_MS))
			db_check_readers(d->db);
		/* are the files still there that we have open?  when not, our
		 * service manager starts us again, and we make them anew */
		if (daemon_is_due(d, &d->check_places_ms, CHECK_PLACES_MS) &&
		    (db_check_place(d->db, err) < 0 ||
		     (d->socket != NULL &&
		      unix_socket_check(d->socket, err) < 0)))
			return err->class;
		rc = parts->tick(d, err);
		feed_watchdog(d, parts);
	}
	return rc;
}

/* 0: the settings are read; else *status is what to exit with. */
static int begin(int argc, char **argv, const struct daemon_parts *parts,
                 struct daemon *d, int *status)
{
	bool foreground = false;
	struct err err = {0};

	io_hold_standard();
	if (daemon_options(argc, argv, parts, d, &foreground, status) != 0)
		return 1;
	log_open(parts->name,
	         log_target_default(foreground, getenv("JOURNAL_STREAM")));
	failpoint_arm();
	if (settings_file_read(&d->file, &d->conf, &err) == 0 &&
	    conf_check(&d->conf, &err) == 0) {
		settings_file_warn(&d->conf);
		return 0;
	}
	log_error("%s", err.text);
	conf_clear(&d->conf);
	*status = EXIT_FAILURE;
	return 1;
}

int daemon_main(int argc, char **argv, const struct daemon_parts *parts,
                void *self)
{
	struct daemon *d = self;
	struct err err = {0};
	int status, rc;

	if (begin(argc, argv, parts, d, &status) != 0)
		return status;
	d->clock = clock_system();
	d->handed_fd = -1;
	rc = prepare_signals(&err);
	if (rc == 0)
		rc = start(d, parts, &err);
	if (rc == 0) {
		tell_manager("READY=1");
		rc = run(d, parts, &err);
	}
	if (rc < 0)
		log_error("%s", err.text);
	tell_manager("STOPPING=1");
	if (parts->stop(d, &err) < 0) {
		log_error("%s", err.text);
		rc = ERR_IO;
	}
	db_close(&d->db);
	conf_clear(&d->conf);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
