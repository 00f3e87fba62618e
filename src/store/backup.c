/* db_restore() and db_try_backup() of store/db.h: LMDB itself stays in db.c. */
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
#include <unistd.h>

#include "base/auto.h"
#include "base/child.h"
#include "base/io.h"
#include "base/new_file.h"
#include "base/xalloc.h"
#include "store/page_walk.h"
#include "store/store_dir.h"

enum { COPY_BYTES = 1 << 16 };

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

struct trial_of_copy {
	const char *directory;
	uint64_t map_size;
};

static int read_in_child(void *arg, struct err *err)
{
	const struct trial_of_copy *trial = arg;

	die_quietly();
	return read_all(trial->directory, trial->map_size, err);
}

/*
 * Reads the copy in a child: a damaged file can end the process that maps it
 * (SIGBUS past a cut end, an assertion of LMDB), and that is an answer too.
 * The child opens it where it lies, in a directory of its own, so that no
 * process has two environments.
 */
static int check_copy(const char *directory, uint64_t map_size, struct err *err)
{
	struct trial_of_copy trial = {directory, map_size};
	int rc = child_run(read_in_child, &trial, err);

	return rc == ERR_UNCERTAIN ? err_set(err, ERR_IO, "the file is damaged")
	                           : rc;
}

static int copy_bytes(const struct db_backup *from, int out, const char *to,
                      struct err *err)
{
	auto_(xfree_str) char *bytes = xmalloc(COPY_BYTES);
	ssize_t got;

	while ((got = read(from->fd, bytes, COPY_BYTES)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_IO, "cannot read %s",
			                 from->name);
		if (io_write_all(out, bytes, (size_t)got) != 0)
			return err_errno(err, ERR_IO, "cannot write %s", to);
	}
	return fsync(out) == 0 ? 0
	                       : err_errno(err, ERR_IO, "cannot write %s", to);
}

static int copy_file(const struct db_backup *from, const char *to,
                     struct err *err)
{
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	               STORE_FILE_MODE);
	int rc;

	if (out < 0)
		return err_errno(err, ERR_IO, "cannot create %s", to);
	rc = fchmod(out, STORE_FILE_MODE) == 0
	             ? copy_bytes(from, out, to, err)
	             : err_errno(err, ERR_IO, "cannot set the mode of %s", to);
	close(out);
	return rc;
}

/*
 * The old file keeps a second name, then the new one takes its place in one
 * step: killed at any moment, there is a whole data.mdb.
 */
static int keep_before(const char *data, const char *before, struct err *err)
{
	int rc = link(data, before);

	if (rc != 0 && errno == EEXIST && unlink(before) == 0)
		rc = link(data, before);
	if (rc == 0)
		return 1;
	return errno == ENOENT ? 0
	                       : err_errno(err, ERR_IO, "cannot keep %s as %s",
	                                   data, before);
}

static int swap_in(const struct store_dir *dir, const struct store_dir *trial,
                   struct err *err)
{
	auto_(xfree_str) char *copy = store_dir_file(trial, "data.mdb");
	auto_(xfree_str) char *copy_lock = store_dir_file(trial, "lock.mdb");
	auto_(xfree_str) char *data = store_dir_file(dir, "data.mdb");
	auto_(xfree_str) char *before = store_dir_file(dir, "data.mdb.before");
	auto_(xfree_str) char *lock = store_dir_file(dir, "lock.mdb");
	int kept = keep_before(data, before, err);

	if (kept < 0)
		return kept;
	/* nobody has the store open: nobody holds a lock in it.  The group
	 * may not make a new one, so the trial's stays. */
	if (rename(copy_lock, lock) != 0)
		return err_errno(err, ERR_IO, "cannot rename %s to %s",
		                 copy_lock, lock);
	if (rename(copy, data) != 0)
		return err_errno(err, ERR_IO, "cannot rename %s to %s", copy,
		                 data);
	return new_file_sync_directory(data, err) < 0 ? err->class : kept;
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
                      const struct db_backup *backup, struct err *err)
{
	auto_(xfree_str) char *copy = NULL;

	*trial = (struct store_dir){
		.path = xasprintf("%s/restore.XXXXXX", directory), .lock = -1};
	if (mkdtemp(trial->path) == NULL)
		return err_errno(err, ERR_IO, "cannot create a directory in %s",
		                 directory);
	copy = store_dir_file(trial, "data.mdb");
	return copy_file(backup, copy, err);
}

int db_try_backup(const char *directory, const struct db_backup *backup,
                  int (*look)(void *arg, const char *trial, struct err *err),
                  void *arg, struct err *err)
{
	struct store_dir trial;
	int rc = make_trial(&trial, directory, backup, err);

	if (rc == 0)
		rc = look(arg, trial.path, err);
	remove_trial(&trial);
	free(trial.path);
	return rc;
}

struct restoring {
	const struct store_dir *dir;
	uint64_t map_size;
	const char *name;
};

static int check_and_swap(void *arg, const char *directory, struct err *err)
{
	const struct restoring *restoring = arg;
	auto_(xfree_str) char *path = xstrdup(directory);
	const struct store_dir trial = {.path = path, .lock = -1};

	if (check_copy(directory, restoring->map_size, err) != 0)
		return err_prefix(err, "%s is not restored", restoring->name);
	return swap_in(restoring->dir, &trial, err);
}

int db_restore(const struct db_options *options, const struct db_backup *backup,
               struct err *err)
{
	struct restoring restoring;
	struct store_dir dir;
	int rc = store_dir_open(&dir, options->directory, options->create, true,
	                        err);

	if (rc != 0)
		return rc;
	restoring = (struct restoring){&dir, options->map_size, backup->name};
	rc = db_try_backup(dir.path, backup, check_and_swap, &restoring, err);
	store_dir_close(&dir);
	return rc;
}
