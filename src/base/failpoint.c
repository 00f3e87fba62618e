#include "base/failpoint.h"

#ifdef ENABLE_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_long hits;
static long fail_at;
static const char *count_file;

static void write_count(void)
{
	FILE *f = fopen(count_file, "w");

	if (f == NULL)
		return;
	fprintf(f, "%ld\n", atomic_load(&hits));
	fclose(f);
}

void failpoint_arm(void)
{
	const char *at = getenv("TLSTALLY_FAIL_AT");

	fail_at = at ? atol(at) : 0;
	atomic_store(&hits, 0);
	count_file = getenv("TLSTALLY_FAIL_COUNT");
	if (count_file != NULL)
		atexit(write_count);
}

void failpoint_hit(const char *name)
{
	if (atomic_fetch_add(&hits, 1) + 1 != fail_at)
		return;
	dprintf(2, "failpoint %ld: %s\n", fail_at, name);
	kill(getpid(), SIGKILL);
	pause();
}

#else

/* ISO C wants at least one declaration */
extern int failpoint_is_off;

#endif
