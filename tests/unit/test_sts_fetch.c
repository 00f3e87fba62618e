/*
 * Who has the places of the fetcher: policy hosts that take the connection and
 * say nothing.  Policies that come are tests/e2e/sts_fetch.sh's.
 */
#include "unit/test.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy/sts_fetch.h"
#include "policy/turns.h"

enum { PLACES = 12, DOMAIN = PLACES / 4, NETWORK = PLACES / 2 };
enum { CALLS = 40, HURRIED_MS = 400 };
enum { PATIENCE_MS = 30000, TURN_MS = 20, QUIET_MS = 200 };

struct world {
	struct loop *loop;
	struct sts_fetcher *fetcher;
	char place[32];
	int listen_fd, fds[CALLS];
	size_t connected;
	struct arena arena;
	struct sts_call calls[CALLS];
	size_t count, ended;
};

static void note_done(struct sts_call *call)
{
	((struct world *)call->owner)->ended++;
}

static void take_connections(struct world *world)
{
	int fd;

	while (world->connected < CALLS &&
	       (fd = accept4(world->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		world->fds[world->connected++] = fd;
}

static void set_up(struct world *world, int64_t hurried_ms)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	struct sts_fetch_options options = {.allow_private = true,
	                                    .resolve_to = world->place,
	                                    .hurried_ms = hurried_ms,
	                                    .at_once = PLACES};
	struct err err = {0};

	*world = (struct world){0};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	world->listen_fd =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(world->listen_fd, (const struct sockaddr *)&address, len),
		0);
	assert_int_equal(listen(world->listen_fd, CALLS), 0);
	assert_int_equal(getsockname(world->listen_fd,
	                             (struct sockaddr *)&address, &len),
	                 0);
	snprintf(world->place, sizeof(world->place), "127.0.0.1:%u",
	         ntohs(address.sin_port));
	assert_int_equal(loop_open(&world->loop, &err), 0);
	if (sts_fetch_open(&options, world->loop, &world->fetcher, &err) < 0)
		fail_msg("%s", err.text);
}

static void tear_down(struct world *world)
{
	for (size_t i = 0; i < world->count; i++)
		world->fetcher->drop(world->fetcher, &world->calls[i]);
	world->fetcher->free(&world->fetcher);
	loop_close(&world->loop);
	for (size_t i = 0; i < world->connected; i++)
		close(world->fds[i]);
	close(world->listen_fd);
	arena_clear(&world->arena);
}

static struct sts_call *fetch(struct world *world, const char *domain,
                              const char *addresses, bool background)
{
	struct sts_call *call = &world->calls[world->count++];

	*call = (struct sts_call){.domain = domain,
	                          .addresses = addresses,
	                          .background = background,
	                          .share = turns_share(domain),
	                          .arena = &world->arena,
	                          .done = note_done,
	                          .owner = world};
	world->fetcher->fetch(world->fetcher, call);
	return call;
}

static void run_until_connected(struct world *world, size_t want)
{
	int64_t until_ms = clock_host_ms() + PATIENCE_MS;

	while (world->connected < want && clock_host_ms() < until_ms) {
		loop_run(world->loop, TURN_MS);
		take_connections(world);
	}
	assert_int_equal(world->connected, want);
}

/* No more of them connect. */
static void run_a_while(struct world *world)
{
	int64_t until_ms = clock_host_ms() + QUIET_MS;

	while (clock_host_ms() < until_ms) {
		loop_run(world->loop, TURN_MS);
		take_connections(world);
	}
}

/* Many domains whose policies lie in one network, and many names below one
 * domain: each has its part, and another one is fetched beside them. */
static void test_one_owner(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, 2 * PATIENCE_MS);
	for (int i = 0; i < 10; i++)
		fetch(&world, arena_printf(&world.arena, "n%d.test", i),
		      arena_printf(&world.arena, "192.0.2.%d,[2001:db8::1]",
		                   i + 1),
		      false);
	for (int i = 0; i < 10; i++)
		fetch(&world, arena_printf(&world.arena, "s%d.evil.test", i),
		      arena_printf(&world.arena, "[2001:db8:%d::1]", i + 1),
		      false);
	run_until_connected(&world, NETWORK + DOMAIN);
	fetch(&world, "good.test", "198.51.100.1", false);
	run_until_connected(&world, NETWORK + DOMAIN + 1);
	assert_int_equal(world.ended, 0);
	tear_down(&world);
}

/* All places are taken by hosts of many owners: the oldest gives up its place,
 * which says nothing about its domain. */
static void test_slow_hosts(void **state)
{
	struct world world;
	struct sts_call *first;

	(void)state;
	set_up(&world, HURRIED_MS);
	first = fetch(&world, "d.test", "192.0.2.1", false);
	for (int i = 1; i < PLACES; i++)
		fetch(&world, arena_printf(&world.arena, "d%d.test", i),
		      arena_printf(&world.arena, "192.0.%d.1", i + 2), false);
	run_until_connected(&world, PLACES);
	run_a_while(&world);
	run_a_while(&world);
	/* nobody waits: nobody is hurried */
	assert_int_equal(world.ended, 0);
	fetch(&world, "good.test", "198.51.100.1", false);
	run_until_connected(&world, PLACES + 1);
	assert_int_equal(world.ended, 1);
	assert_int_equal(first->reply.status, VIEW_TEMPFAIL);
	assert_true(first->reply.hurried);
	assert_non_null(strstr(first->reply.problem,
	                       " ms, while other policy hosts had to wait"));
	tear_down(&world);
}

/* What nobody waits for takes no place of what somebody waits for. */
static void test_background(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, HURRIED_MS);
	for (int i = 0; i < PLACES / 2; i++)
		fetch(&world, arena_printf(&world.arena, "b%d.test", i),
		      arena_printf(&world.arena, "192.0.%d.1", i), true);
	run_until_connected(&world, PLACES / 2);
	for (int i = 0; i < PLACES / 2; i++)
		fetch(&world, arena_printf(&world.arena, "f%d.test", i),
		      arena_printf(&world.arena, "198.51.%d.1", i), false);
	run_until_connected(&world, PLACES);
	fetch(&world, "good.test", "203.0.113.1", false);
	run_until_connected(&world, PLACES + 1);
	for (size_t i = PLACES / 2; i < PLACES; i++)
		assert_int_equal(world.calls[i].reply.status, VIEW_UNKNOWN);
	tear_down(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_owner),
		cmocka_unit_test(test_slow_hosts),
		cmocka_unit_test(test_background),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
