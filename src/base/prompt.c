#include "base/prompt.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	SHORT_NS = 1000 * 1000,
	LONG_NS = 4 * 1000 * 1000,
	BATCH = 3, /* SCHED_BATCH; see the next */
};

/* sched_attr(2type): Debian 12's headers cannot be had beside <sched.h>. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* runtime: the slice */
};

void prompt_when_woken(void)
{
	struct attributes now = {.size = sizeof(now)};

	/* all of them are set at once: what is there stays */
	if (syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) < 0)
		return;
	now.runtime = SHORT_NS;
	(void)syscall(SYS_sched_setattr, 0, &now, 0);
}

void prompt_stand_back(int niceness)
{
	struct attributes now = {
		.size = sizeof(now),
		.policy = BATCH,
		.nice = niceness,
		.runtime = LONG_NS,
	};

	(void)syscall(SYS_sched_setattr, 0, &now, 0);
}
