/* The server stops while clients connect. */
#include "unit/store_test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/http.h"

enum {
	CLIENTS = 4,
	CONNECTED = 40, /* before it stops */
	HELD_UP_US = 200 * 1000,
};

static pthread_t stopping;

/* libmicrohttpd's, too.  The thread that stops is held up before it takes a
 * socket out of another thread's set: that one may have done so by then. */
int epoll_ctl(int set, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_DEL && pthread_equal(pthread_self(), stopping))
		usleep(HELD_UP_US);
	return (int)syscall(SYS_epoll_ctl, set, op, fd, event);
}

static struct sockaddr_in address;
static atomic_int connected;
static atomic_bool over;

static void *connect_again_and_again(void *arg)
{
	while (!over) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ==
		    0)
			connected++;
		close(fd);
		usleep(1000);
	}
	return arg;
}

/* Nobody takes them up any more, and a queue that is full holds them up. */
static void wait_for(pthread_t client, int listener)
{
	while (pthread_tryjoin_np(client, NULL) != 0) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			close(fd);
		else
			usleep(1000);
	}
}

static int listening_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(address);

	address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	return fd;
}

static void test_stops_while_clients_connect(void **state)
{
	static const struct conf_list none;
	struct fixture *f = *state;
	struct clock clock = clock_system();
	struct conf conf;
	struct http_options options = {
		.jmap = {.db = f->db, .conf = &conf, .clock = &clock},
		.listen_fd = listening_socket(),
		.metrics_fd = -1,
		.url = "",
		.max_connections = 64,
		.max_per_address = 64,
		.trusted_proxies = &none,
	};
	/* as systemd has it */
	int kept = dup(options.listen_fd), late;
	pthread_t clients[CLIENTS];
	struct http *http;
	struct err err;

	conf_init(&conf);
	stopping = pthread_self();
	assert_int_equal(http_start(&http, &options, &err), 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&clients[i], NULL, connect_again_and_again,
		               NULL);
	while (connected < CONNECTED)
		usleep(1000);
	http_stop(&http, 1000);
	over = true;
	for (int i = 0; i < CLIENTS; i++)
		wait_for(clients[i], kept);
	/* who connects now waits for who is started next */
	late = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(
		connect(late, (struct sockaddr *)&address, sizeof(address)), 0);
	close(late);
	close(kept);
	conf_clear(&conf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		STORE_TEST(test_stops_while_clients_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
