/*
 * tlstallyd - owns the TLS-event socket: what libtlsrpt sends is counted
 *
 * The socket is made as root, or handed over.  Then there are two threads, one
 * receives and one commits; the main thread writes once a second what the
 * receiving thread must not (daemon/daemon.h).
 */
#include <sys/socket.h>

#include "base/endpoint.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "intake/bad_log.h"
#include "intake/collector.h"
#include "intake/dgram.h"
#include "intake/dgram_socket.h"
#include "store/feed_table.h"

enum {
	TALLY_SOFT_BYTES = 16 * 1024 * 1024,
	TALLY_HARD_BYTES = 24 * 1024 * 1024,
};

struct tlstallyd {
	struct daemon base;
	struct dgram_socket sock;
	struct bad_log *bad_log;
	struct collector *collector;
	struct dgram *dgram;
};

/* As root: the socket. */
static int open_socket(void *self, struct err *err)
{
	struct tlstallyd *d = self;
	const struct conf *conf = &d->base.conf;
	struct unix_socket_options options = {
		.path = endpoint_path(conf->events.socket),
		.type = SOCK_DGRAM,
		.who = "tlstallyd",
	};

	d->base.socket = &d->sock.file;
	if (d->base.handed_fd >= 0)
		return dgram_socket_adopt(&d->sock, d->base.handed_fd, err);
	if (daemon_socket_rights(&options, "events", conf->events.socket_owner,
	                         conf->events.socket_group,
	                         conf->events.socket_mode, err) < 0)
		return err->class;
	return dgram_socket_open(&d->sock, &options, err);
}

static void warn_of_small_queue(const struct tlstallyd *d)
{
	int length = dgram_queue_length();

	if (length >= 0 && length < DGRAM_QUEUE_SMALL)
		log_warning("net.unix.max_dgram_qlen is %d: larger bursts of "
		            "events can be lost%s; set it to 512 (sysctl.d) "
		            "and restart",
		            length,
		            d->sock.file.ours ? ""
		                              : " (if it had this value when "
		                                "the socket was created)");
}

static int start(void *self, struct err *err)
{
	struct tlstallyd *d = self;
	const struct conf *conf = &d->base.conf;
	struct collector_options options = {
		.committer = {.feed = FEED_EVENTS,
	                      .db = d->base.db,
	                      .clock = &d->base.clock,
	                      .interval_ms = conf->events.commit_interval_ms},
		.leaves_journal = true,
		.limits = {conf->store.max_policies, conf->store.max_details,
	                   TALLY_SOFT_BYTES, TALLY_HARD_BYTES},
	};

	warn_of_small_queue(d);
	if (daemon_may_count(&d->base, FEED_EVENTS, err) < 0)
		return err->class;
	d->bad_log = bad_log_new(conf->events.bad_input_directory,
	                         conf->events.bad_input_max);
	d->collector = collector_new(&options);
	if (collector_start(d->collector, err) < 0 ||
	    dgram_start(&d->dgram, &d->sock, d->collector, d->bad_log, err) < 0)
		return err->class;
	log_info("counting events of %s in %s", conf->events.socket,
	         conf->store.directory);
	return 0;
}

static int tick(void *self, struct err *err)
{
	struct tlstallyd *d = self;

	bad_log_tick(d->bad_log, clock_monotonic_ms(&d->base.clock));
	return dgram_failed(d->dgram, err);
}

static int64_t progress(void *self)
{
	struct tlstallyd *d = self;

	return collector_state(d->collector).progress_ms +
	       d->base.conf.events.commit_interval_ms;
}

/* The order matters: no more comes in, all is committed, then the store. */
static int stop(void *self, struct err *err)
{
	struct tlstallyd *d = self;
	int rc = 0;

	dgram_stop(&d->dgram);
	if (d->collector != NULL)
		rc = collector_stop(d->collector, err);
	if (d->bad_log != NULL)
		bad_log_tick(d->bad_log, clock_monotonic_ms(&d->base.clock));
	dgram_socket_close(&d->sock);
	collector_free(&d->collector);
	bad_log_free(&d->bad_log);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct daemon_parts parts = {
		.name = "tlstallyd",
		.purpose = "counts the TLS events that Postfix sends "
			   "(smtp_tlsrpt_enable)",
		.takes_socket = true,
		.open = open_socket,
		.start = start,
		.tick = tick,
		.progress = progress,
		.stop = stop,
	};
	struct tlstallyd d = {.sock = {.fd = -1, .file = {.lock_fd = -1}}};

	return daemon_main(argc, argv, &parts, &d);
}
