#include "doctor/daemons.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_TEXT = 512, NAME_TEXT = 32 };

static const char *const programs[] = {"tlstallyd", "tlstally-logd",
                                       "tlstally-milter", "tlstally-policyd",
                                       "tlstally-httpd"};

/* comm has 15 bytes of the name. */
static const char *find_program(long pid)
{
	char path[64], comm[NAME_TEXT] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return NULL;
	if (fgets(comm, sizeof(comm), f) == NULL)
		comm[0] = '\0';
	fclose(f);
	comm[strcspn(comm, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (comm[0] != '\0' && strncmp(comm, programs[i], 15) == 0)
			return programs[i];
	return NULL;
}

/* 1: it was; 0: it was not; -1: not ours to look at. */
static int was_replaced(long pid)
{
	static const char deleted[] = " (deleted)";
	char link[64], path[PATH_TEXT];
	struct stat runs, installed;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%ld/exe", pid);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return -1;
	path[len] = '\0';
	if ((size_t)len > strlen(deleted) &&
	    strcmp(path + len - strlen(deleted), deleted) == 0)
		return 1;
	if (stat(link, &runs) < 0 || stat(path, &installed) < 0)
		return 0;
	return runs.st_dev != installed.st_dev ||
	       runs.st_ino != installed.st_ino;
}

/* The process that has a lock on that file; 0: the line is of another. */
static long holder_of(const char *line, ino_t inode)
{
	uintmax_t found;
	long pid;

	/* "7: FLOCK  ADVISORY  READ  4711 08:01:131090 0 EOF"; a "->" before
	 * the kind: who waits for it */
	if (sscanf(line, "%*d: FLOCK %*s %*s %ld %*x:%*x:%ju", &pid, &found) !=
	            2 ||
	    found != (uintmax_t)inode)
		return 0;
	return pid;
}

bool daemons_replaced(const char *store, struct strbuf *names)
{
	char path[PATH_TEXT], line[256];
	bool seen = true;
	struct stat st;
	FILE *locks;

	if (snprintf(path, sizeof(path), "%s/store.lock", store) >=
	            (int)sizeof(path) ||
	    stat(path, &st) < 0)
		return true;
	locks = fopen("/proc/locks", "re");
	if (locks == NULL)
		return false;
	while (fgets(line, sizeof(line), locks) != NULL) {
		long pid = holder_of(line, st.st_ino);
		const char *name = pid > 0 ? find_program(pid) : NULL;
		int replaced = name != NULL ? was_replaced(pid) : 0;

		seen &= replaced >= 0;
		if (replaced > 0)
			strbuf_printf(names, "%s\n", name);
	}
	fclose(locks);
	return seen;
}
