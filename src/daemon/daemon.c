#include "daemon/daemon.h"

#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "daemon/host_clock.h"
#include "daemon/settings_file.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "store/feed_table.h"

enum { EXIT_USAGE = 2, WATCH_MS = 60 * 1000 };

static void print_help(const struct daemon_about *about)
{
	printf("usage: %s [-f] [-c FILE] [-o SECTION.NAME=VALUE]...\n"
	       "%s\n\n"
	       "  -c FILE     settings (TLSTALLY_CONF; default %s)\n"
	       "  -f          log to standard error also without a terminal\n"
	       "  -o S.N=V    a setting over those of the file\n"
	       "  --help      this\n"
	       "  --version   the version\n",
	       about->name, about->purpose, settings_file_default());
	for (const struct daemon_flag *flag = about->flags;
	     flag != NULL && flag->word != NULL; flag++)
		printf("  %-14s%s\n", flag->word, flag->help);
	printf("\nSee %s(8) and tlstally.conf(5).\n", about->name);
}

/* Takes the daemon's own words off the command line, so that getopt_long(3)
 * does not see them. */
static void take_flags(const struct daemon_flag *flags, int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const struct daemon_flag *flag = flags;

		while (flag->word != NULL && strcmp(flag->word, argv[i]) != 0)
			flag++;
		if (flag->word != NULL)
			*flag->given = true;
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	*argc = kept;
}

struct options {
	struct settings_file file;
	bool foreground;
};

/* 0: go on; else *status. */
static int read_options(int argc, char **argv, const struct daemon_about *about,
                        struct options *options, int *status)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	struct err err = {0};
	int c;

	while ((c = getopt_long(argc, argv, "c:fo:", longs, NULL)) != -1) {
		if (c == 'c') {
			options->file.path = optarg;
		} else if (c == 'f') {
			options->foreground = true;
		} else if (c == 'o' &&
		           settings_file_assign(&options->file, optarg, &err) ==
		                   0) {
			continue;
		} else if (c == 'h') {
			print_help(about);
			*status = EXIT_SUCCESS;
			return 1;
		} else if (c == 'V') {
			printf("%s %s\n", about->name, PACKAGE_VERSION);
			*status = EXIT_SUCCESS;
			return 1;
		} else {
			if (c == 'o')
				fprintf(stderr, "%s: %s\n", about->name,
				        err.text);
			*status = EXIT_USAGE;
			return 1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unknown argument '%s'\n", about->name,
		        argv[optind]);
		*status = EXIT_USAGE;
		return 1;
	}
	return 0;
}

/* For later, when the settings are read again. */
static struct settings_file settings;
static uint64_t map_size; /* what they said last */

/* 0: go on; else *status is what to exit with. */
static int begin(int argc, char **argv, const struct daemon_about *about,
                 struct conf *conf, int *status)
{
	struct options options = {0};
	struct err err = {0};

	if (about->flags != NULL)
		take_flags(about->flags, &argc, argv);
	if (read_options(argc, argv, about, &options, status) != 0)
		return 1;
	log_open(about->name, log_target_default(options.foreground,
	                                         getenv("JOURNAL_STREAM")));
	failpoint_arm();
	settings = options.file;
	if (settings_file_read(&settings, conf, &err) < 0 ||
	    conf_check(conf, &err) < 0) {
		log_error("%s", err.text);
		conf_clear(conf);
		*status = EXIT_FAILURE;
		return 1;
	}
	return 0;
}

static sigset_t signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

/* [store] map_size alone is read again, when the store is full: a daemon that
 * were started anew would lose what it has counted and cannot write down. */
static uint64_t map_size_now(void *arg)
{
	auto_(conf_clear) struct conf conf;
	struct err err;

	(void)arg;
	if (settings_file_read(&settings, &conf, &err) < 0 ||
	    conf_check(&conf, &err) < 0)
		return 0;
	if (conf.store.map_size != map_size)
		log_info("[store] map_size is %" PRIu64 " now",
		         conf.store.map_size);
	map_size = conf.store.map_size;
	return map_size;
}

int daemon_open_store(struct db **db, const struct conf *conf, struct err *err)
{
	struct db_options options = {
		.directory = conf->store.directory,
		.map_size = conf->store.map_size,
		.map_size_now = map_size_now,
		.create = true,
	};

	map_size = conf->store.map_size;
	return db_open(db, &options, err);
}

int daemon_may_count(struct db *db, const struct conf *conf, const char *feed,
                     int64_t now, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char time[TIME_TEXT];
	struct feed other;

	if (!feed_conflict(txn, feed, now, &other))
		return db_failure(txn, err);
	if (conf->log.allow_both) {
		log_info("also counted here: the feed '%s' ([log] allow_both)",
		         other.name);
		return 0;
	}
	return err_set(err, ERR_BUSY,
	               "this host counts by %s already, the last session at "
	               "%s: each would count twice. Keep one of the two "
	               "daemons, %s or %s; where that is done, or they hear "
	               "different Postfixes, set [log] allow_both = yes",
	               feed_kind(other.name)->source,
	               time_format(other.last_event, time),
	               feed_kind(feed)->daemon, feed_kind(other.name)->daemon);
}

static void tell_clock(const struct clock_record *record)
{
	char words[CLOCK_WORDS];

	if (record->doubted)
		log_warning("%s: sessions are counted by the time that it was "
		            "before, until it is known which one is right "
		            "(`tlstally clock show`)",
		            clock_record_words(record, words));
	else
		log_info("the clock is believed again");
}

void daemon_watch_clock(struct db *db, const struct conf *conf,
                        struct clock *clock)
{
	static int64_t looked_ms = INT64_MIN / 2;
	static bool doubted;
	int64_t now_ms = clock_monotonic_ms(clock);
	struct clock_record record;
	struct err err;

	if (now_ms - looked_ms < WATCH_MS)
		return;
	looked_ms = now_ms;
	/* a store that takes nothing is told of by who has more to put there */
	host_clock_watch(db, conf, clock, &record, &err);
	if (record.doubted != doubted)
		tell_clock(&record);
	doubted = record.doubted;
}

/* For the main thread to wait for, and for no other to get: before any thread
 * is started. */
static void block_signals(void)
{
	sigset_t set = signals();

	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool daemon_wait(int timeout_ms)
{
	struct timespec timeout = {.tv_sec = timeout_ms / 1000,
	                           .tv_nsec = timeout_ms % 1000 * 1000000L};
	sigset_t set = signals();
	int sig = sigtimedwait(&set, NULL, &timeout);

	if (sig == SIGHUP)
		log_info("settings are read at start only: restart to change "
		         "them");
	return sig == SIGTERM || sig == SIGINT;
}

#ifdef HAVE_SYSTEMD

int daemon_activated_fd(struct err *err)
{
	int n = sd_listen_fds(1);

	if (n > 1)
		return err_set(err, ERR_PARSE,
		               "the service manager hands over %d sockets, not "
		               "one",
		               n);
	return n == 1 ? SD_LISTEN_FDS_START : ERR_NOTFOUND;
}

static void tell_ready(void)
{
	sd_notify(0, "READY=1");
}

static void tell_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void daemon_alive(void)
{
	static struct timespec last;
	struct timespec now;
	uint64_t usec;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((uint64_t)(now.tv_sec - last.tv_sec) * 1000000 < usec / 3)
		return;
	last = now;
	sd_notify(0, "WATCHDOG=1");
}

#else

int daemon_activated_fd(struct err *err)
{
	(void)err;
	return ERR_NOTFOUND;
}

static void tell_ready(void)
{
}

static void tell_stopping(void)
{
}

void daemon_alive(void)
{
}

#endif

int daemon_main(int argc, char **argv, const struct daemon_about *about,
                const struct daemon_parts *parts, void *daemon)
{
	struct err err = {0};
	int status, rc;

	if (begin(argc, argv, about, parts->conf, &status) != 0)
		return status;
	*parts->clock = clock_system();
	block_signals();
	rc = parts->start(daemon, &err);
	if (rc == 0) {
		tell_ready();
		rc = parts->run(daemon, &err);
	}
	if (rc < 0)
		log_error("%s", err.text);
	tell_stopping();
	if (parts->stop(daemon, &err) < 0) {
		log_error("%s", err.text);
		rc = ERR_IO;
	}
	conf_clear(parts->conf);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
