/* db_backup() and db_restore() of store/db.h: LMDB itself stays in db.c. */
#include "store/change_table.h"
#include "store/db.h"
#include "store/keys.h"
#include "store/meta_table.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "store/page_walk.h"
#include "store/store_dir.h"

enum { BACKUP_MODE = 0640, COPY_BYTES = 1 << 16 };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A rename is on disk when its directory is. */
static int sync_directory_of(const char *path, struct err *err)
{
	auto_(xfree_str) char *copy = xstrdup(path);
	char *slash = strrchr(copy, '/');
	auto_(close_fd) int fd = -1;

	if (slash != NULL)
		slash[slash == copy] = '\0';
	fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return err_errno(err, ERR_IO, "cannot sync the directory of %s",
		                 path);
	return 0;
}

static int must_not_exist(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) != 0 && errno == ENOENT)
		return 0;
	return err_set(err, ERR_IO, "%s exists already", path);
}

/* Never over a file that came meanwhile, where the file system knows how. */
static int rename_new(const char *from, const char *to, struct err *err)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS) {
		int rc = must_not_exist(to, err);

		if (rc != 0)
			return rc;
		if (rename(from, to) == 0)
			return 0;
	}
	return err_errno(err, ERR_IO, "cannot rename %s to %s", from, to);
}

static int write_backup(struct db *db, const char *temp, int fd,
                        struct err *err)
{
	int rc;

	if (fchmod(fd, BACKUP_MODE) != 0)
		return err_errno(err, ERR_IO, "cannot change the mode of %s",
		                 temp);
	rc = db_copy(db, fd, err);
	if (rc != 0)
		return err_prefix(err, "%s", temp);
	if (fsync(fd) != 0)
		return err_errno(err, ERR_IO, "cannot sync %s", temp);
	return 0;
}

int db_backup(struct db *db, const char *path, struct err *err)
{
	auto_(xfree_str) char *temp = xasprintf("%s.XXXXXX", path);
	auto_(close_fd) int fd = -1;
	int rc = must_not_exist(path, err);

	if (rc != 0)
		return rc;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, ERR_IO, "cannot create %s", temp);
	rc = write_backup(db, temp, fd, err);
	if (rc == 0)
		rc = rename_new(temp, path, err);
	if (rc != 0) {
		unlink(temp);
		return rc;
	}
	return sync_directory_of(path, err);
}

/* A table's rows read to the last: what LMDB cannot follow ends here. */
static void read_table(struct db_txn *txn, enum db_table table)
{
	struct db_key all = key_of(table);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);

	while (db_rows_next(&rows))
		if (rows.row.value.len > 0) {
			const volatile char *bytes = rows.row.value.data;

			(void)bytes[rows.row.value.len - 1];
		}
}

/* Its first words are enough. */
static void keep_fault(void *arg, const char *table, const char *words)
{
	struct err *first = arg;

	if (first->class == 0)
		err_set(first, ERR_IO, "the file is damaged: %s%s%s", table,
		        *table ? ": " : "", words);
}

static int read_all(const char *directory, uint64_t map_size, struct err *err)
{
	auto_(db_close) struct db *db = NULL;
	auto_(db_abort) struct db_txn *txn = NULL;
	struct db_options options = {.directory = directory,
	                             .map_size = map_size,
	                             .exclusive = true};
	struct err first = {0};
	struct page_walk walk = {.fault = keep_fault, .arg = &first};
	int rc = db_walk_pages(&options, &walk, err);

	if (rc == 0 && walk.faults > 0)
		rc = err_set(err, ERR_IO, "%s", first.text);
	if (rc == 0)
		rc = db_open(&db, &options, err);
	if (rc != 0)
		return rc;
	txn = db_begin_read(db);
	for (int i = 0; i < DB_TABLES; i++)
		read_table(txn, i);
	rc = db_commit(&txn, err);
	if (rc != 0)
		return rc;
	/* what clients saw since the backup must not be taken for known */
	txn = db_begin_write(db);
	change_epoch_renew(txn);
	/* it may be from another host, or long ago */
	meta_clock_forget(txn);
	return db_commit(&txn, err);
}

/* In the child: what a damaged file does to it ends it, quietly. */
static void die_quietly(void)
{
	static const int signals[] = {SIGBUS, SIGSEGV, SIGABRT, SIGFPE};
	struct rlimit no_core = {0, 0};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
}

/*
 * Reads the copy in a child: a damaged file can end the process that maps it
 * (SIGBUS past a cut end, an assertion of LMDB), and that is an answer too.
 * The child opens it where it lies, in a directory of its own, so that no
 * process has two environments.
 */
static int check_copy(const char *directory, uint64_t map_size, struct err *err)
{
	struct err said = {0};
	int pipes[2], status = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, "pipe");
	pid = fork();
	if (pid == 0) {
		die_quietly();
		read_all(directory, map_size, &said);
		if (write(pipes[1], &said, sizeof(said)) !=
		    (ssize_t)sizeof(said))
			_exit(1);
		_exit(0);
	}
	close(pipes[1]);
	got = pid < 0 ? -1 : read(pipes[0], &said, sizeof(said));
	close(pipes[0]);
	if (pid < 0)
		return err_errno(err, ERR_IO, "fork");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (got != (ssize_t)sizeof(said) || status != 0)
		return err_set(err, ERR_IO, "the file is damaged");
	return said.class == 0 ? 0 : err_set(err, said.class, "%s", said.text);
}

static int copy_bytes(int from, int to)
{
	auto_(xfree_str) char *bytes = xmalloc(COPY_BYTES);
	ssize_t got;

	while ((got = read(from, bytes, COPY_BYTES)) > 0)
		for (ssize_t at = 0, put; at < got; at += put) {
			put = write(to, bytes + at, (size_t)(got - at));
			if (put < 0)
				return -1;
		}
	return got < 0 ? -1 : 0;
}

static int copy_file(const char *from, const char *to, struct err *err)
{
	auto_(close_fd) int in = open(from, O_RDONLY | O_CLOEXEC);
	auto_(close_fd) int out = -1;

	if (in < 0)
		return err_errno(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		                 "cannot open %s", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	           STORE_FILE_MODE);
	if (out < 0)
		return err_errno(err, ERR_IO, "cannot create %s", to);
	if (fchmod(out, STORE_FILE_MODE) != 0 || copy_bytes(in, out) != 0 ||
	    fsync(out) != 0)
		return err_errno(err, ERR_IO, "cannot copy %s to %s", from, to);
	return 0;
}

/*
 * The old file keeps a second name, then the new one takes its place in one
 * step: killed at any moment, there is a whole data.mdb.
 */
static int swap_in(const struct store_dir *dir, const char *copy,
                   struct err *err)
{
	auto_(xfree_str) char *data = store_dir_file(dir, "data.mdb");
	auto_(xfree_str) char *before = store_dir_file(dir, "data.mdb.before");
	auto_(xfree_str) char *lock = store_dir_file(dir, "lock.mdb");

	if (access(data, F_OK) == 0) {
		if (unlink(before) != 0 && errno != ENOENT)
			return err_errno(err, ERR_IO, "cannot remove %s",
			                 before);
		if (link(data, before) != 0)
			return err_errno(err, ERR_IO, "cannot rename %s to %s",
			                 data, before);
	}
	/* nobody has the store open: nobody holds a lock in it */
	if (unlink(lock) != 0 && errno != ENOENT)
		return err_errno(err, ERR_IO, "cannot remove %s", lock);
	if (rename(copy, data) != 0)
		return err_errno(err, ERR_IO, "cannot rename %s to %s", copy,
		                 data);
	return sync_directory_of(data, err);
}

static void remove_trial(const struct store_dir *trial)
{
	static const char *const names[] = {"data.mdb", "lock.mdb",
	                                    "store.lock"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		auto_(xfree_str) char *path = store_dir_file(trial, names[i]);

		unlink(path);
	}
	rmdir(trial->path);
}

static int make_trial(struct store_dir *trial, const char *directory,
                      const char *path, struct err *err)
{
	auto_(xfree_str) char *copy = NULL;

	*trial = (struct store_dir){
		.path = xasprintf("%s/restore.XXXXXX", directory), .lock = -1};
	if (mkdtemp(trial->path) == NULL)
		return err_errno(err, ERR_IO, "cannot create %s", trial->path);
	copy = store_dir_file(trial, "data.mdb");
	return copy_file(path, copy, err);
}

int db_try_backup(const char *directory, const char *path,
                  int (*look)(void *arg, const char *trial, struct err *err),
                  void *arg, struct err *err)
{
	struct store_dir trial;
	int rc = make_trial(&trial, directory, path, err);

	if (rc == 0)
		rc = look(arg, trial.path, err);
	remove_trial(&trial);
	free(trial.path);
	return rc;
}

struct restoring {
	const struct store_dir *dir;
	uint64_t map_size;
	const char *path;
};

static int check_and_swap(void *arg, const char *trial, struct err *err)
{
	const struct restoring *restoring = arg;
	auto_(xfree_str) char *copy = xasprintf("%s/data.mdb", trial);

	if (check_copy(trial, restoring->map_size, err) != 0)
		return err_prefix(err, "%s is not restored", restoring->path);
	return swap_in(restoring->dir, copy, err);
}

int db_restore(const struct db_options *options, const char *path,
               struct err *err)
{
	struct restoring restoring;
	struct store_dir dir;
	int rc = store_dir_open(&dir, options->directory, options->create, true,
	                        err);

	if (rc != 0)
		return rc;
	restoring = (struct restoring){&dir, options->map_size, path};
	rc = db_try_backup(dir.path, path, check_and_swap, &restoring, err);
	store_dir_close(&dir);
	return rc;
}
