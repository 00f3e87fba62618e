/*
 * daemon - the skeleton of our daemons
 *
 * A daemon is a row of functions and what they work on.  The skeleton calls
 * them in this order, and does itself what is the same for all:
 *
 *              command line, settings, log, signals
 *     open()   as root, when started so: sockets, keys, what else only root can
 *              the owner of the store for good; the store; is the clock right?
 *     start()  threads
 *              the service manager is told that we are ready
 *     tick()   again and again, until a signal, a failure or its own end
 *              beside it: clock, readers, store and socket in their places,
 *              and the watchdog, fed only while progress() goes on
 *     stop()   threads end, all is committed
 *              the store is closed
 *
 * It stays in the foreground: the service manager, or the shell, puts it where
 * it belongs.
 */
#ifndef TLSTALLY_DAEMON_DAEMON_H
#define TLSTALLY_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/unix_socket.h"
#include "conf/conf.h"
#include "daemon/privs.h"
#include "daemon/settings_file.h"
#include "store/db.h"

/* A word on the command line that one daemon alone knows: "--once", "-". */
struct daemon_flag {
	const char *word;
	const char *help;
	size_t given; /* where in the daemon the bool is that it sets */
};

/* What every daemon has: the first member of its own struct. */
struct daemon {
	struct conf conf; /* until after stop() */
	struct clock clock;
	struct db *db;         /* from before start() until after stop() */
	struct identity owner; /* of the store */
	int handed_fd; /* the service manager's socket, for open() to take; -1
	                */
	/* For open() to say. */
	const struct unix_socket *socket; /* ours, to be looked after; NULL */
	gid_t groups[PRIVS_EXTRA_GROUPS]; /* to keep beside the owner's */
	size_t group_count;
	int tick_ms; /* between two ticks; 0: a second */

	/* The skeleton's own. */
	struct settings_file file;
	uint64_t map_size; /* what the settings said last */
	int64_t look_at_clock_ms, check_readers_ms, check_places_ms;
	int64_t fed_ms; /* the watchdog */
	bool is_doubted, is_stuck;
};

/* The functions get the daemon's own struct.  0, or a class. */
struct daemon_parts {
	const char *name;
	const char *purpose;             /* one line for --help */
	const struct daemon_flag *flags; /* up to one without word; or NULL */
	bool takes_socket;               /* of the service manager */
	int (*open)(void *self, struct err *err);
	int (*start)(void *self, struct err *err);
	/* 1: that was all. */
	int (*tick)(void *self, struct err *err);
	/* When what does the work last went round, by the monotonic clock. */
	int64_t (*progress)(void *self);
	/* Also after open() or start() failed half-way. */
	int (*stop)(void *self, struct err *err);
};

/* All of main(); failures are logged.  The exit status.  `self` is the daemon's
 * own struct, which begins with a struct daemon. */
int daemon_main(int argc, char **argv, const struct daemon_parts *parts,
                void *self);

/* SIGTERM, SIGINT and SIGHUP are handled by the main thread, and the kernel
 * asks no other while that one does not hold them back.  The skeleton calls
 * this behind start(), whose threads hold them back; a start() that makes a
 * thread which waits for them calls it before. */
void daemon_hear_signals(void);

/* Owner, group and mode of a socket of ours, by the settings of a section.
 * Only root gives a socket to another user. */
int daemon_socket_rights(struct unix_socket_options *options,
                         const char *section, const char *owner,
                         const char *group, uint64_t mode, struct err *err);

/* Raises the limit of open files; "too few for WHAT" is logged when it stays
 * below. */
void daemon_need_files(uint64_t count, const char *what);

/* May this feed count into the store?  ERR_BUSY when another daemon counts the
 * same sessions there by another way, unless [log] allow_both says so. */
int daemon_may_count(struct daemon *d, const char *feed, struct err *err);

/* Is it time to do something that is done every so often?  Moves *next_ms on;
 * one that is 0 is due. */
bool daemon_is_due(struct daemon *d, int64_t *next_ms, int every_ms);

/* options.c: the command line into *d and the flags of *self.  0: go on; else
 * *status is what to exit with. */
int daemon_options(int argc, char **argv, const struct daemon_parts *parts,
                   void *self, bool *foreground, int *status);

#endif
