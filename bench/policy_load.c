/*
 * policy_load - asks a policy service as many smtp(8) would
 *
 *     policy_load PATH CONNECTIONS DOMAINS SECONDS [RATE [COLD FIRST COLDPATH]]
 *
 * Each connection asks for one of d000000.example and so on, for so many
 * SECONDS, or, with 0, until each was asked for once; without a rate it asks
 * again as soon as it is answered, with one so many are asked a second,
 * answered or not, and the time of an answer counts from when it was to be
 * asked.  Of those that are due when a connection has 512 unanswered, which is
 * as many as fit, nothing is asked: they are missed.  COLD: beside that so many
 * c000000.example are asked for, from FIRST on, each once, by 200 connections
 * to COLDPATH; their own times do not count, and those of the others do only
 * until the last of these is answered.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

enum {
	COLD_CLIENTS = 200,
	DUE_MAX = 512,       /* asked of one connection and not answered */
	ASKS = 256,          /* at a time, then answers are read */
	TIMES_MAX = 5000000, /* microseconds */
	REPLY_MAX = 100100,
	PATIENCE_MS = 300 * 1000,
};

struct client {
	int fd;
	int is_cold;
	double due[DUE_MAX]; /* ms */
	unsigned first, last;
	char in[REPLY_MAX];
	size_t len;
};

static struct load {
	int epoll_fd;
	struct client *clients;
	unsigned connections, domains, cold, first, cold_asked, cold_answered;
	double rate, begin_ms, end_ms;
	int once;
	unsigned long asked, missed, answered, found, timed;
	uint32_t *times;
} load;

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die("the path is too long");
	strcpy(address.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die("cannot connect");
	return fd;
}

static void ask(struct client *client, double due_ms)
{
	char key[64], text[96];
	int len;

	if (client->is_cold)
		snprintf(key, sizeof(key), "QUERYwithTLSRPT c%06u.example",
		         load.first + load.cold_asked++);
	else
		snprintf(key, sizeof(key), "QUERYwithTLSRPT d%06lu.example",
		         load.asked++ * 7919 % load.domains);
	if (client->last - client->first >= DUE_MAX) {
		load.missed++;
		return;
	}
	len = snprintf(text, sizeof(text), "%zu:%s,", strlen(key), key);
	/* waiting here, nobody would read what keeps the server from reading */
	if (send(client->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	    len)
		client->due[client->last++ % DUE_MAX] = due_ms;
	else if (errno == EAGAIN)
		load.missed++;
	else
		die("cannot send");
}

static void count_time(double us)
{
	load.times[us < TIMES_MAX - 1 ? (unsigned)us : TIMES_MAX - 1]++;
	load.timed++;
}

static void take_answer(struct client *client, const char *text)
{
	double us = (now_ms() - client->due[client->first++ % DUE_MAX]) * 1e3;

	if (client->is_cold) {
		load.cold_answered++;
		if (load.cold_asked < load.cold)
			ask(client, now_ms());
		return;
	}
	load.answered++;
	load.found += text[0] == 'O';
	if (load.cold == 0 || load.cold_answered < load.cold)
		count_time(us);
	if (load.rate == 0 &&
	    (load.once ? load.asked < load.domains : now_ms() < load.end_ms))
		ask(client, now_ms());
}

static void hear(struct client *client)
{
	ssize_t n = recv(client->fd, client->in + client->len,
	                 sizeof(client->in) - client->len, MSG_DONTWAIT);
	size_t at = 0;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("the service has closed a connection");
	client->len += (size_t)n;
	while (at < client->len) {
		char *colon = memchr(client->in + at, ':', client->len - at);
		size_t size = colon ? strtoul(client->in + at, NULL, 10) : 0;

		if (colon == NULL ||
		    colon + size + 2 > client->in + client->len)
			break;
		take_answer(client, colon + 1);
		at = (size_t)(colon + size + 2 - client->in);
	}
	memmove(client->in, client->in + at, client->len - at);
	client->len -= at;
}

/* All that is due; how long until the next is. */
static int ask_due(void)
{
	double now = now_ms();

	if (load.rate == 0)
		return 100;
	for (int i = 0; i < ASKS; i++) {
		double due =
			load.begin_ms + (double)load.asked * 1e3 / load.rate;

		if (due > load.end_ms)
			return 100;
		if (due > now)
			return due - now >= 1 ? (int)(due - now) : 0;
		ask(&load.clients[load.asked % load.connections], due);
	}
	return 0;
}

static int is_done(void)
{
	if (load.once && load.asked < load.domains)
		return 0;
	return now_ms() > load.end_ms &&
	       load.answered + load.missed == load.asked &&
	       load.cold_answered == load.cold_asked;
}

static void run(void)
{
	struct epoll_event events[512];

	load.begin_ms = now_ms();
	load.end_ms += load.begin_ms;
	for (unsigned i = 0; load.rate == 0 && i < load.connections; i++)
		ask(&load.clients[i], now_ms());
	for (unsigned i = 0; i < COLD_CLIENTS && load.cold_asked < load.cold;
	     i++)
		ask(&load.clients[load.connections + i], now_ms());
	while (!is_done()) {
		int n = epoll_wait(load.epoll_fd, events, 512, ask_due());

		for (int i = 0; i < n; i++)
			hear(events[i].data.ptr);
		if (now_ms() > load.end_ms + PATIENCE_MS)
			die("not all was answered within five minutes");
	}
}

static unsigned percentile(double part)
{
	unsigned long n = 0;

	for (unsigned us = 0; us < TIMES_MAX; us++)
		if ((n += load.times[us]) >= part * (double)load.timed)
			return us;
	return TIMES_MAX;
}

int main(int argc, char **argv)
{
	unsigned all;
	double secs;

	if (argc < 5 || argc == 7 || argc == 8)
		die("usage: policy_load PATH CONNECTIONS DOMAINS SECONDS "
		    "[RATE [COLD FIRST COLDPATH]]");
	load.connections = (unsigned)atoi(argv[2]);
	load.domains = (unsigned)atoi(argv[3]);
	load.end_ms = atof(argv[4]) * 1e3;
	load.once = load.end_ms == 0;
	load.rate = argc > 5 ? atof(argv[5]) : 0;
	load.cold = argc > 6 ? (unsigned)atoi(argv[6]) : 0;
	load.first = argc > 7 ? (unsigned)atoi(argv[7]) : 0;
	all = load.connections + (load.cold > 0 ? COLD_CLIENTS : 0);
	load.clients = calloc(all, sizeof(*load.clients));
	load.times = calloc(TIMES_MAX, sizeof(*load.times));
	load.epoll_fd = epoll_create1(0);
	for (unsigned i = 0; i < all; i++) {
		struct client *client = &load.clients[i];
		struct epoll_event event = {.events = EPOLLIN,
		                            .data.ptr = client};

		client->is_cold = i >= load.connections;
		client->fd = connect_to(argv[client->is_cold ? 8 : 1]);
		epoll_ctl(load.epoll_fd, EPOLL_CTL_ADD, client->fd, &event);
	}
	run();
	secs = (now_ms() - load.begin_ms) / 1e3;
	printf("answers=%lu found=%lu missed=%lu rate=%.0f p50us=%u p99us=%u "
	       "maxus=%u cold=%u\n",
	       load.answered, load.found, load.missed,
	       (double)load.answered / secs, percentile(0.5), percentile(0.99),
	       percentile(1.0), load.cold_answered);
	return 0;
}
