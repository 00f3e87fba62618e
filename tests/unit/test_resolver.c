#include "unit/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "policy/dns_packet.h"
#include "policy/resolver.h"

enum {
	HEADER = 12,
	NAMES_MAX = 400,
	CONNECTIONS = 256,
	FLOOD = 300,
	PORTS = 65536,
	ROOM = 600,
	TIMEOUT_MS = 4000,
};

/*
 * A name server that does with a question what the first letters of its name
 * say:
 *
 *     good     answers
 *     never    says nothing
 *     other    answers with another id, and by TCP too
 *     flood    sends hundreds of such, and behaves by TCP
 *     twice    answers three times
 *     short    is truncated, by TCP too
 *     slow     is truncated; by TCP says that much will come, and sends little
 *     broken   sends a head and nothing behind it
 */
static struct {
	pthread_t thread;
	int udp, tcp;
	uint16_t port;
	atomic_bool stop;
	struct pollfd fds[CONNECTIONS]; /* the first two are those above */
	size_t count;
	/* what was seen */
	atomic_uint questions;
	unsigned char ports[PORTS];
	unsigned different_ports, different_ids;
	unsigned char ids[PORTS];
} server;

static bool is(const uint8_t *question, const char *kind)
{
	return memcmp(question + HEADER + 1, kind, strlen(kind)) == 0;
}

/* The answer that it deserves; its length. */
static size_t make_answer(const uint8_t *question, size_t len, uint8_t *out)
{
	static const uint8_t record[] = {0xc0, HEADER, 0, DNS_A, 0,   1, 0, 0,
	                                 1,    44,     0, 4,     192, 0, 2, 1};
	size_t at = HEADER;

	while (question[at] != 0)
		at += question[at] + 1u;
	at += 5;
	assert_true(at <= len);
	memcpy(out, question, at);
	out[2] = is(question, "short") || is(question, "slow") ? 0x83 : 0x81;
	out[3] = 0xa0;
	memset(out + 6, 0, 6);
	out[7] = 1;
	if (is(question, "broken"))
		return HEADER + 3;
	memcpy(out + at, record, sizeof(record));
	if (is(question, "other"))
		out[0] ^= 0x55;
	return at + sizeof(record);
}

static void note_question(const uint8_t *question, uint16_t port)
{
	unsigned id = (unsigned)question[0] << 8 | question[1];

	server.different_ports += server.ports[port]++ == 0;
	server.different_ids += server.ids[id]++ == 0;
	atomic_fetch_add(&server.questions, 1);
}

static void serve_udp(void)
{
	uint8_t question[ROOM], answer[ROOM];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(server.udp, question, sizeof(question), 0,
	                       (struct sockaddr *)&from, &from_len);
	unsigned times = 1;
	size_t out;

	if (len < HEADER)
		return;
	note_question(question, ntohs(from.sin_port));
	if (is(question, "never"))
		return;
	out = make_answer(question, (size_t)len, answer);
	if (is(question, "flood")) {
		answer[0] ^= 0x55;
		times = FLOOD;
	} else if (is(question, "twice")) {
		times = 3;
	}
	while (times-- > 0)
		sendto(server.udp, answer, out, 0, (struct sockaddr *)&from,
		       from_len);
}

/* False: nothing more comes from there. */
static bool serve_tcp(int fd)
{
	uint8_t question[ROOM], answer[2 + ROOM];
	ssize_t len = recv(fd, question, sizeof(question), 0);
	size_t out;

	if (len <= 2 + HEADER)
		return false;
	atomic_fetch_add(&server.questions, 1);
	if (is(question + 2, "never"))
		return true;
	out = make_answer(question + 2, (size_t)len - 2, answer + 2);
	answer[0] = is(question + 2, "slow") ? 0xff : (uint8_t)(out >> 8);
	answer[1] = (uint8_t)out;
	send(fd, answer, out + 2, MSG_NOSIGNAL);
	return true;
}

static void serve_ready(size_t i)
{
	int fd;

	if (server.fds[i].revents == 0)
		return;
	if (i == 0) {
		serve_udp();
	} else if (i == 1) {
		fd = accept(server.tcp, NULL, NULL);
		if (fd >= 0 && server.count < CONNECTIONS)
			server.fds[server.count++] =
				(struct pollfd){.fd = fd, .events = POLLIN};
		else if (fd >= 0)
			close(fd);
	} else if (!serve_tcp(server.fds[i].fd)) {
		close(server.fds[i].fd);
		server.fds[i] = server.fds[--server.count];
	}
}

static void *serve(void *arg)
{
	while (!atomic_load(&server.stop)) {
		poll(server.fds, server.count, 20);
		for (size_t i = server.count; i-- > 0;)
			serve_ready(i);
	}
	return arg;
}

static void start_server(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	socklen_t len = sizeof(here);
	int room = 4 << 20;

	memset(&server, 0, sizeof(server));
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	do { /* until the port is free for both */
		here.sin_port = 0;
		server.udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		server.tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(server.udp, (struct sockaddr *)&here,
		                      sizeof(here)),
		                 0);
		getsockname(server.udp, (struct sockaddr *)&here, &len);
	} while (bind(server.tcp, (struct sockaddr *)&here, sizeof(here)) < 0 &&
	         close(server.udp) == 0 && close(server.tcp) == 0);
	setsockopt(server.udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	assert_int_equal(listen(server.tcp, 128), 0);
	server.port = ntohs(here.sin_port);
	server.fds[0] = (struct pollfd){.fd = server.udp, .events = POLLIN};
	server.fds[1] = (struct pollfd){.fd = server.tcp, .events = POLLIN};
	server.count = 2;
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void stop_server(void)
{
	atomic_store(&server.stop, true);
	pthread_join(server.thread, NULL);
	for (size_t i = 0; i < server.count; i++)
		close(server.fds[i].fd);
}

/* --- who asks --- */

struct world {
	struct loop *loop;
	struct resolver *resolver;
	struct resolver_counts counts;
	struct arena arena;
	struct dns_call calls[NAMES_MAX];
	unsigned order[NAMES_MAX]; /* which was answered as the how manieth */
	unsigned asked, done;
};

static void open_world(struct world *w, struct resolver_options options)
{
	char address[40];
	struct err err = {0};

	start_server();
	memset(w, 0, sizeof(*w));
	snprintf(address, sizeof(address), "127.0.0.1:%d", server.port);
	options.address = address;
	options.counts = &w->counts;
	if (options.timeout_ms == 0)
		options.timeout_ms = TIMEOUT_MS;
	assert_int_equal(loop_open(&w->loop, &err), 0);
	assert_int_equal(resolver_open(&options, w->loop, &w->resolver, &err),
	                 0);
}

static void close_world(struct world *w)
{
	w->resolver->free(&w->resolver);
	loop_close(&w->loop);
	arena_clear(&w->arena);
	stop_server();
}

static void note_done(struct dns_call *call)
{
	struct world *w = call->owner;

	w->order[call - w->calls] = w->done++;
}

static unsigned ask_as(struct world *w, const char *kind, bool background,
                       uint64_t share)
{
	unsigned i = w->asked++;

	w->calls[i] = (struct dns_call){
		.name = arena_printf(&w->arena, "%s%u.example", kind, i),
		.type = DNS_A,
		.background = background,
		.share = share,
		.arena = &w->arena,
		.done = note_done,
		.owner = w,
	};
	w->resolver->ask(w->resolver, &w->calls[i]);
	return i;
}

static unsigned ask(struct world *w, const char *kind, bool background)
{
	return ask_as(w, kind, background, 0);
}

static void wait_for_all(struct world *w)
{
	while (w->done < w->asked)
		loop_run(w->loop, 1000);
}

/* Whatever some servers do, the others' answers come, and first. */
static void test_hostile(void **state)
{
	static const struct {
		const char *kind;
		enum view_status status;
		const char *problem; /* its end */
	} kinds[] = {
		{"never", VIEW_TEMPFAIL,
	         " by TCP: no answer within the time limit"},
		{"other", VIEW_TEMPFAIL,
	         " by TCP: an answer to another question"},
		{"flood", VIEW_OK, NULL},
		{"twice", VIEW_OK, NULL},
		{"short", VIEW_TEMPFAIL,
	         " by TCP: a truncated answer over TCP"},
		{"slow", VIEW_TEMPFAIL,
	         " by TCP: no answer within the time limit"},
		{"broken", VIEW_TEMPFAIL, " by TCP: a malformed answer"},
		{"good", VIEW_OK, NULL},
	};
	enum { EACH = 12 };
	static struct world w;
	unsigned never = 0, good = 0;

	(void)state;
	open_world(&w, (struct resolver_options){.timeout_ms = 0});
	for (unsigned i = 0; i < EACH * COUNT(kinds); i++)
		ask(&w, kinds[i % COUNT(kinds)].kind, i % 3 == 0);
	wait_for_all(&w);
	for (unsigned i = 0; i < w.asked; i++) {
		size_t kind = i % COUNT(kinds);
		const struct dns_answer *answer = &w.calls[i].answer;

		print_message("  - %s: %s\n", w.calls[i].name,
		              answer->problem ? answer->problem : "answered");
		assert_int_equal(answer->status, kinds[kind].status);
		if (kinds[kind].problem == NULL) {
			assert_int_equal(answer->count, 1);
			assert_true(answer->secure);
		} else {
			assert_non_null(answer->problem);
			assert_non_null(
				strstr(answer->problem, kinds[kind].problem));
		}
		if (kind == 0 && (never == 0 || w.order[i] < never))
			never = w.order[i];
		if (kind == COUNT(kinds) - 1 && w.order[i] > good)
			good = w.order[i];
	}
	/* all good ones before the first that is never answered */
	assert_true(good < never);
	assert_int_equal(atomic_load(&w.counts.answered), 3 * EACH);
	assert_int_equal(atomic_load(&w.counts.failed), 5 * EACH);
	close_world(&w);
}

/* Nobody can guess the port and the id of the next question. */
static void test_ports(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, (struct resolver_options){.timeout_ms = 0});
	for (int i = 0; i < 200; i++)
		ask(&w, "good", false);
	wait_for_all(&w);
	close_world(&w);
	assert_true(server.different_ports > 150);
	assert_true(server.different_ids > 150);
}

/* A limit holds for all packets, TCP and further tries too. */
static void test_limit(void **state)
{
	enum { RATE = 200, GOOD = 60, SHORT = 20 };
	static struct world w;
	int64_t begun, took_ms;

	(void)state;
	open_world(&w, (struct resolver_options){.limit_per_sec = RATE});
	begun = clock_host_ms();
	for (int i = 0; i < GOOD; i++)
		ask(&w, "good", false);
	for (int i = 0; i < SHORT; i++)
		ask(&w, "short", true); /* UDP, TCP, and TCP once more */
	assert_true(w.resolver->is_full(w.resolver, false));
	wait_for_all(&w);
	took_ms = clock_host_ms() - begun;
	assert_int_equal(atomic_load(&w.counts.sent), GOOD + 3 * SHORT);
	assert_true(took_ms >=
	            (GOOD + 3 * SHORT - RATE / 20 - 1) * 1000 / RATE - 5);
	for (int i = 0; i < GOOD; i++)
		assert_int_equal(w.calls[i].answer.status, VIEW_OK);
	assert_false(w.resolver->is_full(w.resolver, false));
	close_world(&w);
}

/* Who waits comes before a backlog of the background, which goes on. */
static void test_fair(void **state)
{
	enum { RATE = 100, BACKLOG = 60, WAITERS = 20 };
	static struct world w;
	unsigned before = 0, last = 0;
	unsigned long long sent;

	(void)state;
	open_world(&w, (struct resolver_options){.limit_per_sec = RATE});
	for (int i = 0; i < BACKLOG; i++)
		ask(&w, "good", true);
	for (int i = 0; i < WAITERS; i++)
		ask(&w, "good", false);
	sent = atomic_load(&w.counts.sent);
	wait_for_all(&w);
	for (unsigned i = BACKLOG; i < w.asked; i++)
		if (w.order[i] > last)
			last = w.order[i];
	for (unsigned i = 0; i < BACKLOG; i++)
		before += w.order[i] < last;
	/* those that went before all had asked, and then one of five */
	assert_in_range(before, WAITERS / 5, sent + WAITERS / 4 + 5);
	close_world(&w);
}

/* Whose servers are dead has not all sockets, however much he asks; nor does
 * it make us wait with other domains. */
static void test_one_owner(void **state)
{
	enum { SOCKETS = 8, HIS = 40 };
	static struct world w;
	unsigned others;

	(void)state;
	open_world(&w, (struct resolver_options){.sockets = SOCKETS});
	for (int i = 0; i < HIS; i++)
		ask_as(&w, "never", false, 1);
	assert_int_equal(atomic_load(&w.counts.sent), SOCKETS / 4);
	assert_false(w.resolver->is_full(w.resolver, false));
	others = ask_as(&w, "good", false, 2);
	while (w.done == 0)
		loop_run(w.loop, 1000);
	assert_int_equal(w.order[others], 0);
	assert_int_equal(w.done, 1);
	for (unsigned i = 0; i < HIS; i++)
		w.resolver->drop(w.resolver, &w.calls[i]);
	close_world(&w);
}

/* With few sockets, and with no descriptor left, questions wait. */
static void test_few_sockets(void **state)
{
	static struct world w;
	struct rlimit before, few;
	unsigned long long sent;
	unsigned first;
	int next;

	(void)state;
	open_world(&w, (struct resolver_options){.sockets = 4});
	for (int i = 0; i < 100; i++)
		ask(&w, "good", i % 2);
	wait_for_all(&w);
	close_world(&w);
	open_world(&w, (struct resolver_options){.timeout_ms = 0});
	getrlimit(RLIMIT_NOFILE, &before);
	next = fcntl(0, F_DUPFD, 0);
	close(next);
	few = before;
	few.rlim_cur = (rlim_t)next + 5;
	setrlimit(RLIMIT_NOFILE, &few);
	for (int i = 0; i < 100; i++)
		ask(&w, "good", i % 2);
	wait_for_all(&w);
	setrlimit(RLIMIT_NOFILE, &before);
	/* and when there are some again it has as many as before */
	for (int i = 0; i < 100; i++)
		ask(&w, "good", false);
	wait_for_all(&w);
	for (unsigned i = 0; i < w.asked; i++)
		assert_int_equal(w.calls[i].answer.status, VIEW_OK);
	sent = atomic_load(&w.counts.sent);
	first = w.asked;
	for (int i = 0; i < 50; i++)
		ask(&w, "never", false);
	assert_int_equal(atomic_load(&w.counts.sent), sent + 50);
	for (unsigned i = first; i < w.asked; i++)
		w.resolver->drop(w.resolver, &w.calls[i]);
	close_world(&w);
}

/* What nobody wants any more, in flight or in the queue, leaves nothing. */
static void test_drop(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, (struct resolver_options){.sockets = 4});
	for (int i = 0; i < 20; i++)
		ask(&w, "never", i % 2);
	ask(&w, "good", true);
	for (int i = 0; i < 20; i++)
		w.resolver->drop(w.resolver, &w.calls[i]);
	w.done = 20;
	wait_for_all(&w);
	assert_int_equal(w.calls[20].answer.status, VIEW_OK);
	close_world(&w);
}

/* Whether the resolver is out of order can be told. */
static void test_counts(void **state)
{
	static struct world w;
	int64_t since;

	(void)state;
	open_world(&w, (struct resolver_options){.timeout_ms = 50});
	ask(&w, "never", false);
	wait_for_all(&w);
	since = atomic_load(&w.counts.failing_since_ms);
	assert_true(since > 0);
	ask(&w, "never", false);
	wait_for_all(&w);
	assert_int_equal(atomic_load(&w.counts.failing_since_ms), since);
	close_world(&w);
	open_world(&w, (struct resolver_options){.timeout_ms = 0});
	atomic_store(&w.counts.failing_since_ms, since);
	ask(&w, "good", false);
	wait_for_all(&w);
	assert_int_equal(atomic_load(&w.counts.failing_since_ms), 0);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_one_owner),
		cmocka_unit_test(test_few_sockets),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
