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
	STRICT = 1, /* of RFC 9112, as far as it lets servers be */
};

/* What libmicrohttpd has to say is about one connection; the client knows. */
static void drop_words(void *arg, const char *fmt, va_list ap)
{
	(void)arg;
	(void)fmt;
	(void)ap;
}

static enum MHD_Result may_connect(void *arg, const struct sockaddr *address,
                                   socklen_t len)
{
	struct http *http = arg;

	(void)len;
	return http_connections_room(&http->connections, address) ? MHD_YES
	                                                          : MHD_NO;
}

static void on_connection(void *arg, struct MHD_Connection *connection,
                          void **context,
                          enum MHD_ConnectionNotificationCode code)
{
	struct http *http = arg;
	struct http_connection *known = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		known = http_connection_add(
			&http->connections,
			MHD_get_connection_info(
				connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd,
			MHD_get_connection_info(
				connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				->client_addr);
	else
		http_connection_drop(&http->connections, &known);
	*context = known;
}

/* So many things, some of which are not asked for. */
static size_t set_options(struct http *http, const struct http_options *options,
                          struct MHD_OptionItem *items)
{
	size_t n = 0;

	items[n++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET,
	                                     options->listen_fd, NULL};
	items[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT,
	                                     options->max_connections, NULL};
	if (options->tls_cert != NULL) {
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT,
		                                     0, http->tls_cert};
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY,
		                                     0, http->tls_key};
	}
	items[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return n;
}

static int start_daemon(struct http *http, const struct http_options *options,
                        struct err *err)
{
	struct MHD_OptionItem items[8];
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
	                 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

	if (options->tls_cert != NULL)
		flags |= MHD_USE_TLS;
	set_options(http, options, items);
	http->daemon = MHD_start_daemon(
		flags, 0, may_connect, http, http_request_go_on, http,
		MHD_OPTION_EXTERNAL_LOGGER, drop_words, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_NOTIFY_COMPLETED, http_request_end, http,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
		MHD_OPTION_STRICT_FOR_CLIENT, http_is_lenient() ? 0 : STRICT,
		MHD_OPTION_UNESCAPE_CALLBACK, http_unescape, NULL,
		MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (http->daemon == NULL)
		return err_set(err, ERR_IO, "libmicrohttpd does not start%s",
		               options->tls_cert
		                       ? ": do certificate and key belong "
		                         "together?"
		                       : "");
	return 0;
}

int http_start(struct http **http_out, const struct http_options *options,
               struct err *err)
{
	struct http *http = xcalloc(1, sizeof(*http));

	*http_out = http;
	http->jmap = options->jmap;
	http->www = options->www;
	http->listen_fd = options->listen_fd;
	http->url = xstrdup(options->url);
	http->open_metrics = options->open_metrics;
	http->tls = options->tls_cert != NULL;
	if (http->tls) {
		http->tls_cert = xstrdup(options->tls_cert);
		http->tls_key = xstrdup(options->tls_key);
	}
	http->auth = auth_new(options->jmap.db, options->jmap.clock);
	http->callers = http_callers_new();
	http_connections_init(&http->connections, options->max_connections,
	                      options->max_per_address, options->jmap.clock);
	if (http_workers_start(&http->workers, err) < 0)
		return err->class;
	return start_daemon(http, options, err);
}

void http_tick(struct http *http)
{
	struct pollfd listener = {.fd = http->listen_fd, .events = POLLIN};

	http->went_on_ms = http_connections_cut(&http->connections,
	                                        poll(&listener, 1, 0) > 0);
}

int64_t http_progress_ms(const struct http *http)
{
	return http->went_on_ms;
}

void http_stop(struct http **http_in, int deadline_ms)
{
	struct http *http = *http_in;

	if (http == NULL)
		return;
	if (http->daemon != NULL) {
		MHD_quiesce_daemon(http->daemon);
		while (deadline_ms > 0 &&
		       http_connections_busy(&http->connections) > 0) {
			wait_ms(STOP_STEP_MS);
			deadline_ms -= STOP_STEP_MS;
		}
	}
	/* None may be left suspended; connections that are open go on asking
	 * until libmicrohttpd has stopped, too. */
	http_workers_stop(http->workers);
	if (http->daemon != NULL)
		MHD_stop_daemon(http->daemon);
	http_workers_free(&http->workers);
	if (http->listen_fd >= 0)
		close(http->listen_fd);
	http_connections_clear(&http->connections);
	http_callers_free(&http->callers);
	auth_free(&http->auth);
	xfree_str(&http->url);
	xfree_str(&http->tls_cert);
	xfree_str(&http->tls_key);
	free(http);
	*http_in = NULL;
}
