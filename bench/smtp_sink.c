/*
 * smtp_sink - an SMTP server that takes everything and counts it
 *
 *     smtp_sink [-d MS] [PORT]
 *
 * Listens on 127.0.0.1 (port 0, the default: the kernel chooses), prints
 * "READY PORT", and at SIGTERM or SIGINT "messages N bytes N connections N".
 * -d answers each message only after so many milliseconds, as a relay that
 * syncs its queue does.  For measuring whoever sends: one thread, epoll,
 * nothing stored.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IN_BYTES = 65536, EVENTS = 64, MAX_DUE = 4096 };

struct peer {
	int fd;
	bool in_text;
	size_t have;
	char in[IN_BYTES];
};

/* Answers that wait for their time; all wait equally long, so a ring does. */
static struct due {
	long at_ms;
	int fd;
} due[MAX_DUE];
static unsigned due_first, due_next;

static unsigned long messages, bytes, connections;
static long delay_ms;
static int poller;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void reply(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return; /* reading will tell that it is gone */
}

static void watch(int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

/* Everything but DATA and QUIT is fine; false: it said goodbye. */
static bool command(struct peer *peer, const char *line)
{
	if (strncasecmp(line, "EHLO", 4) == 0)
		reply(peer->fd, "250-sink\r\n250 ENHANCEDSTATUSCODES\r\n");
	else if (strncasecmp(line, "DATA", 4) == 0)
		reply(peer->fd, "354 go on\r\n");
	else if (strncasecmp(line, "QUIT", 4) == 0)
		return false;
	else
		reply(peer->fd, "250 2.0.0 fine\r\n");
	peer->in_text = strncasecmp(line, "DATA", 4) == 0;
	return true;
}

/* Takes the message up to its final dot.  The last bytes of what is no end
 * yet stay: the end may come in two pieces. */
static size_t take_text(struct peer *peer, const char *text, size_t len)
{
	const char *end = memmem(text, len, "\r\n.\r\n", 5);
	size_t taken = len > 4 ? len - 4 : 0;

	if (end != NULL) {
		taken = (size_t)(end - text) + 5;
		messages++;
		peer->in_text = false;
		due[due_next++ % MAX_DUE] =
			(struct due){now_ms() + delay_ms, peer->fd};
	}
	bytes += taken;
	return taken;
}

/* False: it is over. */
static bool take(struct peer *peer)
{
	size_t at = 0, taken = 1;

	while (taken > 0 && at < peer->have) {
		char *from = peer->in + at;
		const char *lf = memchr(from, '\n', peer->have - at);

		taken = 0;
		if (peer->in_text)
			taken = take_text(peer, from, peer->have - at);
		else if (lf != NULL && !command(peer, from))
			return false;
		else if (lf != NULL)
			taken = (size_t)(lf - from) + 1;
		at += taken;
	}
	memmove(peer->in, peer->in + at, peer->have - at);
	peer->have -= at;
	return peer->have < IN_BYTES;
}

static void on_peer(struct peer *peer)
{
	ssize_t got =
		read(peer->fd, peer->in + peer->have, IN_BYTES - peer->have);

	if (got > 0) {
		peer->have += (size_t)got;
		if (take(peer))
			return;
	}
	close(peer->fd);
	free(peer);
}

static void on_accept(int listener)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int one = 1;

	if (peer == NULL || (peer->fd = accept(listener, NULL, NULL)) < 0)
		die("accept");
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	connections++;
	watch(peer->fd, peer);
	reply(peer->fd, "220 sink ESMTP\r\n");
}

/* Answers what is due; how long to sleep until the next is. */
static int answer_due(void)
{
	for (; due_first != due_next; due_first++) {
		const struct due *first = &due[due_first % MAX_DUE];
		long left = first->at_ms - now_ms();

		if (left > 0)
			return (int)left;
		reply(first->fd, "250 2.0.0 taken\r\n");
	}
	return -1;
}

static int listen_on(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	                         .sin_port = htons((uint16_t)port),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 ||
	    listen(fd, 128) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		die("listen");
	printf("READY %d\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int option, signals, listener, count;
	bool is_over = false;
	sigset_t set;

	while ((option = getopt(argc, argv, "d:")) == 'd')
		delay_ms = strtol(optarg, NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, 0);
	poller = epoll_create1(0);
	listener = listen_on(optind < argc ? atoi(argv[optind]) : 0);
	watch(listener, &listener);
	watch(signals, &signals);
	while (!is_over) {
		count = epoll_wait(poller, events, EVENTS, answer_due());
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == &signals)
				is_over = true;
			else if (events[i].data.ptr == &listener)
				on_accept(listener);
			else
				on_peer(events[i].data.ptr);
		}
	}
	printf("messages %lu bytes %lu connections %lu\n", messages, bytes,
	       connections);
	return 0;
}
