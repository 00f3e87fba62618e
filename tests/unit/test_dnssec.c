#include "unit/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "policy/dns_packet.h"
#include "policy/dnssec.h"

enum { HEADER = 12, ROOM = 600, TIMEOUT_MS = 2000, AD = 0x20, RA = 0x80 };

/* Name servers that say of all names that there are none: one vouches for it,
 * one does not, and one says nothing. */
enum { SIGNED, PLAIN, SILENT, SERVERS };

static struct {
	int fd[SERVERS];
	uint16_t port[SERVERS];
	char file[SERVERS][64];
	pthread_t thread;
	atomic_bool stop;
	char directory[32];
} world;

static void answer(int server)
{
	uint8_t bytes[ROOM];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(world.fd[server], bytes, sizeof(bytes), 0,
	                       (struct sockaddr *)&from, &from_len);
	size_t at = HEADER;

	if (len < HEADER || server == SILENT)
		return;
	while (at < (size_t)len && bytes[at] != 0)
		at += bytes[at] + 1u;
	at += 5;
	bytes[2] = 0x81;
	bytes[3] = RA | (server == SIGNED ? AD : 0);
	memset(bytes + 6, 0, 6);
	sendto(world.fd[server], bytes, at, 0, (struct sockaddr *)&from,
	       from_len);
}

static void *serve(void *arg)
{
	(void)arg;
	while (!atomic_load(&world.stop)) {
		struct pollfd fds[SERVERS];

		for (int i = 0; i < SERVERS; i++)
			fds[i] = (struct pollfd){world.fd[i], POLLIN, 0};
		if (poll(fds, SERVERS, 50) <= 0)
			continue;
		for (int i = 0; i < SERVERS; i++)
			if (fds[i].revents != 0)
				answer(i);
	}
	return NULL;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(world.directory, "/tmp/test_dnssec.XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	for (int i = 0; i < SERVERS; i++) {
		struct sockaddr_in address = {.sin_family = AF_INET};
		socklen_t len = sizeof(address);
		FILE *file;

		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		world.fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(world.fd[i], (struct sockaddr *)&address,
		                      sizeof(address)),
		                 0);
		getsockname(world.fd[i], (struct sockaddr *)&address, &len);
		world.port[i] = ntohs(address.sin_port);
		snprintf(world.file[i], sizeof(world.file[i]), "%s/%d",
		         world.directory, i);
		file = fopen(world.file[i], "w");
		fprintf(file, "nameserver inet:127.0.0.1:%u\n", world.port[i]);
		fclose(file);
	}
	return pthread_create(&world.thread, NULL, serve, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	atomic_store(&world.stop, true);
	pthread_join(world.thread, NULL);
	for (int i = 0; i < SERVERS; i++) {
		close(world.fd[i]);
		unlink(world.file[i]);
	}
	return rmdir(world.directory);
}

/* What Postfix asks is what stands in its files, whomever we ask. */
static void test_postfix(void **state)
{
	static const struct {
		const char *name;
		int files[2];
		size_t count;
		enum dnssec_says says;
		int who;
	} rows[] = {
		{"one that validates", {SIGNED}, 1, DNSSEC_VALIDATES, SIGNED},
		{"one that does not", {PLAIN}, 1, DNSSEC_PLAIN, PLAIN},
		{"one that is silent", {SILENT}, 1, DNSSEC_SILENT, SILENT},
		{"its chroot has another copy",
	         {SIGNED, PLAIN},
	         2,
	         DNSSEC_PLAIN,
	         PLAIN},
		{"both validate",
	         {SIGNED, SIGNED},
	         2,
	         DNSSEC_VALIDATES,
	         SIGNED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		const char *files[2] = {world.file[rows[i].files[0]],
		                        world.file[rows[i].files[1]]};
		struct dnssec_answer got;

		ROW(&rows[i]);
		dnssec_ask_postfix(files, rows[i].count,
		                   rows[i].says == DNSSEC_SILENT ? 200
		                                                 : TIMEOUT_MS,
		                   &arena, &got);
		assert_int_equal(got.says, rows[i].says);
		assert_string_equal(got.who, world.file[rows[i].who]);
		if (got.says == DNSSEC_SILENT)
			assert_true(got.problem[0] != '\0');
	}
}

static void test_ours(void **state)
{
	static const enum dnssec_says says[SERVERS] = {
		DNSSEC_VALIDATES, DNSSEC_PLAIN, DNSSEC_SILENT};

	(void)state;
	for (int i = 0; i < SERVERS; i++) {
		auto_(arena_clear) struct arena arena = {0};
		char address[64];
		struct conf conf = {.policy = {.resolver = address,
		                               .timeout_ms = TIMEOUT_MS}};
		struct dnssec_answer got;

		snprintf(address, sizeof(address), "inet:127.0.0.1:%u",
		         world.port[i]);
		dnssec_ask_ours(&conf, i == SILENT ? 200 : TIMEOUT_MS, &arena,
		                &got);
		assert_int_equal(got.says, says[i]);
		assert_string_equal(got.who, address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postfix),
		cmocka_unit_test(test_ours),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
