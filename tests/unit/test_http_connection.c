#include "unit/test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/lru.h"
#include "http/http_wire.h"

enum { HEADER_MS = 30 * 1000 };

struct fixture {
	struct network_list proxies;
	struct clock clock;
	struct http_connections all;
	int fds[2];
};

static int setup(void **state)
{
	static struct fixture f;

	f.clock = clock_fixed(1000);
	assert_int_equal(
		network_list_add(&f.proxies, "192.0.2.0/24", &(struct err){0}),
		0);
	http_connections_init(&f.all, 100, 10, &f.proxies, &f.clock);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, f.fds), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_connections_clear(&f->all);
	network_list_clear(&f->proxies);
	close(f->fds[0]);
	close(f->fds[1]);
	return 0;
}

/* How long nothing has gone on. */
static int64_t still_ms(struct fixture *f, bool waits)
{
	return clock_monotonic_ms(&f->clock) -
	       http_connections_cut(&f->all, waits);
}

static void test_one_that_is_late_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct http_connection *c =
		http_connection_add(&f->all, f->fds[0], NULL);
	char byte;

	f->clock.fixed_ms += HEADER_MS - 1;
	assert_int_equal(still_ms(f, false), 0);
	assert_int_equal(recv(f->fds[1], &byte, 1, MSG_DONTWAIT), -1);
	f->clock.fixed_ms += 1;
	assert_int_equal(still_ms(f, false), 0);
	assert_int_equal(recv(f->fds[1], &byte, 1, MSG_DONTWAIT), 0);
	http_connection_drop(&f->all, &c);
}

/* Its thread has not ended it, or a worker still has it. */
static void test_one_that_was_cut_off_and_stays(void **state)
{
	struct fixture *f = *state;
	struct http_connection *c =
		http_connection_add(&f->all, f->fds[0], NULL);

	f->clock.fixed_ms += HEADER_MS + 70 * 1000;
	assert_int_equal(still_ms(f, false), 70 * 1000);
	http_connection_drop(&f->all, &c);
	assert_int_equal(still_ms(f, false), 0);
}

static void test_nobody_takes_up_who_waits(void **state)
{
	struct fixture *f = *state;

	f->clock.fixed_ms += 1000;
	assert_int_equal(still_ms(f, false), 0);
	f->clock.fixed_ms += 5000;
	assert_int_equal(still_ms(f, true), 5000);
	assert_true(http_connections_room(&f->all, NULL));
	assert_int_equal(still_ms(f, true), 0);
}

static void test_a_full_house_takes_nobody_up(void **state)
{
	struct fixture *f = *state;
	struct http_connection *c[97];

	for (int i = 0; i < 97; i++)
		c[i] = http_connection_add(&f->all, f->fds[0], NULL);
	f->clock.fixed_ms += 5000;
	assert_int_equal(still_ms(f, true), 0);
	for (int i = 0; i < 97; i++)
		http_connection_drop(&f->all, &c[i]);
}

static struct sockaddr_in v4(const char *text)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
	return address;
}

static struct in6_addr client_of(const char *text)
{
	struct in6_addr client;

	assert_true(network_address_read(text, strlen(text), &client));
	return client;
}

/* Ten requests of one client at once, however many connections the proxy
 * has. */
static void test_behind_a_proxy_clients_count(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in at = v4("192.0.2.1");
	const struct sockaddr *proxy = (const struct sockaddr *)&at;
	struct in6_addr one = client_of("2001:db8:0:1::7"),
			same = client_of("2001:db8:0:1:ffff::9"),
			other = client_of("2001:db8:0:2::7");
	struct http_connection *c[20];

	for (int i = 0; i < 20; i++) {
		assert_true(http_connections_room(&f->all, proxy));
		c[i] = http_connection_add(&f->all, f->fds[0], proxy);
		assert_true(http_connection_from(c[i]).is_shared);
		http_connection_enter(&f->all, c[i], HTTP_BODY);
		assert_int_equal(http_connection_serve(&f->all, c[i],
		                                       i % 2 ? &one : &same),
		                 i < 10);
		assert_string_equal(http_connection_from(c[i]).address,
		                    "2001:db8:0:1::");
		assert_false(http_connection_from(c[i]).is_shared);
	}
	assert_false(http_connection_serve(&f->all, c[0], &one));
	assert_true(http_connection_serve(&f->all, c[0], &other));
	for (int i = 1; i < 20; i++)
		http_connection_enter(&f->all, c[i], HTTP_HEADER);
	assert_string_equal(http_connection_from(c[1]).address, "192.0.2.1");
	assert_true(http_connection_serve(&f->all, c[1], &one));
	for (int i = 0; i < 20; i++)
		http_connection_drop(&f->all, &c[i]);
	assert_int_equal(f->all.count, 0);
	assert_null(lru_find(f->all.peers,
	                     "2001:db8:0:1::", strlen("2001:db8:0:1::")));
}

static void test_others_have_their_connections(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in at = v4("198.51.100.1");
	const struct sockaddr *peer = (const struct sockaddr *)&at;
	struct http_connection *c[10];

	for (int i = 0; i < 10; i++) {
		assert_true(http_connections_room(&f->all, peer));
		c[i] = http_connection_add(&f->all, f->fds[0], peer);
		assert_false(http_connection_from(c[i]).is_shared);
	}
	assert_false(http_connections_room(&f->all, peer));
	for (int i = 0; i < 10; i++)
		http_connection_drop(&f->all, &c[i]);
	assert_true(http_connections_room(&f->all, peer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_one_that_is_late_is_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_one_that_was_cut_off_and_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_takes_up_who_waits,
	                                        setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_full_house_takes_nobody_up, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_behind_a_proxy_clients_count, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_others_have_their_connections, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
