/*
 * smtp_latency - how long a server takes for a message, one beside another
 *
 *     smtp_latency [-n MESSAGES] [-s SIZE] <SENDER> <RECIPIENT> PORT...
 *
 * Sends a message to each port of 127.0.0.1 in turn, over one session a port
 * that is opened anew after SESSION messages, and measures each from the MAIL
 * command to the answer to the final dot.  What disturbs the machine disturbs
 * all of them.  Prints a line a port, times in microseconds:
 *
 *     port=2525 messages=2000 p50=1234 p90=1500 p99=2345
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SESSION = 20, MAX_PORTS = 8, ANSWER = 4096 };

struct server {
	int port;
	int fd;
	long *took; /* microseconds, one a message */
};

static const char *sender, *recipient;
static char *text;
static size_t text_len;

static void die(const char *what, const char *answer)
{
	fprintf(stderr, "smtp_latency: %s: %s\n", what, answer);
	exit(1);
}

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void say(int fd, const char *words, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, words, len);

		if (n <= 0)
			die("cannot write", words);
		words += n;
		len -= (size_t)n;
	}
}

/* Reads up to the last line of an answer. */
static void expect(int fd, char class, const char *to)
{
	char answer[ANSWER];
	size_t have = 0;
	const char *line = answer;

	for (;;) {
		ssize_t n = read(fd, answer + have, sizeof(answer) - 1 - have);
		char *end;

		if (n <= 0)
			die(to, "the server hung up");
		have += (size_t)n;
		answer[have] = '\0';
		while ((end = strstr(line, "\r\n")) != NULL) {
			if (end - line >= 3 && line[3] != '-') {
				if (line[0] != class)
					die(to, line);
				return;
			}
			line = end + 2;
		}
	}
}

static void command(int fd, char class, const char *verb, const char *arg)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "%s%s\r\n", verb, arg);

	say(fd, line, (size_t)len);
	expect(fd, class, line);
}

static void greet(struct server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port =
	                                      htons((uint16_t)server->port)};
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(server->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(server->fd, (struct sockaddr *)&address, sizeof(address)))
		die("connect", "refused");
	expect(server->fd, '2', "greeting");
	command(server->fd, '2', "EHLO ", "client.example");
}

static void leave(struct server *server)
{
	command(server->fd, '2', "QUIT", "");
	close(server->fd);
}

static long send_one(struct server *server)
{
	long begin = now_us();

	command(server->fd, '2', "MAIL FROM:", sender);
	command(server->fd, '2', "RCPT TO:", recipient);
	command(server->fd, '3', "DATA", "");
	say(server->fd, text, text_len);
	expect(server->fd, '2', "final dot");
	return now_us() - begin;
}

static void make_text(size_t size)
{
	static const char head[] =
		"From: <somebody@client.example>\r\nTo: <you@example.com>\r\n"
		"Subject: how long does it take?\r\n"
		"Date: Sun, 1 Mar 2026 10:00:00 +0000\r\n"
		"Message-Id: <1@client.example>\r\n\r\n";
	static const char line[] = "0123456789 0123456789 0123456789\r\n";

	text = malloc(sizeof(head) + size + sizeof(line) + 4);
	if (text == NULL)
		die("message", "no memory");
	text_len = sizeof(head) - 1;
	memcpy(text, head, text_len);
	while (text_len < size) {
		memcpy(text + text_len, line, sizeof(line) - 1);
		text_len += sizeof(line) - 1;
	}
	memcpy(text + text_len, ".\r\n", 3);
	text_len += 3;
}

static int by_time(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static void report(const struct server *server, size_t messages)
{
	qsort(server->took, messages, sizeof(*server->took), by_time);
	printf("port=%d messages=%zu p50=%ld p90=%ld p99=%ld\n", server->port,
	       messages, server->took[messages / 2],
	       server->took[messages * 90 / 100],
	       server->took[messages * 99 / 100]);
}

static void measure(struct server *servers, size_t count, size_t messages)
{
	for (size_t i = 0; i < messages; i++) {
		for (size_t s = 0; s < count; s++) {
			/* nobody is always the first */
			struct server *server = &servers[(s + i) % count];

			if (i % SESSION == 0)
				greet(server);
			server->took[i] = send_one(server);
			if (i % SESSION == SESSION - 1 || i == messages - 1)
				leave(server);
		}
	}
}

int main(int argc, char **argv)
{
	struct server servers[MAX_PORTS];
	size_t messages = 1000, size = 4096, count = 0;
	int option;

	while ((option = getopt(argc, argv, "n:s:")) != -1) {
		if (option == 'n')
			messages = strtoul(optarg, NULL, 10);
		else if (option == 's')
			size = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind < 3 || argc - optind - 2 > MAX_PORTS ||
	    messages == 0) {
		fprintf(stderr, "usage: smtp_latency [-n MESSAGES] [-s SIZE] "
		                "SENDER RECIPIENT PORT...\n");
		return 2;
	}
	sender = argv[optind++]; /* with <> */
	recipient = argv[optind++];
	make_text(size);
	for (; optind < argc; optind++, count++) {
		servers[count].port = atoi(argv[optind]);
		servers[count].took = calloc(messages, sizeof(long));
		if (servers[count].took == NULL)
			die("times", "no memory");
	}
	measure(servers, count, messages);
	for (size_t s = 0; s < count; s++) {
		report(&servers[s], messages);
		free(servers[s].took);
	}
	free(text);
	return 0;
}
