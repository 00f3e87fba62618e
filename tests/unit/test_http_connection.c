#include "unit/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "http/http_wire.h"

enum { HEADER_MS = 30 * 1000 };

struct fixture {
	struct clock clock;
	struct http_connections all;
	int fds[2];
};

static int setup(void **state)
{
	static struct fixture f;

	f.clock = clock_fixed(1000);
	http_connections_init(&f.all, 100, 10, &f.clock);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, f.fds), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_connections_clear(&f->all);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
