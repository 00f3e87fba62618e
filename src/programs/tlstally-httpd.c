/*
 * tlstally-httpd - the managed objects over HTTP, and what monitoring reads
 *
 * As root: open the socket, read certificate and key; then become the owner
 * of the store.  The main thread waits for a signal and cuts off clients that
 * are late; libmicrohttpd's threads do the rest.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "http/http.h"
#include "http/listen.h"
#include "jmap/lookup_desk.h"
#include "http/www.h"
#include "daemon/daemon.h"
#include "daemon/privs.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"

enum {
	TICK_MS = 250,
	READER_CHECK_TICKS = 240,
	PLACE_CHECK_TICKS = 20,
	STOP_MS = 5000,
	PEM_MAX = 1024 * 1024,
	OTHER_FILES = 64,
	REQUEST_MS = 2000, /* of processor time, of one JMAP request */
};

struct httpd {
	struct conf conf;
	struct clock clock;
	struct db *db;
	int fd;
	struct unix_socket file; /* of a unix socket */
	struct strbuf cert, key;
	struct www *www;
	struct lookup_desk *lookups;
	struct http *http;
};

static int read_pem(const char *path, const char *setting, struct strbuf *out,
                    struct err *err)
{
	if (path[0] == '\0')
		return 0;
	strbuf_init(out, PEM_MAX);
	if (io_read_file(path, out, err) < 0)
		return err_prefix(err, "[http] %s", setting);
	return 0;
}

static int read_tls(struct httpd *d, struct err *err)
{
	const struct conf *conf = &d->conf;

	if (read_pem(conf->http.tls_cert, "tls_cert", &d->cert, err) < 0 ||
	    read_pem(conf->http.tls_key, "tls_key", &d->key, err) < 0)
		return err->class;
	if (d->cert.len == 0 && !listen_is_local(conf->http.listen))
		log_warning("[http] listen = %s without tls_cert: tokens go "
		            "over the network in the clear",
		            conf->http.listen);
	return 0;
}

/* A connection is a descriptor. */
static void raise_limit(const struct conf *conf)
{
	struct rlimit limit;
	rlim_t wanted = conf->http.max_connections + OTHER_FILES;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < wanted)
		log_warning("only %llu files may be open, too few for [http] "
		            "max_connections = %llu",
		            (unsigned long long)limit.rlim_cur,
		            (unsigned long long)conf->http.max_connections);
}

/* The API is of use without. */
static void load_page(struct httpd *d)
{
	struct err err;

	if (d->conf.http.www[0] != '\0' &&
	    www_load(&d->www, d->conf.http.www, &err) < 0)
		log_warning("no web page: [http] www: %s", err.text);
}

static int serve(struct httpd *d, struct err *err)
{
	static const struct jmap_meter meter = {.spent_ms = jmap_thread_ms,
	                                        .limit_ms = REQUEST_MS};
	struct http_options options = {
		.jmap = {d->db, &d->conf, &d->clock, d->lookups, &meter},
		.www = d->www,
		.listen_fd = d->fd,
		.tls_cert = d->cert.len ? strbuf_text(&d->cert) : NULL,
		.tls_key = d->key.len ? strbuf_text(&d->key) : NULL,
		.url = d->conf.http.url,
		.open_metrics = d->conf.http.open_metrics,
		.max_connections = (unsigned)d->conf.http.max_connections,
		.max_per_address = (unsigned)d->conf.http.max_per_address,
	};

	d->fd = -1;
	return http_start(&d->http, &options, err);
}

static int start(void *arg, struct err *err)
{
	struct httpd *d = arg;
	struct kit_options kit;
	struct identity owner;
	struct listen_options options = {
		.where = d->conf.http.listen,
		.mode = (mode_t)d->conf.http.socket_mode};

	if (privs_store_owner(d->conf.store.directory, &owner, err) < 0)
		return err->class;
	options.owner = owner.uid;
	options.group = owner.gid;
	d->fd = listen_open(&d->file, &options, err);
	if (d->fd < 0 || read_tls(d, err) < 0)
		return err->class;
	raise_limit(&d->conf);
	if (privs_become(&owner, err) < 0 ||
	    daemon_open_store(&d->db, &d->conf, err) < 0)
		return err->class;
	daemon_watch_clock(d->db, &d->conf, &d->clock);
	load_page(d);
	kit = kit_options_of(&d->conf);
	d->lookups = lookup_desk_new(&kit, &d->clock);
	if (serve(d, err) < 0)
		return err->class;
	log_info("serving %s on %s", d->conf.store.directory,
	         d->conf.http.listen);
	return 0;
}

static int run(void *arg, struct err *err)
{
	struct httpd *d = arg;
	unsigned ticks = 0;

	while (!daemon_wait(TICK_MS)) {
		daemon_watch_clock(d->db, &d->conf, &d->clock);
		http_tick(d->http);
		if (++ticks % READER_CHECK_TICKS == 0)
			db_check_readers(d->db);
		if (ticks % PLACE_CHECK_TICKS == 0 &&
		    (db_check_place(d->db, err) < 0 ||
		     unix_socket_check(&d->file, err) < 0))
			return err->class;
		daemon_alive();
	}
	return 0;
}

static int stop(void *arg, struct err *err)
{
	struct httpd *d = arg;

	(void)err;
	unix_socket_close(&d->file);
	http_stop(&d->http, STOP_MS);
	lookup_desk_free(&d->lookups);
	www_free(&d->www);
	if (d->fd >= 0)
		close(d->fd);
	strbuf_clear(&d->cert);
	strbuf_clear(&d->key);
	db_close(&d->db);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct daemon_about about = {
		.name = "tlstally-httpd",
		.purpose = "serves reports, counters and metrics over HTTP",
	};
	struct httpd d = {.fd = -1, .file = {.lock_fd = -1}};
	const struct daemon_parts parts = {&d.conf, &d.clock, start, run, stop};

	return daemon_main(argc, argv, &about, &parts, &d);
}
