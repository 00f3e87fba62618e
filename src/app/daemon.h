/*
 * daemon - what all of our daemons do alike
 *
 * Options, settings, where the log goes, signals, readiness and watchdog.
 * A daemon stays in the foreground: the service manager, or the shell, puts it
 * where it belongs.
 */
#ifndef TLSTALLY_APP_DAEMON_H
#define TLSTALLY_APP_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

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

/*
 * Reads the command line (-c FILE, -f, -o SECTION.NAME=VALUE, --help,
 * --version, flags of its own; TLSTALLY_CONF) and the settings, and opens the
 * log.  0: go on; else *status is what to exit with.
 */
int daemon_begin(int argc, char **argv, const struct daemon_about *about,
                 struct conf *conf, int *status);

/* May this feed count into the store?  ERR_BUSY when another daemon counts the
 * same sessions there by another way, unless [log] allow_both says so. */
int daemon_may_count(struct db *db, const struct conf *conf, const char *feed,
                     int64_t now, struct err *err);

/* Blocks SIGTERM, SIGINT and SIGHUP: for the main thread to wait for, and for
 * no other to get.  Before any thread is started. */
void daemon_block_signals(void);

/* Waits at most timeout_ms; true when it is time to end. */
bool daemon_wait(int timeout_ms);

/* The descriptor that systemd hands over; ERR_NOTFOUND when there is none,
 * ERR_PARSE when there are several. */
int daemon_activated_fd(struct err *err);

/* Tell the service manager; nothing without one. */
void daemon_ready(void);
void daemon_stopping(void);
void daemon_alive(void);

#endif
