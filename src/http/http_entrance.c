#include "http/http_entrance.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/proxy_header.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/loop.h"
#include "base/xalloc.h"

enum {
	SAY_MS = 5 * 1000,  /* a proxy has its header ready */
	PAUSE_MS = 100,     /* no descriptor, or no room */
	AT_ONCE = 64,       /* taken up before others are read */
	WAITING_MAX = 1024, /* for the header */
	FOREVER_MS = 1000 * 1000,
};

/* A proxy that has not said yet whom it brings. */
struct newcomer {
	struct loop_watch watch;
	struct loop_timer timer;
	struct http_entrance *entrance;
	struct newcomer *next, **link;
	struct sockaddr_storage address;
	socklen_t address_len;
	size_t have;
	uint8_t bytes[PROXY_HEADER_MAX];
};

struct http_entrance {
	struct http_door *door;
	struct loop *loop;
	struct loop_watch listener;
	struct loop_timer pause;
	struct newcomer *first;
	unsigned waiting;
	bool reads_proxies;
	pthread_t thread;
	atomic_bool stopping;
};

/* libmicrohttpd closes it when it does not take it. */
static void hand_over(struct http_entrance *entrance, int fd,
                      const struct sockaddr_storage *address, socklen_t len)
{
	MHD_add_connection(entrance->door->daemon, fd,
	                   (const struct sockaddr *)address, len);
}

/* Takes it off the list; its socket is the caller's. */
static int let_go(struct newcomer *newcomer)
{
	struct http_entrance *entrance = newcomer->entrance;
	int fd = newcomer->watch.fd;

	loop_unwatch(entrance->loop, &newcomer->watch);
	loop_drop(entrance->loop, &newcomer->timer);
	*newcomer->link = newcomer->next;
	if (newcomer->next != NULL)
		newcomer->next->link = newcomer->link;
	entrance->waiting--;
	free(newcomer);
	return fd;
}

static void on_late(struct loop_timer *timer)
{
	close(let_go(container_of(timer, struct newcomer, timer)));
}

/* A client's own address where the proxy names one, else the proxy's. */
static void bring_in(struct newcomer *newcomer,
                     const struct proxy_header *header)
{
	struct http_entrance *entrance = newcomer->entrance;
	struct sockaddr_storage address = newcomer->address;
	socklen_t len = newcomer->address_len;
	struct sockaddr_in6 client = {
		.sin6_family = AF_INET6,
		.sin6_addr = header->client,
		.sin6_port = htons(header->port),
		.sin6_scope_id = HTTP_NAMED_SCOPE,
	};

	if (header->has_client) {
		len = sizeof(client);
		memcpy(&address, &client, sizeof(client));
	}
	hand_over(entrance, let_go(newcomer), &address, len);
}

static void on_bytes(struct loop_watch *watch, uint32_t events)
{
	struct newcomer *newcomer = container_of(watch, struct newcomer, watch);
	struct proxy_header header;
	struct err ignored;
	int more;

	(void)events;
	while ((more = proxy_header_read(newcomer->bytes, newcomer->have,
	                                 &header, &ignored)) > 0) {
		ssize_t n = recv(watch->fd, newcomer->bytes + newcomer->have,
		                 (size_t)more, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			break;
		newcomer->have += (size_t)n;
	}
	if (more == 0)
		bring_in(newcomer, &header);
	else
		close(let_go(newcomer));
}

static void wait_for_header(struct http_entrance *entrance, int fd,
                            const struct sockaddr_storage *address,
                            socklen_t len)
{
	struct newcomer *newcomer = xcalloc(1, sizeof(*newcomer));

	newcomer->entrance = entrance;
	newcomer->address = *address;
	newcomer->address_len = len;
	newcomer->watch.fd = fd;
	newcomer->watch.ready = on_bytes;
	newcomer->timer.due = on_late;
	newcomer->next = entrance->first;
	newcomer->link = &entrance->first;
	if (newcomer->next != NULL)
		newcomer->next->link = &newcomer->next;
	entrance->first = newcomer;
	entrance->waiting++;
	if (!loop_watch(entrance->loop, &newcomer->watch, EPOLLIN)) {
		close(let_go(newcomer));
		return;
	}
	loop_at(entrance->loop, &newcomer->timer, clock_host_ms() + SAY_MS);
}

static void on_pause_over(struct loop_timer *timer)
{
	struct http_entrance *entrance =
		container_of(timer, struct http_entrance, pause);

	loop_watch(entrance->loop, &entrance->listener, EPOLLIN);
}

static void pause_a_moment(struct http_entrance *entrance)
{
	loop_unwatch(entrance->loop, &entrance->listener);
	loop_at(entrance->loop, &entrance->pause, clock_host_ms() + PAUSE_MS);
}

static void on_connection(struct loop_watch *watch, uint32_t events)
{
	struct http_entrance *entrance =
		container_of(watch, struct http_entrance, listener);
	struct http_connections *all = &entrance->door->connections;

	(void)events;
	for (int i = 0; i < AT_ONCE; i++) {
		struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(address);
		int fd;

		if (entrance->waiting == WAITING_MAX ||
		    http_connections_full(all)) {
			pause_a_moment(entrance);
			return;
		}
		fd = accept4(watch->fd, (struct sockaddr *)&address, &len,
		             SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED &&
		    errno != EINTR)
			pause_a_moment(entrance);
		if (fd < 0)
			return;
		if (entrance->reads_proxies &&
		    http_connections_trust(all,
		                           (const struct sockaddr *)&address))
			wait_for_header(entrance, fd, &address, len);
		else
			hand_over(entrance, fd, &address, len);
	}
}

static void *attend(void *arg)
{
	struct http_entrance *entrance = arg;

	while (!entrance->stopping)
		loop_run(entrance->loop, FOREVER_MS);
	return NULL;
}

int http_entrance_open(struct http_entrance **out, struct http_door *door,
                       bool reads_proxies, struct err *err)
{
	struct http_entrance *entrance = xcalloc(1, sizeof(*entrance));
	int rc;

	entrance->door = door;
	entrance->reads_proxies = reads_proxies;
	entrance->listener.fd = door->listen_fd;
	entrance->listener.ready = on_connection;
	entrance->pause.due = on_pause_over;
	if (loop_open(&entrance->loop, err) < 0) {
		free(entrance);
		return err->class;
	}
	rc = loop_watch(entrance->loop, &entrance->listener, EPOLLIN)
	             ? pthread_create(&entrance->thread, NULL, attend, entrance)
	             : errno;
	if (rc == 0) {
		*out = entrance;
		return 0;
	}
	loop_close(&entrance->loop);
	free(entrance);
	errno = rc;
	return err_errno(err, ERR_IO, "cannot start a thread");
}

void http_entrance_close(struct http_entrance **entrance_in)
{
	struct http_entrance *entrance = *entrance_in;

	if (entrance == NULL)
		return;
	entrance->stopping = true;
	loop_wake(entrance->loop);
	pthread_join(entrance->thread, NULL);
	while (entrance->first != NULL)
		close(let_go(entrance->first));
	loop_close(&entrance->loop);
	free(entrance);
	*entrance_in = NULL;
}
