/*
 * dns_server - a name server that answers everything, so many ms later
 *
 * usage: dns_server DELAY_MS
 *
 * Prints "READY PORT".  Each domain has a TLSRPT record and one MX host, no
 * MTA-STS record and no DNSSEC; names with "signed" in them have AD set and
 * TLSA records as well.  On SIGTERM it prints "questions=N most_per_second=M".
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/bench.h"

enum {
	BATCH = 64,
	ROOM = 512,
	HELD = 1 << 16, /* answers that wait */
	BUFFER = 8 << 20,
	TYPE_A = 1,
	TYPE_SOA = 6,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_TLSA = 52,
	HEADER = 12,
	TTL = 300,
	SECOND_MS = 1000,
};

/* Answers in the order in which they are due: the delay is the same for all. */
static struct {
	uint8_t bytes[ROOM];
	size_t len;
	struct sockaddr_storage to;
	socklen_t to_len;
	double due;
} held[HELD];
static size_t first, last;

static uint64_t questions, this_second, most;
static volatile sig_atomic_t stop;

static void on_term(int number)
{
	(void)number;
	stop = 1;
}

static size_t put_record(uint8_t *at, unsigned type, const void *data,
                         size_t len)
{
	const uint8_t head[] = {0xc0,
	                        HEADER,
	                        0,
	                        (uint8_t)type,
	                        0,
	                        1,
	                        0,
	                        0,
	                        TTL >> 8,
	                        TTL & 0xff,
	                        (uint8_t)(len >> 8),
	                        (uint8_t)len};

	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), data, len);
	return sizeof(head) + len;
}

/* The answer's record of that type; nothing: an SOA. */
static size_t put_answer(uint8_t *packet, size_t at, unsigned type,
                         const char *first_label)
{
	static const char rua[] = "\x26v=TLSRPTv1; rua=mailto:tls@example.com";
	static const uint8_t mx[] = {0, 10, 2, 'm', 'x', 0xc0, HEADER};
	static const uint8_t address[] = {192, 0, 2, 1};
	static const uint8_t soa[22] = {0, 0, [20] = TTL >> 8, TTL & 0xff};
	uint8_t tlsa[35] = {3, 1, 1};

	packet[7] = 1;
	if (type == TYPE_MX)
		return at + put_record(packet + at, type, mx, sizeof(mx));
	if (type == TYPE_TXT && strncmp(first_label, "_smtp", 5) == 0)
		return at + put_record(packet + at, type, rua, sizeof(rua) - 1);
	if (type == TYPE_A)
		return at +
		       put_record(packet + at, type, address, sizeof(address));
	if (type == TYPE_TLSA)
		return at + put_record(packet + at, type, tlsa, sizeof(tlsa));
	packet[7] = 0;
	packet[9] = 1;
	return at + put_record(packet + at, TYPE_SOA, soa, sizeof(soa));
}

/* From the question that stands there; 0: it is none. */
static size_t answer(uint8_t *packet, size_t len)
{
	bool is_signed = memmem(packet, len, "signed", 6) != NULL;
	size_t at = HEADER;

	while (at < len && packet[at] != 0)
		at += packet[at] + 1u;
	at += 5;
	if (at > len || at > ROOM - 100)
		return 0;
	packet[2] = 0x81;
	packet[3] = is_signed ? 0xa0 : 0x80;
	memset(packet + 6, 0, 6);
	return put_answer(packet, at, packet[at - 3],
	                  (const char *)packet + HEADER + 1);
}

static void count(double now)
{
	static double second;

	if (now - second >= SECOND_MS) {
		second = now;
		this_second = 0;
	}
	questions++;
	if (++this_second > most)
		most = this_second;
}

/* What has come, up to a batch; false: nothing. */
static bool receive(int fd, double delay)
{
	struct mmsghdr messages[BATCH];
	struct iovec places[BATCH];
	double now = now_ms();
	int n;

	for (size_t i = 0; i < BATCH; i++) {
		size_t at = (last + i) % HELD;

		places[i] = (struct iovec){held[at].bytes, ROOM};
		messages[i].msg_hdr =
			(struct msghdr){.msg_name = &held[at].to,
		                        .msg_namelen = sizeof(held[at].to),
		                        .msg_iov = &places[i],
		                        .msg_iovlen = 1};
	}
	n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		size_t at = (last + (size_t)i) % HELD;

		count(now);
		held[at].to_len = messages[i].msg_hdr.msg_namelen;
		held[at].len = answer(held[at].bytes, messages[i].msg_len);
		held[at].due = now + delay;
	}
	if (n > 0)
		last += (size_t)n;
	if (last - first > HELD - BATCH)
		die("too many questions at once");
	return n > 0;
}

static void send_due(int fd)
{
	double now = now_ms();

	for (; first < last && held[first % HELD].due <= now; first++) {
		size_t at = first % HELD;

		if (held[at].len > 0)
			sendto(fd, held[at].bytes, held[at].len, 0,
			       (struct sockaddr *)&held[at].to,
			       held[at].to_len);
	}
}

static int open_socket(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	socklen_t len = sizeof(here);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = BUFFER;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &len) < 0)
		die("no socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	printf("READY %d\n", ntohs(here.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	double delay = argc > 1 ? atof(argv[1]) : 50;
	int fd = open_socket();

	signal(SIGTERM, on_term);
	while (!stop) {
		struct pollfd pollfd = {.fd = fd, .events = POLLIN};
		double left = first < last ? held[first % HELD].due - now_ms()
		                           : SECOND_MS;

		if (left > 0)
			poll(&pollfd, 1, (int)left + 1);
		while (receive(fd, delay))
			;
		send_due(fd);
	}
	printf("questions=%llu most_per_second=%llu\n",
	       (unsigned long long)questions, (unsigned long long)most);
	return 0;
}
