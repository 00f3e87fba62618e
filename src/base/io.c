#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/xalloc.h"

void io_hold_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null",
		         fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_FAILURE);
}

int io_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t done = write(fd, at, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

int io_read_all(int fd, struct strbuf *out)
{
	char piece[4096];
	ssize_t got;

	while ((got = read(fd, piece, sizeof(piece))) > 0 ||
	       (got < 0 && errno == EINTR))
		strbuf_add(out, piece, got > 0 ? (size_t)got : 0);
	return got < 0 ? -1 : 0;
}

int io_read_file(const char *path, struct strbuf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_errno(err, ERR_IO, "%s", path);
	rc = io_read_all(fd, out);
	if (rc < 0)
		err_errno(err, ERR_IO, "cannot read %s", path);
	close(fd);
	if (rc < 0)
		return err->class;
	return out->failed
	               ? err_set(err, ERR_LIMIT, "%s: longer than %zu bytes",
	                         path, out->cap)
	               : 0;
}

static int make_one(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) != 0)
		return errno == EEXIST
		               ? 0
		               : err_errno(err, ERR_IO,
		                           "cannot create the directory %s",
		                           path);
	/* whoever owns the directory above may have put a link in its place */
	if (fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) != 0)
		return err_errno(err, ERR_IO,
		                 "cannot set the mode of the directory %s",
		                 path);
	return 1;
}

int io_make_directories(const char *path, mode_t mode, struct err *err)
{
	auto_(xfree_str) char *copy = xstrdup(path);

	for (char *p = copy + 1; *p != '\0'; p++) {
		int rc;

		if (*p != '/')
			continue;
		*p = '\0';
		rc = make_one(copy, 0755, err);
		if (rc < 0)
			return rc;
		*p = '/';
	}
	return make_one(copy, mode, err);
}
