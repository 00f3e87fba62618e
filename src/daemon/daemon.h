/*
 * daemon - what all of our daemons do alike
 *
 * Options (-c FILE, -f, -o SECTION.NAME=VALUE, --help, --version, flags of its
 * own; TLSTALLY_CONF), settings, where the log goes, signals, readiness and
 * watchdog.  A daemon stays in the foreground: the service manager, or the
 * shell, puts it where it belongs.
 */
#ifndef TLSTALLY_DAEMON_DAEMON_H
#define TLSTALLY_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "store/db.h"

/* A word on the command line that one daemon alone knows: "--once", "-". */
struct daemon_flag {
	const char *word;
	const char *help;
	bool *given;
};

struct daemon_about {
	const char *name;
	const char *purpose;             /* one line for --help */
	const struct daemon_flag *flags; /* up to one without word; or NULL */
};

/* The daemon itself: what is done from its start to its end. */
struct daemon_parts {
	struct conf *conf; /* filled before start(), cleared after stop() */
	struct clock *clock;
	int (*start)(void *daemon, struct err *err);
	/* Until a signal, or an error. */
	int (*run)(void *daemon, struct err *err);
	/* Also after a start that failed half-way. */
	int (*stop)(void *daemon, struct err *err);
};

/* All of main(): options, settings, log, signals, start, readiness, run, stop;
 * errors are logged.  The exit status. */
int daemon_main(int argc, char **argv, const struct daemon_about *about,
                const struct daemon_parts *parts, void *daemon);

/* The store of the settings, made when it is not there. */
int daemon_open_store(struct db **db, const struct conf *conf, struct err *err);

/* May this feed count into the store?  ERR_BUSY when another daemon counts the
 * same sessions there by another way, unless [log] allow_both says so. */
int daemon_may_count(struct db *db, const struct conf *conf, const char *feed,
                     int64_t now, struct err *err);

/*
 * Looks once a minute whether the time is to be believed, says so when that
 * changes, and has the daemon's clock go by what it was before, while it is
 * not.  Call it before threads are started, then again and again.
 */
void daemon_watch_clock(struct db *db, const struct conf *conf,
                        struct clock *clock);

/* Waits at most timeout_ms; true when it is time to end. */
bool daemon_wait(int timeout_ms);

/* The descriptor that systemd hands over; ERR_NOTFOUND when there is none,
 * ERR_PARSE when there are several. */
int daemon_activated_fd(struct err *err);

/* Tells the service manager that all goes round; nothing without one. */
void daemon_alive(void);

#endif
