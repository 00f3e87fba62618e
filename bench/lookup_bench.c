/*
 * lookup_bench - how many domains are looked up in a second
 *
 * usage: lookup_bench bare PORT QUESTIONS
 *        lookup_bench told PORT DOMAINS LIMIT KIND
 *        lookup_bench list PORT DOMAINS LIMIT KIND DIRECTORY
 *
 * bare: questions to the server without any look-up, many at once on one
 * socket: what the server and the kernel can do.  told: each domain is asked
 * for at the service, and told.  list: all stand on the wanted list of a store
 * in that directory, and their views are committed.  KIND: plain or signed
 * (bench/dns_server.c).
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "bench/bench.h"
#include "conf/conf.h"
#include "policy/dns_packet.h"
#include "policy/service.h"
#include "store/policy_wanted_table.h"

enum { IN_FLIGHT = 4000, WAIT_MS = 1000, ASKED_MAX = 50000, STEP_MS = 5 };

static atomic_ulong told_count, told_complete;

static double cpu_ms(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e3 +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e3;
}

static void bare(int port, unsigned long questions)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 8 << 20;
	unsigned long sent = 0, got = 0, in_flight = 0, lost = 0;
	uint8_t bytes[DNS_QUESTION_MAX], answer[DNS_UDP_PAYLOAD];
	struct dns_question question = {.name = "_smtp._tls.bench.example",
	                                .type = DNS_TXT};
	size_t len = dns_question_write(&question, bytes);
	double begun = now_ms(), cpu = cpu_ms(), took;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	while (got + lost < questions) {
		struct pollfd pollfd = {.fd = fd, .events = POLLIN};

		while (in_flight < IN_FLIGHT && sent < questions &&
		       send(fd, bytes, len, MSG_DONTWAIT) > 0) {
			sent++;
			in_flight++;
		}
		if (poll(&pollfd, 1, WAIT_MS) == 0) {
			lost += in_flight;
			in_flight = 0;
		}
		while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0) {
			got++;
			in_flight -= in_flight > 0;
		}
	}
	took = now_ms() - begun;
	printf("rate=%.0f lost=%lu cpu=%.0f\n", (double)got / took * 1e3, lost,
	       (cpu_ms() - cpu) / took * 100);
}

static void note_told(void *arg, const struct policy_told *told)
{
	(void)arg;
	atomic_fetch_add(&told_complete, told->complete);
	atomic_fetch_add(&told_count, 1);
}

static void name_of(char domain[64], unsigned long i, const char *kind)
{
	snprintf(domain, 64, "d%lu.%s.example", i, kind);
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000}, NULL);
}

static void ask_all(struct policy_service *service, unsigned long domains,
                    const char *kind)
{
	struct err err = {0};

	for (unsigned long i = 0; i < domains; i++) {
		char domain[64];
		struct policy_ask ask = {.domain = domain, .tell = note_told};

		name_of(domain, i, kind);
		while (i - atomic_load(&told_count) > ASKED_MAX)
			nap();
		if (policy_service_ask(service, &ask, &err) < 0)
			die(err.text);
	}
	while (atomic_load(&told_count) < domains)
		nap();
}

static void want_all(struct db *db, unsigned long domains, const char *kind)
{
	struct db_txn *txn = db_begin_write(db);
	struct err err = {0};

	for (unsigned long i = 0; i < domains; i++) {
		char domain[64];

		name_of(domain, i, kind);
		policy_wanted_put(txn, domain, 0, 0);
	}
	if (db_commit(&txn, &err) < 0)
		die(err.text);
}

static bool wants_any(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[WANTED_DOMAIN_TEXT] = "";
	uint32_t failures;
	int64_t due;

	return policy_wanted_next(txn, domain, &due, &failures);
}

static void look_up(int port, unsigned long domains, const char *limit,
                    const char *kind, const char *directory)
{
	struct db_options store = {.directory = directory,
	                           .map_size = UINT64_C(1) << 30,
	                           .create = true};
	struct clock clock = clock_system();
	struct conf conf = {0};
	struct policy_service_options options = {.conf = &conf,
	                                         .clock = &clock,
	                                         .dane = true,
	                                         .sts = true,
	                                         .wanted = directory != NULL};
	struct policy_service_state state;
	struct policy_service *service;
	struct err err = {0};
	char resolver[64];
	double begun, cpu, took;

	snprintf(resolver, sizeof(resolver), "127.0.0.1:%d", port);
	options.resolver = resolver;
	conf.policy.queries_per_second = strtoul(limit, NULL, 10);
	if (directory != NULL && db_open(&options.db, &store, &err) < 0)
		die(err.text);
	if (directory != NULL)
		want_all(options.db, domains, kind);
	begun = now_ms();
	cpu = cpu_ms();
	if (policy_service_open(&service, &options, &err) < 0)
		die(err.text);
	if (directory == NULL)
		ask_all(service, domains, kind);
	while (directory != NULL && wants_any(options.db))
		nap();
	took = now_ms() - begun;
	cpu = cpu_ms() - cpu;
	state = policy_service_state(service);
	printf("rate=%.0f queries=%.0f failed=%lu cpu=%.0f us=%.0f\n",
	       (double)domains / took * 1e3, (double)state.queries / took * 1e3,
	       (unsigned long)state.questions_failed, cpu / took * 100,
	       cpu / (double)domains * 1e3);
	policy_service_close(&service);
	db_close(&options.db);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "bare") == 0)
		bare(atoi(argv[2]), strtoul(argv[3], NULL, 10));
	else if (argc == 6 || argc == 7)
		look_up(atoi(argv[2]), strtoul(argv[3], NULL, 10), argv[4],
		        argv[5], argc == 7 ? argv[6] : NULL);
	else
		die("usage: lookup_bench bare|told|list PORT COUNT ...");
	return 0;
}
