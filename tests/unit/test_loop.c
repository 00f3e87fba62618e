#include "unit/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/loop.h"

/* Thousands are set, moved and dropped; those that are left come in order. */
static void test_deadlines(void **state)
{
	enum { MANY = 3000 };
	static struct deadline many[MANY];
	struct deadlines deadlines = {0};
	struct deadline *first;
	size_t left = 0, came = 0;
	int64_t last = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		deadlines_set(&deadlines, &many[i], (int64_t)(i * 7919 % MANY));
	for (size_t i = 0; i < MANY; i += 3)
		deadlines_set(&deadlines, &many[i],
		              (int64_t)(MANY + i * 31 % MANY));
	for (size_t i = 1; i < MANY; i += 3) {
		deadlines_drop(&deadlines, &many[i]);
		deadlines_drop(&deadlines, &many[i]);
	}
	for (size_t i = 0; i < MANY; i++)
		left += many[i].place != 0;
	assert_int_equal(left, MANY - MANY / 3);
	while ((first = deadlines_first(&deadlines)) != NULL) {
		assert_true(first->at_ms >= last);
		last = first->at_ms;
		deadlines_drop(&deadlines, first);
		came++;
	}
	assert_int_equal(came, left);
	deadlines_clear(&deadlines);
}

struct end {
	struct loop_watch watch;
	struct loop *loop;
	struct end *other;
	int calls;
};

static void take_both_back(struct loop_watch *watch, uint32_t events)
{
	struct end *end = container_of(watch, struct end, watch);

	(void)events;
	end->calls++;
	loop_unwatch(end->loop, &end->watch);
	loop_unwatch(end->loop, &end->other->watch);
}

/* Two are ready at once, and the first takes the second back. */
static void test_taken_back(void **state)
{
	struct loop *loop = NULL;
	struct err err = {0};
	struct end ends[2];
	int fds[2];

	(void)state;
	assert_int_equal(loop_open(&loop, &err), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	for (size_t i = 0; i < 2; i++) {
		ends[i] = (struct end){
			.watch = {.fd = fds[i], .ready = take_both_back},
			.loop = loop,
			.other = &ends[1 - i]};
		assert_int_equal(send(fds[i], "x", 1, 0), 1);
		assert_true(loop_watch(loop, &ends[i].watch, EPOLLIN));
	}
	loop_run(loop, 0);
	loop_run(loop, 0);
	assert_int_equal(ends[0].calls + ends[1].calls, 1);
	close(fds[0]);
	close(fds[1]);
	loop_close(&loop);
}

struct ticking {
	struct loop_timer timer;
	struct loop *loop;
	int calls;
};

static void tick_again(struct loop_timer *timer)
{
	struct ticking *ticking = container_of(timer, struct ticking, timer);

	ticking->calls++;
	loop_at(ticking->loop, timer, clock_host_ms());
}

/* A timer that is due again at once keeps nobody else from his turn. */
static void test_timer(void **state)
{
	struct ticking ticking = {.timer.due = tick_again};
	struct loop *loop = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(loop_open(&loop, &err), 0);
	ticking.loop = loop;
	loop_at(loop, &ticking.timer, clock_host_ms() + 20);
	while (ticking.calls == 0)
		loop_run(loop, 10000);
	loop_run(loop, 10000);
	assert_int_equal(ticking.calls, 2);
	loop_drop(loop, &ticking.timer);
	loop_run(loop, 0);
	assert_int_equal(ticking.calls, 2);
	loop_close(&loop);
}

static void *wake(void *arg)
{
	loop_wake(arg);
	return NULL;
}

static void test_woken(void **state)
{
	struct loop *loop = NULL;
	struct err err = {0};
	pthread_t thread;

	(void)state;
	assert_int_equal(loop_open(&loop, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, wake, loop), 0);
	loop_run(loop, 1000 * 1000);
	pthread_join(thread, NULL);
	loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
