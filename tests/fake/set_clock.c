/*
 * set_clock - a wall clock that a test can set, for one process (LD_PRELOAD)
 *
 * SET_CLOCK names a file that holds seconds ("31536000"): the wall clock is
 * ahead by them, from when they stand there.  SET_CLOCK_SYNCHRONISED=1 makes
 * the kernel call it synchronised, 0 not.  SET_CLOCK_ASLEEP=1 is a host that
 * has slept for as long: its boot clock is ahead, too.  All other clocks stay.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static long long ahead(void)
{
	const char *path = getenv("SET_CLOCK");
	int errno_before = errno;
	char text[32] = "";
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		close(fd);
	}
	errno = errno_before;
	return strtoll(text, NULL, 10);
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] == '1';
}

static int real(clockid_t id, struct timespec *now)
{
	static int (*next)(clockid_t id, struct timespec * now);

	if (next == NULL)
		next = (int (*)(clockid_t, struct timespec *))dlsym(
			RTLD_NEXT, "clock_gettime");
	return next(id, now);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int rc = real(id, now);

	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ||
	                (id == CLOCK_BOOTTIME && is_set("SET_CLOCK_ASLEEP"))))
		now->tv_sec += ahead();
	return rc;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

int adjtimex(struct timex *state)
{
	state->status = is_set("SET_CLOCK_SYNCHRONISED") ? STA_PLL : STA_UNSYNC;
	return 0;
}
