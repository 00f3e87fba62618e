#include "base/failpoint.h"

#ifdef ENABLE_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long hits;
static long fail_at, fail_times;
static enum failpoint_full how; /* FAILPOINT_ROOM: by a kill */
static const char *count_file;

static void write_count(void)
{
	FILE *f = fopen(count_file, "w");

	if (f == NULL)
		return;
	fprintf(f, "%ld\n", atomic_load(&hits));
	fclose(f);
}

int64_t failpoint_number(const char *variable, int64_t usual)
{
	const char *text = getenv(variable);

	return text != NULL ? atoll(text) : usual;
}

void failpoint_arm(void)
{
	const char *word = getenv("TLSTALLY_FAIL_HOW");

	fail_at = failpoint_number("TLSTALLY_FAIL_AT", 0);
	fail_times = failpoint_number("TLSTALLY_FAIL_TIMES", 1);
	how = FAILPOINT_ROOM;
	if (word != NULL && strcmp(word, "disk") == 0)
		how = FAILPOINT_DISK_FULL;
	else if (word != NULL && strcmp(word, "map") == 0)
		how = FAILPOINT_MAP_FULL;
	atomic_store(&hits, 0);
	count_file = getenv("TLSTALLY_FAIL_COUNT");
	if (count_file != NULL)
		atexit(write_count);
}

void failpoint_hit(const char *name)
{
	if (how != FAILPOINT_ROOM || atomic_fetch_add(&hits, 1) + 1 != fail_at)
		return;
	dprintf(2, "failpoint %ld: %s\n", fail_at, name);
	kill(getpid(), SIGKILL);
	pause();
}

enum failpoint_full failpoint_full(void)
{
	long hit;

	if (how == FAILPOINT_ROOM || fail_at == 0)
		return FAILPOINT_ROOM;
	hit = atomic_fetch_add(&hits, 1) + 1;
	if (hit < fail_at || hit - fail_at >= fail_times)
		return FAILPOINT_ROOM;
	if (hit == fail_at)
		dprintf(2, "failpoint %ld: full\n", fail_at);
	return how;
}

#else

/* ISO C wants at least one declaration */
extern int failpoint_is_off;

#endif
