/*
 * send_load - many TLS events, and the truth about them
 *
 *     send_load [options] SOCKET
 *
 *     -n COUNT     events to send (10000); 0: until nobody takes them any more
 *     -d DOMAINS   of so many domains, in turn (100)
 *     -f PERCENT   so many of a hundred sessions failed (10)
 *     -u KINDS     with so many different failures (10)
 *     -z           not in turn: by Zipf's law, the n-th of them n times as
 *                  rarely as the first
 *     -p USEC      pause after each event (0)
 *     -r RATE      so many a second; what fits into 10 ms goes at once
 *     -w           wait while the queue is full; without it the event is lost,
 *                  as it is with libtlsrpt
 *     -o           a socket of its own for each event, as Postfix does: what
 *                  fits into the queue is then not bound by one sender's buffer
 *     -R RECORD    the domains' TLSRPT record
 *     -t FILE      the truth: a line "DOMAIN SUCCESSES FAILURES" for each
 *                  domain, of what the kernel took
 *
 * Nothing is random: the same options send the same events.  SIGTERM is an end
 * as any other.  Then it prints "sent N lost N" and, when the socket went away,
 * "gone".
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

enum { EVENT_BYTES = 1024 };

struct truth {
	uint64_t successes;
	uint64_t failures;
};

struct load {
	uint64_t count;
	uint64_t domains;
	uint64_t failing_percent;
	uint64_t failure_kinds;
	long pause_usec;
	uint64_t rate;
	double *zipf; /* share of the first n domains together */
	uint64_t chance;
	bool wait;
	bool own_sockets;
	const char *path;
	const char *record;
	const char *truth_path;
	struct truth *truth;
	uint64_t sent;
	uint64_t lost;
	bool gone;
	int fd;
};

static volatile sig_atomic_t ended;

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "send_load: %s: %s\n", what, why);
	exit(2);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (end == text || *end != '\0')
		die(text, "is not a number");
	return n;
}

static void make_zipf(struct load *load)
{
	double sum = 0;

	load->zipf = xcalloc(load->domains, sizeof(*load->zipf));
	for (uint64_t i = 0; i < load->domains; i++)
		load->zipf[i] = sum += 1.0 / (double)(i + 1);
	for (uint64_t i = 0; i < load->domains; i++)
		load->zipf[i] /= sum;
}

/* The i-th event's domain.  By Zipf's law their names are in another order than
 * how often they come. */
static uint64_t choose_domain(struct load *load, uint64_t i)
{
	uint64_t low = 0, high = load->domains - 1;
	double at;

	if (load->zipf == NULL)
		return i % load->domains;
	/* Knuth's MMIX numbers */
	load->chance = load->chance * UINT64_C(6364136223846793005) +
	               UINT64_C(1442695040888963407);
	at = (double)(load->chance >> 11) / (double)(UINT64_C(1) << 53);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (load->zipf[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low * 7919 % load->domains;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Until the i-th event has its turn. */
static void wait_turn(const struct load *load, uint64_t i, int64_t begun_ms)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	while (!ended &&
	       i >= (uint64_t)(now_ms() - begun_ms) * load->rate / 1000 + 1)
		nanosleep(&pause, NULL);
}

static void read_options(struct load *load, int argc, char **argv)
{
	bool is_zipf = false;
	int c;

	while ((c = getopt(argc, argv, "n:d:f:u:p:r:zwoR:t:")) != -1) {
		if (c == 'n')
			load->count = number(optarg);
		else if (c == 'd')
			load->domains = number(optarg);
		else if (c == 'f')
			load->failing_percent = number(optarg);
		else if (c == 'u')
			load->failure_kinds = number(optarg);
		else if (c == 'p')
			load->pause_usec = (long)number(optarg);
		else if (c == 'r')
			load->rate = number(optarg);
		else if (c == 'z')
			is_zipf = true;
		else if (c == 'w')
			load->wait = true;
		else if (c == 'o')
			load->own_sockets = true;
		else if (c == 'R')
			load->record = optarg;
		else if (c == 't')
			load->truth_path = optarg;
		else
			exit(2);
	}
	if (optind + 1 != argc || load->domains == 0 ||
	    load->failure_kinds == 0)
		die("usage", "send_load [options] SOCKET");
	load->path = argv[optind];
	if (is_zipf)
		make_zipf(load);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die(path, "is too long");
	strcpy(address.sun_path, path);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(path, strerror(errno));
	return fd;
}

/* A hundred sessions in a row have their share of failures, spread; 37 and
 * 100 have no common divisor. */
static bool fails(const struct load *load, uint64_t i)
{
	return i * 37 % 100 < load->failing_percent;
}

static size_t write_event(const struct load *load, uint64_t i, uint64_t domain,
                          char *out)
{
	char failure[256] = "";
	int len;

	if (fails(load, i))
		snprintf(failure, sizeof(failure),
		         ",\"failure-details\":[{\"c\":204,"
		         "\"s\":\"192.0.2.1\",\"n\":\"mx.d%" PRIu64 ".test\","
		         "\"h\":\"250 mx.d%" PRIu64 ".test\","
		         "\"r\":\"198.51.100.1\",\"f\":\"kind %" PRIu64 "\"}]",
		         domain, domain, i / 100 % load->failure_kinds);
	len = snprintf(out, EVENT_BYTES,
	               "{\"d\":\"d%" PRIu64 ".test\",\"pr\":\"%s\","
	               "\"policies\":[{\"policy-type\":2,\"policy-domain\":"
	               "\"d%" PRIu64 ".test\",\"policy-string\":["
	               "\"version: STSv1\",\"mode: enforce\",\"mx: mx.d%" PRIu64
	               ".test\",\"max_age: 604800\"]%s,\"t\":%d,\"f\":%d}]}",
	               domain, load->record, domain, domain, failure,
	               failure[0] != '\0', failure[0] != '\0');
	if (len >= EVENT_BYTES)
		die("record", "is too long");
	return (size_t)len;
}

/* Did the kernel take it?  Sets gone when the receiver is no more. */
static bool send_event(struct load *load, const char *event, size_t len)
{
	const struct timespec pause = {.tv_nsec = 200000};
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL;

	while (send(load->fd, event, len, flags) < 0) {
		if (errno != EAGAIN && errno != ENOBUFS) {
			load->gone = true;
			return false;
		}
		if (ended)
			return false;
		if (!load->wait) {
			load->lost++;
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return true;
}

static void send_all(struct load *load)
{
	const struct timespec pause = {
		.tv_sec = load->pause_usec / 1000000,
		.tv_nsec = load->pause_usec % 1000000 * 1000,
	};
	int64_t begun_ms = now_ms();
	char event[EVENT_BYTES];

	for (uint64_t i = 0; !ended && (load->count == 0 || i < load->count);
	     i++) {
		uint64_t domain = choose_domain(load, i);
		struct truth *truth = &load->truth[domain];
		size_t len = write_event(load, i, domain, event);
		bool taken;

		if (load->rate > 0)
			wait_turn(load, i, begun_ms);

		if (load->own_sockets && i > 0) {
			close(load->fd);
			load->fd = connect_to(load->path);
		}
		taken = send_event(load, event, len);

		if (load->gone)
			return;
		if (taken && fails(load, i))
			truth->failures++;
		else if (taken)
			truth->successes++;
		load->sent += taken;
		if (load->pause_usec > 0)
			nanosleep(&pause, NULL);
	}
}

static void write_truth(const struct load *load)
{
	FILE *file = fopen(load->truth_path, "we");

	if (file == NULL)
		die(load->truth_path, strerror(errno));
	for (uint64_t i = 0; i < load->domains; i++)
		if (load->truth[i].successes + load->truth[i].failures > 0)
			fprintf(file,
			        "d%" PRIu64 ".test %" PRIu64 " %" PRIu64 "\n",
			        i, load->truth[i].successes,
			        load->truth[i].failures);
	if (fclose(file) != 0)
		die(load->truth_path, strerror(errno));
}

int main(int argc, char **argv)
{
	struct load load = {
		.count = 10000,
		.domains = 100,
		.failing_percent = 10,
		.failure_kinds = 10,
		.record = "v=TLSRPTv1; rua=mailto:tlsrpt@reports.test",
	};

	read_options(&load, argc, argv);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = end}, NULL);
	load.truth = xcalloc(load.domains, sizeof(*load.truth));
	load.fd = connect_to(load.path);
	send_all(&load);
	if (load.truth_path != NULL)
		write_truth(&load);
	printf("sent %" PRIu64 " lost %" PRIu64 "%s\n", load.sent, load.lost,
	       load.gone ? " gone" : "");
	close(load.fd);
	free(load.truth);
	free(load.zipf);
	return 0;
}
