/* Threads that stand back, and those that they make. */
#include "unit/test.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include "base/prompt.h"

enum { NICENESS = 10 };

/* Of a thread, as the kernel has it. */
struct seen {
	int policy, niceness;
};

static void *look(void *arg)
{
	struct seen *seen = arg;

	seen->policy = sched_getscheduler(0);
	seen->niceness = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

static void *stand_back(void *arg)
{
	pthread_t thread;

	prompt_stand_back(NICENESS);
	assert_int_equal(pthread_create(&thread, NULL, look, arg), 0);
	pthread_join(thread, NULL);
	return NULL;
}

static void test_inherited(void **state)
{
	struct seen seen = {0}, before = {0}, mine = {0};
	pthread_t thread;

	(void)state;
	look(&before);
	assert_int_equal(pthread_create(&thread, NULL, stand_back, &seen), 0);
	pthread_join(thread, NULL);
	assert_int_equal(seen.policy, 3 /* SCHED_BATCH */);
	assert_int_equal(seen.niceness, NICENESS);
	look(&mine);
	assert_int_equal(mine.policy, before.policy);
	assert_int_equal(mine.niceness, before.niceness);
}

static void *be_prompt(void *arg)
{
	prompt_when_woken();
	return look(arg);
}

/* No other class, no better niceness: no privilege is needed for it. */
static void test_prompt(void **state)
{
	struct seen seen = {0}, before = {0};
	pthread_t thread;

	(void)state;
	look(&before);
	assert_int_equal(pthread_create(&thread, NULL, be_prompt, &seen), 0);
	pthread_join(thread, NULL);
	assert_int_equal(seen.policy, before.policy);
	assert_int_equal(seen.niceness, before.niceness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_prompt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
