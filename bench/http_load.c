/*
 * http_load - one POST over and over again, on connections that stay open
 *
 * usage: http_load CONNECTIONS REQUESTS PORT TOKEN FILE
 *
 * FILE is the body.  Each connection sends its next request when it has the
 * answer to the last.  Prints
 *
 *     rate=REQUESTS-A-SECOND median=MS p99=MS
 *
 * An answer other than 200, or with a JMAP error in it, ends it with words.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

enum { CONNECTIONS_MAX = 64, ANSWER_MAX = 4 << 20 };

struct connection {
	int fd;
	double sent_at;
	char *answer;
	size_t len;
};

static char *request;
static size_t request_len;
static double *took;
static size_t sent, done, wanted;

static void make_request(const char *token, const char *path)
{
	FILE *file = fopen(path, "r");
	char *body = malloc(ANSWER_MAX);
	size_t len;
	int n;

	if (file == NULL || body == NULL)
		die(path);
	len = fread(body, 1, ANSWER_MAX, file);
	fclose(file);
	n = asprintf(&request,
	             "POST /api HTTP/1.1\r\nHost: localhost\r\n"
	             "Content-Type: application/json\r\n"
	             "Authorization: Bearer %s\r\n"
	             "Content-Length: %zu\r\n\r\n%.*s",
	             token, len, (int)len, body);
	free(body);
	if (n < 0)
		die("no memory");
	request_len = (size_t)n;
}

static void send_next(struct connection *c)
{
	size_t at = 0;

	if (sent == wanted)
		return;
	sent++;
	c->len = 0;
	c->sent_at = now_ms();
	while (at < request_len) {
		ssize_t n = write(c->fd, request + at, request_len - at);

		if (n <= 0)
			die("the connection is gone");
		at += (size_t)n;
	}
}

static void open_connection(struct connection *c, int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int on = 1;

	c->answer = malloc(ANSWER_MAX + 1);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->answer == NULL || c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("cannot connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* All of the answer? */
static int is_whole(const struct connection *c)
{
	const char *body = strstr(c->answer, "\r\n\r\n"), *length;

	if (body == NULL)
		return 0;
	length = strcasestr(c->answer, "\r\nContent-Length:");
	if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0 || length == NULL ||
	    length > body)
		die(c->answer);
	return c->len - (size_t)(body + 4 - c->answer) >=
	       strtoull(length + 17, NULL, 10);
}

static void take(struct connection *c)
{
	ssize_t n = read(c->fd, c->answer + c->len, ANSWER_MAX - c->len);

	if (n <= 0)
		die("the answer ends early, or is too large");
	c->len += (size_t)n;
	c->answer[c->len] = '\0';
	if (!is_whole(c))
		return;
	if (strstr(c->answer, "[\"error\"") != NULL)
		die(c->answer);
	took[done++] = now_ms() - c->sent_at;
	send_next(c);
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int main(int argc, char **argv)
{
	static struct connection connections[CONNECTIONS_MAX];
	struct pollfd polls[CONNECTIONS_MAX];
	size_t count;
	double begun;

	if (argc != 6)
		die("usage: http_load CONNECTIONS REQUESTS PORT TOKEN FILE");
	count = strtoul(argv[1], NULL, 10);
	wanted = strtoul(argv[2], NULL, 10);
	took = calloc(wanted + 1, sizeof(*took));
	if (count == 0 || count > CONNECTIONS_MAX || wanted == 0 ||
	    took == NULL)
		die("how many?");
	make_request(argv[4], argv[5]);
	for (size_t i = 0; i < count; i++) {
		open_connection(&connections[i], atoi(argv[3]));
		polls[i] = (struct pollfd){connections[i].fd, POLLIN, 0};
	}
	begun = now_ms();
	for (size_t i = 0; i < count; i++)
		send_next(&connections[i]);
	while (done < wanted) {
		poll(polls, count, -1);
		for (size_t i = 0; i < count; i++)
			if (polls[i].revents)
				take(&connections[i]);
	}
	begun = now_ms() - begun;
	qsort(took, done, sizeof(*took), compare);
	printf("rate=%.0f median=%.2f p99=%.2f\n", (double)done * 1e3 / begun,
	       took[done / 2], took[done * 99 / 100]);
	return 0;
}
