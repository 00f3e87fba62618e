#include "store/db_fault.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

__thread volatile int db_fault_depth;

static const int signals[] = {SIGBUS, SIGSEGV, SIGABRT, SIGFPE};

enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static struct sigaction before[SIGNALS];
/* data.mdb and lock.mdb, as they are mapped. */
static struct map {
	atomic_uintptr_t start, end;
} data_map, lock_map;
static atomic_int end_status = EXIT_FAILURE;
/* Written before there is a map, read by handlers. */
static char place[512];

void db_fault_set_status(int status)
{
	atomic_store(&end_status, status);
}

/* Nothing here but what a signal handler may do. */
static void end_with(const char *what, const char *why)
	__attribute__((noreturn));

static void end_with(const char *what, const char *why)
{
	log_last_words(place, what, why);
	_exit(atomic_load(&end_status));
}

static const char is_damaged[] =
	"the store is damaged, or its disk fails: restore a backup (tlstally "
	"restore FILE); `tlstally check-store` lists what cannot be read";
/* LMDB makes it anew for who opens the store first. */
static const char lock_is_cut[] =
	"somebody who may write it has cut it; the data is not damaged: stop "
	"all that has the store open and start it again";

void db_fault_assert(const char *words)
{
	end_with(words, is_damaged);
}

static bool is_in_map(const struct map *map, const void *address)
{
	uintptr_t at = (uintptr_t)address;

	return at >= atomic_load(&map->start) && at < atomic_load(&map->end);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	bool is_fault = (sig == SIGBUS || sig == SIGSEGV) && info->si_code > 0;

	(void)context;
	if (is_fault && is_in_map(&data_map, info->si_addr))
		end_with("a page of data.mdb cannot be read", is_damaged);
	if (is_fault && is_in_map(&lock_map, info->si_addr))
		end_with("a page of lock.mdb cannot be read", lock_is_cut);
	/* abort() in LMDB: the C library found its heap destroyed */
	if (db_fault_depth > 0 && (info->si_code > 0 || sig == SIGABRT))
		end_with("LMDB cannot process data.mdb", is_damaged);
	/* As if we had never been: the instruction faults again, and who had
	 * the signal before gets it.  One that was sent does not come again by
	 * itself. */
	for (size_t i = 0; i < SIGNALS; i++)
		if (signals[i] == sig)
			sigaction(sig, &before[i], NULL);
	if (info->si_code <= 0)
		raise(sig);
}

static void install(void)
{
	struct sigaction action = {.sa_sigaction = on_signal,
	                           .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &action, &before[i]);
}

static bool is_file(const char *path, const char *wanted, unsigned long inode,
                    const struct stat *st)
{
	size_t len = strlen(wanted), path_len = strcspn(path, "\n");

	return inode == (unsigned long)st->st_ino ||
	       (path_len == len && memcmp(path, wanted, len) == 0);
}

/* From the first to the last mapping of the file: it is one to LMDB. */
static void find_map(const char *wanted, const struct stat *st, struct map *map)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t first = 0, last = 0;
	char line[4096];

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		uintptr_t from, to;
		unsigned long inode;
		int path = 0;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %lu %n",
		           &from, &to, &inode, &path) < 3 ||
		    path == 0 || !is_file(line + path, wanted, inode, st))
			continue;
		if (first == 0)
			first = from;
		last = to;
	}
	if (maps != NULL)
		fclose(maps);
	atomic_store(&map->start, first);
	atomic_store(&map->end, last);
}

void db_fault_watch(const char *directory, int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char wanted[4096] = "", *real;
	struct stat st = {0}, lock = {0};

	pthread_once(&once, install);
	snprintf(place, sizeof(place), "store %.490s", directory);
	real = realpath(directory, NULL);
	if (real != NULL)
		snprintf(wanted, sizeof(wanted), "%.4000s/data.mdb", real);
	if (fstat(fd, &st) == 0)
		find_map(wanted, &st, &data_map);
	if (real != NULL)
		snprintf(wanted, sizeof(wanted), "%.4000s/lock.mdb", real);
	if (stat(wanted, &lock) == 0)
		find_map(wanted, &lock, &lock_map);
	free(real);
}

void db_fault_forget(void)
{
	for (size_t i = 0; i < 2; i++) {
		struct map *map = i == 0 ? &data_map : &lock_map;

		atomic_store(&map->start, 0);
		atomic_store(&map->end, 0);
	}
}

bool db_fault_is_inside(const void *data, size_t len)
{
	return !is_in_map(&data_map, data) ||
	       len <= atomic_load(&data_map.end) - (uintptr_t)data;
}
