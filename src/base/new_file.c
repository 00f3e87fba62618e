#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/xalloc.h"

struct new_file {
	char *path;
	char *temp; /* NULL: it has its name */
	int fd;
	bool replace;
};

/* --- a signal that ends the process --- */

static const int ends[] = {SIGHUP, SIGINT, SIGTERM};
enum { ENDS = sizeof(ends) / sizeof(ends[0]) };

/* Of the one file that is being written; NULL: none. */
static const char *volatile unnamed;

static void on_end(int sig)
{
	if (unnamed != NULL)
		unlink(unnamed);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void block_ends(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ENDS; i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

/* From now on, or no longer, such a signal takes the file away first.  Who has
 * a handler of his own, or ignores it, goes on as before. */
static void watch_ends(const char *path)
{
	unnamed = path;
	for (size_t i = 0; i < ENDS; i++) {
		struct sigaction action;

		if (sigaction(ends[i], NULL, &action) == 0 &&
		    action.sa_handler == (path != NULL ? SIG_DFL : on_end))
			signal(ends[i], path != NULL ? on_end : SIG_DFL);
	}
}

static int exists_already(const char *path, struct err *err)
{
	return err_set(err, ERR_IO, "%s exists already", path);
}

/* May a file take this name?  What cannot be looked at is not called there. */
static int check_name(const struct new_file *file, struct err *err)
{
	struct stat st;

	if (lstat(file->path, &st) != 0)
		return errno == ENOENT
		               ? 0
		               : err_errno(err, ERR_IO, "cannot create %s",
		                           file->path);
	if (!S_ISREG(st.st_mode) && file->replace)
		return err_set(err, ERR_IO,
		               "%s is not a regular file, and is not replaced",
		               file->path);
	return file->replace ? 0 : exists_already(file->path, err);
}

int new_file_open(struct new_file **out, const char *path, mode_t mode,
                  bool replace, struct err *err)
{
	struct new_file *file = xcalloc(1, sizeof(*file));
	sigset_t mask;

	*out = file;
	file->path = xstrdup(path);
	file->replace = replace;
	file->fd = -1;
	if (check_name(file, err) != 0)
		return err->class;
	file->temp = xasprintf("%s.XXXXXX", path);
	block_ends(&mask);
	file->fd = mkostemp(file->temp, O_CLOEXEC);
	if (file->fd >= 0)
		watch_ends(file->temp);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (file->fd < 0) {
		err_errno(err, ERR_IO, "cannot create %s", path);
		xfree_str(&file->temp);
		return err->class;
	}
	if (fchmod(file->fd, mode) != 0)
		return err_errno(err, ERR_IO, "cannot set the mode of %s",
		                 file->temp);
	return 0;
}

int new_file_fd(const struct new_file *file)
{
	return file->fd;
}

/* Never over a file that came meanwhile, where the file system knows how. */
static int take_name(const struct new_file *file, struct err *err)
{
	const char *from = file->temp, *to = file->path;

	if (!file->replace) {
		if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) ==
		    0)
			return 0;
		if (errno == EEXIST)
			return exists_already(to, err);
		if (errno != EINVAL && errno != ENOSYS)
			return err_errno(err, ERR_IO, "cannot rename %s to %s",
			                 from, to);
	}
	if (check_name(file, err) != 0)
		return err->class;
	if (rename(from, to) == 0)
		return 0;
	return err_errno(err, ERR_IO, "cannot rename %s to %s", from, to);
}

int new_file_sync_directory(const char *path, struct err *err)
{
	auto_(xfree_str) char *copy = xstrdup(path);
	char *slash = strrchr(copy, '/');
	int fd, rc = 0;

	if (slash != NULL)
		slash[slash == copy] = '\0';
	fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		rc = err_errno(err, ERR_IO, "cannot sync the directory of %s",
		               path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int new_file_commit(struct new_file *file, struct err *err)
{
	sigset_t mask;
	int rc;

	if (fsync(file->fd) != 0)
		return err_errno(err, ERR_IO, "cannot write %s", file->temp);
	block_ends(&mask);
	rc = take_name(file, err);
	if (rc == 0) {
		watch_ends(NULL);
		xfree_str(&file->temp);
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return rc != 0 ? rc : new_file_sync_directory(file->path, err);
}

void new_file_drop(struct new_file **file)
{
	if (*file == NULL)
		return;
	if ((*file)->fd >= 0)
		close((*file)->fd);
	if ((*file)->temp != NULL) {
		unlink((*file)->temp);
		watch_ends(NULL);
	}
	free((*file)->temp);
	free((*file)->path);
	free(*file);
	*file = NULL;
}
