#include "http/http.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "http/http_entrance.h"
#include "http/http_events.h"
#include "http/http_request.h"
#include "http/http_wire.h"
#include "http/http_workers.h"

enum {
	THREADS = 4,
	IDLE_SECS = 30,
	/* Header, and a piece of the body.  Arguments are taken apart before we
	 * hear of them: 28 KiB cost 1.5 ms, a header as long 1 ms. */
	CONNECTION_MEMORY = 32 * 1024,
	STOP_STEP_MS = 20,
	STRICT = 1,          /* of RFC 9112, as far as it lets servers be */
	LISTENERS_SHARE = 4, /* of connections */
	/* a few scrapers */
	METRICS_CONNECTIONS = 64,
	METRICS_PER_ADDRESS = 16,
};

/* What libmicrohttpd has to say is about one connection; the client knows. */
static void drop_words(void *arg, const char *fmt, va_list ap)
{
	(void)arg;
	(void)fmt;
	(void)ap;
}

/* What it finds impossible ends the process: not without a word. */
static void panic(void *arg, const char *file, unsigned line,
                  const char *reason)
{
	int len = reason != NULL ? (int)strcspn(reason, "\n") : 0;

	(void)arg;
	log_error("libmicrohttpd cannot go on: %.*s (%s:%u)", len, reason, file,
	          line);
	abort();
}

static enum MHD_Result may_connect(void *arg, const struct sockaddr *address,
                                   socklen_t len)
{
	struct http_door *door = arg;

	(void)len;
	return http_connections_room(&door->connections, address) ? MHD_YES
	                                                          : MHD_NO;
}

static void on_connection(void *arg, struct MHD_Connection *connection,
                          void **context,
                          enum MHD_ConnectionNotificationCode code)
{
	struct http_door *door = arg;
	struct http_connection *known = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		known = http_connection_add(
			&door->connections,
			MHD_get_connection_info(
				connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd,
			MHD_get_connection_info(
				connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				->client_addr);
	else
		http_connection_drop(&door->connections, &known);
	*context = known;
}

static int start_door(struct http_door *door, int threads, struct err *err)
{
	struct http *http = door->http;
	bool reads_proxies =
		!door->for_metrics && http->proxy_header == CONF_PROXY_PROTOCOL;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)http_tls_choose},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
	                 MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
	                 MHD_USE_ERROR_LOG;

	if (http->tls && !door->for_metrics)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	door->daemon = MHD_start_daemon(
		flags, 0, may_connect, door, http_request_go_on, door,
		MHD_OPTION_EXTERNAL_LOGGER, drop_words, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, door,
		MHD_OPTION_NOTIFY_COMPLETED, http_request_end, door,
		MHD_OPTION_CONNECTION_LIMIT, door->connections.max,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_THREAD_POOL_SIZE, (unsigned)threads,
		MHD_OPTION_STRICT_FOR_CLIENT, http_is_lenient() ? 0 : STRICT,
		MHD_OPTION_UNESCAPE_CALLBACK, http_unescape, NULL,
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (door->daemon == NULL)
		return err_set(err, ERR_IO, "cannot start libmicrohttpd");
	return http_entrance_open(&door->entrance, door, reads_proxies, err);
}

static void open_door(struct http *http, enum http_door_id id, int fd,
                      unsigned max, unsigned max_per_address)
{
	struct http_door *door = &http->doors[id];

	door->http = http;
	door->listen_fd = fd;
	door->for_metrics = id == DOOR_METRICS;
	http_connections_init(&door->connections, max, max_per_address,
	                      &http->proxies, http->jmap.clock);
}

static void keep_url(struct http *http, const char *url)
{
	const char *server = strstr(url, "://");
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	http->url = xstrndup(url, len);
	http->path =
		server ? strchr(http->url + (server - url) + 3, '/') : NULL;
	if (http->path == NULL)
		http->path = "";
}

int http_start(struct http **http_out, const struct http_options *options,
               struct err *err)
{
	struct http *http = xcalloc(1, sizeof(*http));

	*http_out = http;
	MHD_set_panic_func(panic, NULL);
	http->jmap = options->jmap;
	http->www = options->www;
	http->sites = options->sites;
	keep_url(http, options->url);
	http->redirect_uris = options->redirect_uris;
	http->schema = http_schema_new();
	http->open_metrics = options->open_metrics;
	http->proxy_header = options->proxy_header;
	atomic_flag_clear(&http->told_of_proxy);
	for (size_t i = 0; i < options->trusted_proxies->count; i++)
		if (network_list_add(&http->proxies,
		                     options->trusted_proxies->items[i],
		                     err) < 0)
			return err->class;
	http->tls = options->tls != NULL;
	http->auth = auth_new(options->jmap.db, options->jmap.clock);
	http->callers = http_callers_new();
	pthread_mutex_init(&http->report_lock, NULL);
	http->events = http_events_new(http, options->max_connections /
	                                             LISTENERS_SHARE);
	open_door(http, DOOR_API, options->listen_fd, options->max_connections,
	          options->max_per_address);
	open_door(http, DOOR_METRICS, options->metrics_fd, METRICS_CONNECTIONS,
	          METRICS_PER_ADDRESS);
	if (http_workers_start(&http->workers, err) < 0 ||
	    start_door(&http->doors[DOOR_API], THREADS, err) < 0)
		return err->class;
	if (options->metrics_fd < 0)
		return 0;
	return start_door(&http->doors[DOOR_METRICS], 0, err);
}

void http_tick(struct http *http)
{
	int64_t went_on = INT64_MAX;

	for (int i = 0; i < DOORS; i++) {
		struct http_door *door = &http->doors[i];
		struct pollfd listener = {.fd = door->listen_fd,
		                          .events = POLLIN};
		int64_t its = http_connections_cut(&door->connections,
		                                   poll(&listener, 1, 0) > 0);

		if (its < went_on)
			went_on = its;
	}
	http->went_on_ms = went_on;
	http_events_tick(http->events);
}

int64_t http_progress_ms(const struct http *http)
{
	return http->went_on_ms;
}

static unsigned count_busy(struct http *http)
{
	unsigned busy = 0;

	for (int i = 0; i < DOORS; i++)
		busy += http_connections_busy(&http->doors[i].connections);
	return busy;
}

void http_stop(struct http **http_in, int deadline_ms)
{
	struct http *http = *http_in;

	if (http == NULL)
		return;
	for (int i = 0; i < DOORS; i++)
		http_entrance_close(&http->doors[i].entrance);
	http_events_stop(http->events);
	for (; deadline_ms > 0 && count_busy(http) > 0;
	     deadline_ms -= STOP_STEP_MS)
		wait_ms(STOP_STEP_MS);
	/* None may be left suspended; connections that are open go on asking
	 * until libmicrohttpd has stopped, too. */
	http_workers_stop(http->workers);
	for (int i = 0; i < DOORS; i++)
		if (http->doors[i].daemon != NULL)
			MHD_stop_daemon(http->doors[i].daemon);
	http_workers_free(&http->workers);
	for (int i = 0; i < DOORS; i++) {
		if (http->doors[i].listen_fd >= 0)
			close(http->doors[i].listen_fd);
		http_connections_clear(&http->doors[i].connections);
	}
	http_events_free(&http->events);
	http_callers_free(&http->callers);
	auth_free(&http->auth);
	http_schema_free(&http->schema);
	network_list_clear(&http->proxies);
	xfree_str(&http->url);
	free(http);
	*http_in = NULL;
}
