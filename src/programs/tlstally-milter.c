/*
 * tlstally-milter - what only Postfix's own path can tell
 *
 * libmilter reads Postfix's sessions in threads of its own (intake/milter), one
 * thread of ours commits what they count (intake/milter_feed), and the main
 * thread is the skeleton's (daemon/daemon.h).  Mail never waits for us: what
 * fails here is logged, and counts are missing, no more.
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/unix_socket.h"
#include "daemon/daemon.h"
#include "inmail/dsn.h"
#include "intake/milter.h"
#include "intake/milter_clients.h"
#include "intake/milter_feed.h"
#include "intake/milter_inbox.h"
#include "intake/received_take.h"
#include "outbox/bounce.h"
#include "postfix/milter_watch.h"
#include "postfix/postfix_site.h"
#include "store/feed_table.h"

enum {
	POSTFIX_MS = 10 * 1000,
	STOP_MS = 5000,  /* for messages that have begun */
	READ_MS = 10000, /* for reports of others that wait */
	FILES = 2 * MILTER_SESSIONS_MAX,
};

struct milterd {
	struct daemon base;
	struct unix_socket sock; /* none for inet: */
	struct milter_feed *feed;
	struct milter_inbox *inbox;     /* NULL: no [received] addresses */
	struct milter_clients *clients; /* for good: libmilter's threads ask */
	struct postfix_site *site;
	int64_t look_at_postfix_ms;
	bool hides; /* some mail that comes in, by its settings */
	/* No filter has seen the mail before, whatever the settings say. */
	atomic_bool is_first;
};

/* libmilter binds; nobody but us gets in before owner and mode are set. */
static int listen_unix(struct milterd *d, const char *path, struct err *err)
{
	struct unix_socket_options options = {
		.path = path,
		.type = SOCK_STREAM,
		.who = "tlstally-milter",
	};
	const struct conf *conf = &d->base.conf;
	struct sockaddr_un address;
	mode_t mask;
	int rc;

	if (daemon_socket_rights(&options, "milter", conf->milter.socket_owner,
	                         conf->milter.socket_group,
	                         conf->milter.socket_mode, err) < 0 ||
	    unix_socket_prepare(&d->sock, &options, &address, err) < 0)
		return err->class;
	mask = umask(0177);
	rc = milter_listen(conf->milter.socket, err);
	umask(mask);
	return rc < 0 ? rc : unix_socket_bound(&d->sock, &options, err);
}

/* As root: the socket.  libmilter gives up when it cannot accept for a while,
 * and Postfix can have more sessions than a process usually has descriptors. */
static int open_socket(void *self, struct err *err)
{
	struct milterd *d = self;
	const char *path = endpoint_path(d->base.conf.milter.socket);

	d->base.socket = &d->sock;
	daemon_need_files(FILES, "the maximum number of simultaneous sessions");
	return path != NULL ? listen_unix(d, path, err)
	                    : milter_listen(d->base.conf.milter.socket, err);
}

/* A message to one of our tokens (milter_bounce_fn); ERR_BUSY when the store
 * takes nothing now. */
static int read_bounce(void *arg, const char *token, const void *text,
                       size_t len)
{
	struct milterd *d = arg;
	struct bounce_outcome outcome = {0};
	struct err err = {0};
	struct dsn dsn;
	int rc = dsn_read(text, len, &dsn, &err);

	/* an auto-reply, a person: whoever wrote, it is no bounce */
	if (rc == ERR_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = bounce_apply(d->base.db, token, &dsn,
		                  clock_secs(&d->base.clock), &outcome, &err);
	if (rc == ERR_BUSY)
		return rc;
	if (rc < 0) {
		log_warning("cannot read a bounce of a report: %s", err.text);
		return rc;
	}
	if (outcome.result == BOUNCE_MARKED ||
	    outcome.result == BOUNCE_SUPPRESSED ||
	    outcome.result == BOUNCE_NOTED)
		log_info("bounced report to %s: %s (%s)", outcome.address,
		         word_api(&words_bounces, outcome.result),
		         outcome.text);
	return 0;
}

static void tell_taken(void *arg, const struct received_taken *taken)
{
	(void)arg;
	received_taken_log(taken);
}

/* A message to [received] addresses (milter_report_fn).  Who we are may have
 * changed since the last one. */
static int read_report(void *arg, const void *text, size_t len)
{
	struct milterd *d = arg;
	auto_(received_taker_free) struct received_taker *taker = NULL;
	struct conf conf = d->base.conf; /* lent */
	struct err err = {0};
	int rc;

	conf.received.milter_behind_filter &= !atomic_load(&d->is_first);
	rc = received_taker_new(&taker, d->base.db, &conf, &err);
	if (rc == 0)
		rc = received_take_mail(taker, RECEIVED_BY_MILTER, text, len,
		                        clock_secs(&d->base.clock), tell_taken,
		                        NULL, &err);
	if (rc < 0 && rc != ERR_BUSY)
		log_warning("a message to [received] addresses: %s", err.text);
	return rc;
}

static int start_inbox(struct milterd *d, struct err *err)
{
	const struct milter_inbox_options options = {
		.read = read_report,
		.arg = d,
		.clock = &d->base.clock,
	};

	return d->base.conf.received.addresses.count > 0
	               ? milter_inbox_start(&d->inbox, &options, err)
	               : 0;
}

/* With [received] milter_behind_filter, which is to be believed only then. */
static void look_who_is_before(struct milterd *d)
{
	auto_(arena_clear) struct arena arena = {0};
	const struct conf *conf = &d->base.conf;
	const char *first = conf->received.milter_behind_filter
	                            ? milter_watch_first(conf, d->site, &arena)
	                            : NULL;

	if (first != NULL && !atomic_load(&d->is_first))
		log_warning("%s: this milter stands first in smtpd_milters or "
		            "non_smtpd_milters, so [received] "
		            "milter_behind_filter = yes is not true: reports "
		            "are not authenticated",
		            first);
	atomic_store(&d->is_first, first != NULL);
}

/* At start and every some seconds: this host's addresses, and Postfix's
 * settings when they have changed. */
static void look_at_postfix(struct milterd *d)
{
	auto_(arena_clear) struct arena arena = {0};
	struct milter_sight sight;
	struct err err = {0};

	if (!daemon_is_due(&d->base, &d->look_at_postfix_ms, POSTFIX_MS))
		return;
	if (milter_clients_refresh(d->clients, &err) < 0)
		log_warning("%s; only loopback addresses are considered local",
		            err.text);
	if (d->site != NULL && !postfix_site_changed(d->site))
		return;
	postfix_site_free(&d->site);
	d->site = postfix_site_ask(&d->base.conf);
	milter_watch_read(&d->base.conf, d->site, &arena, &sight);
	milter_clients_set_sight(d->clients, &sight);
	look_who_is_before(d);
	for (size_t i = 0; i < sight.word_count; i++)
		log_warning("Postfix: %s", sight.words[i]);
	if (d->hides && sight.word_count == 0)
		log_info("Postfix: all incoming mail is shown to the milter "
		         "again");
	d->hides = sight.word_count > 0;
	if (!d->site->instances[0].known &&
	    d->base.conf.milter.before_queue_filter == BEFORE_QUEUE_FILTER_AUTO)
		log_info(
			"%s: cannot find out whether Postfix uses a "
			"before-queue filter; set [milter] before_queue_filter",
			d->site->trouble.text);
}

static int start(void *self, struct err *err)
{
	struct milterd *d = self;
	const struct conf *conf = &d->base.conf;
	struct milter_feed_options options = {
		.committer = {.feed = FEED_MILTER,
	                      .db = d->base.db,
	                      .clock = &d->base.clock,
	                      .interval_ms = conf->milter.commit_interval_ms},
		.bounce = read_bounce,
		.bounce_arg = d,
	};

	if (milter_feed_start(&d->feed, &options, err) < 0 ||
	    start_inbox(d, err) < 0)
		return err->class;
	d->clients = milter_clients_new();
	look_at_postfix(d);
	/* libmilter has a thread that waits for the same signals, and would
	 * cut sessions off: they are the main thread's before it begins */
	daemon_hear_signals();
	if (milter_start(conf, d->feed, d->inbox, d->clients, err) < 0)
		return err->class;
	log_info("counting messages at %s in %s", conf->milter.socket,
	         conf->store.directory);
	return 0;
}

static int tick(void *self, struct err *err)
{
	struct milterd *d = self;

	look_at_postfix(d);
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
 * so what they look at stays: the clients, and feed and inbox, which take no
 * more. */
static int stop(void *self, struct err *err)
{
	struct milterd *d = self;
	size_t unread = 0;
	int rc = 0;

	unix_socket_close(&d->sock);
	if (d->feed != NULL) {
		milter_stop(STOP_MS);
		rc = milter_feed_stop(d->feed, err);
	}
	if (d->inbox != NULL)
		unread = milter_inbox_stop(d->inbox, READ_MS);
	if (unread > 0)
		log_warning("%zu messages to [received] addresses were not "
		            "read: the store was busy or time was over",
		            unread);
	postfix_site_free(&d->site);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct daemon_parts parts = {
		.name = "tlstally-milter",
		.purpose = "counts how mail comes in, and which reports are "
			   "sent (smtpd_milters)",
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
