/*
 * tlstally-httpd - the managed objects over HTTP, and what monitoring reads
 *
 * The socket is opened, certificate and key are read as root.  The main thread
 * cuts off clients that are late; libmicrohttpd's threads do the rest
 * (daemon/daemon.h).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "daemon/daemon.h"
#include "http/http.h"
#include "base/listen.h"
#include "http/www.h"
#include "jmap/lookup_desk.h"

enum {
	TICK_MS = 250, /* clients that are late are cut off */
	STOP_MS = 5000,
	LOOKUP_FILES = 64,
	OTHER_FILES = 64 + LOOKUP_FILES,
	REQUEST_MS = 2000, /* of processor time, of one JMAP request */
};

struct httpd {
	struct daemon base;
	int fd;
	struct unix_socket file; /* of a unix socket */
	int metrics_fd;
	struct http_tls *tls;
	struct www *www;
	struct static_sites *sites;
	struct lookup_desk *lookups;
	struct http *http;
};

static int open_tls(struct httpd *d, struct err *err)
{
	const struct conf *conf = &d->base.conf;

	if (conf->http.tls_cert[0] != '\0')
		return http_tls_open(&d->tls, conf->http.tls_cert,
		                     conf->http.tls_key, &d->base.clock, err);
	if (!listen_is_local(conf->http.listen))
		log_warning("[http] listen = %s without tls_cert: tokens are "
		            "sent over the network in clear text",
		            conf->http.listen);
	return 0;
}

static int serve(struct httpd *d, struct err *err)
{
	static const struct jmap_meter meter = {.spent_ms = jmap_thread_ms,
	                                        .limit_ms = REQUEST_MS};
	struct http_options options = {
		.jmap = {.db = d->base.db,
	                 .conf = &d->base.conf,
	                 .clock = &d->base.clock,
	                 .lookups = d->lookups,
	                 .meter = &meter},
		.www = d->www,
		.sites = d->sites,
		.listen_fd = d->fd,
		.metrics_fd = d->metrics_fd,
		.tls = d->tls,
		.url = d->base.conf.http.url,
		.redirect_uris = &d->base.conf.http.redirect_uris,
		.open_metrics = d->base.conf.http.open_metrics,
		.max_connections = (unsigned)d->base.conf.http.max_connections,
		.max_per_address = (unsigned)d->base.conf.http.max_per_address,
		.trusted_proxies = &d->base.conf.http.trusted_proxies,
		.proxy_header = d->base.conf.http.proxy_header,
	};

	d->fd = d->metrics_fd = -1;
	return http_start(&d->http, &options, err);
}

/* The API is of use without it, and whoever scrapes sees that it is missing. */
static void open_metrics(struct httpd *d)
{
	const char *where = d->base.conf.http.metrics;
	struct listen_options options = {
		.who = "tlstally-httpd", .where = where, .handed_fd = -1};
	struct unix_socket none;
	struct err err = {0};

	if (where[0] == '\0')
		return;
	d->metrics_fd = listen_open(&none, &options, &err);
	if (d->metrics_fd < 0)
		log_warning("no metrics without a token: [http] metrics: %s",
		            err.text);
}

/* As root: the sockets, certificate and key. */
static int open_all(void *self, struct err *err)
{
	struct httpd *d = self;
	const struct conf *conf = &d->base.conf;
	struct listen_options options = {
		.who = "tlstally-httpd",
		.where = conf->http.listen,
		.owner = d->base.owner.uid,
		.group = d->base.owner.gid,
		.mode = (mode_t)conf->http.socket_mode,
		.handed_fd = d->base.handed_fd,
	};
	char what[64];

	d->base.tick_ms = TICK_MS;
	d->base.socket = &d->file;
	d->fd = listen_open(&d->file, &options, err);
	if (d->fd < 0 || open_tls(d, err) < 0)
		return err->class;
	open_metrics(d);
	/* a connection is a descriptor */
	snprintf(what, sizeof(what), "[http] max_connections = %" PRIu64,
	         conf->http.max_connections);
	daemon_need_files(conf->http.max_connections + OTHER_FILES, what);
	return 0;
}

static void tell_of_site(const struct err *err)
{
	log_warning("a page is not served: [http] static: %s", err->text);
}

/* The path of the URL, "/tls", without a slash at its end. */
static char *path_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
	size_t len = path != NULL ? strlen(path) : 0;

	while (len > 0 && path[len - 1] == '/')
		len--;
	return xstrndup(len > 0 ? path : "", len);
}

static int start(void *self, struct err *err)
{
	struct httpd *d = self;
	const struct policy_service_options lookups = {
		.conf = &d->base.conf,
		.clock = &d->base.clock,
		.sockets = LOOKUP_FILES,
	};
	const char *www = d->base.conf.http.www;
	auto_(xfree_str) char *above = path_of(d->base.conf.http.url);

	/* the API is of use without the page */
	if (www[0] != '\0' && www_load(&d->www, www, err) < 0)
		log_warning("no web page: [http] www: %s", err->text);
	d->sites = static_sites_load(&d->base.conf.http.static_sites, above,
	                             tell_of_site);
	d->lookups = lookup_desk_new(&lookups);
	if (serve(d, err) < 0)
		return err->class;
	log_info("serving %s on %s", d->base.conf.store.directory,
	         d->base.conf.http.listen);
	return 0;
}

static int tick(void *self, struct err *err)
{
	struct httpd *d = self;
	struct err fault = {0};
	int rc = d->tls != NULL ? http_tls_refresh(d->tls, &fault) : 0;

	(void)err;
	if (rc > 0)
		log_info("%s is served from now on",
		         d->base.conf.http.tls_cert);
	if (rc < 0)
		log_warning("the certificate has changed, and the old one is "
		            "served: %s",
		            fault.text);
	http_tick(d->http);
	return 0;
}

static int64_t progress(void *self)
{
	struct httpd *d = self;

	return http_progress_ms(d->http);
}

static int stop(void *self, struct err *err)
{
	struct httpd *d = self;

	(void)err;
	unix_socket_close(&d->file);
	http_stop(&d->http, STOP_MS);
	lookup_desk_free(&d->lookups);
	www_free(&d->www);
	static_sites_free(&d->sites);
	if (d->fd >= 0)
		close(d->fd);
	if (d->metrics_fd >= 0)
		close(d->metrics_fd);
	http_tls_free(&d->tls);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct daemon_parts parts = {
		.name = "tlstally-httpd",
		.purpose = "serves reports, counters and metrics over HTTP",
		.takes_socket = true,
		.open = open_all,
		.start = start,
		.tick = tick,
		.progress = progress,
		.stop = stop,
	};
	struct httpd d = {.fd = -1, .metrics_fd = -1, .file = {.lock_fd = -1}};

	return daemon_main(argc, argv, &parts, &d);
}
