#include "postfix/postfix_tlsrpt.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* It has some 300 KiB; statically linked some MiB. */
enum { PROGRAM_MAX = 256 * 1024 * 1024, PATH_TEXT = 4096 };

static bool has_text(const void *program, size_t len, const char *text)
{
	return memmem(program, len, text, strlen(text)) != NULL;
}

enum tlsrpt_support postfix_tlsrpt_of(const void *program, size_t len)
{
	if (!has_text(program, len, "smtp_tlsrpt_enable"))
		return TLSRPT_UNHEARD_OF;
	return has_text(program, len, "TLSRPT is not compiled in")
	               ? TLSRPT_LEFT_OUT
	               : TLSRPT_BUILT_IN;
}

static enum tlsrpt_support look_into(int fd)
{
	enum tlsrpt_support support;
	struct stat st;
	size_t len;
	void *map;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > PROGRAM_MAX)
		return TLSRPT_NOT_SEEN;
	len = (size_t)st.st_size;
	map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return TLSRPT_NOT_SEEN;
	support = postfix_tlsrpt_of(map, len);
	munmap(map, len);
	return support;
}

enum tlsrpt_support postfix_tlsrpt(const struct postconf *set)
{
	const char *directory = postconf_get(set, "daemon_directory");
	enum tlsrpt_support support;
	char path[PATH_TEXT];
	int fd;

	if (directory == NULL || snprintf(path, sizeof(path), "%s/smtp",
	                                  directory) >= (int)sizeof(path))
		return TLSRPT_NOT_SEEN;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return TLSRPT_NOT_SEEN;
	support = look_into(fd);
	close(fd);
	return support;
}
