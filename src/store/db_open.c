/* A store: opened, upgraded, looked through, copied. */
#include "store/db_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "store/page_walk.h"

enum { WALK_TRIES = 10, WALKED_BYTES = 64 * 1024 * 1024 };

static bool all_tables(const struct db *db)
{
	for (int i = 0; i < DB_TABLES; i++)
		if (!db->has_table[i])
			return false;
	return true;
}

/* In a read transaction, so that others leave its pages as they are. */
static int walk_held(struct db *db, struct page_walk *walk, struct err *err)
{
	MDB_txn *txn;
	int rc = LMDB(mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn));

	if (rc == MDB_MAP_RESIZED) {
		rc = LMDB(mdb_env_set_mapsize(db->env, 0));
		if (rc == 0)
			rc = LMDB(
				mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn));
	}
	if (rc != 0)
		return db_lmdb_error(db, rc, "begin", err);
	walk->txn_id = mdb_txn_id(txn);
	rc = page_walk_all(walk, err);
	mdb_txn_abort(txn);
	return rc;
}

static void keep_first(void *arg, const char *table, const char *words)
{
	struct err *first = arg;

	if (first->class == 0)
		err_set(first, ERR_IO, "%s%s%s", table, *table ? ": " : "",
		        words);
}

/* Others that write all the time can keep it from coming to an end: they can,
 * so it passes. */
static int check_pages(struct db *db, struct err *err)
{
	struct err first = {0};
	struct page_walk walk = {.fault = keep_first, .arg = &first};
	int rc = mdb_env_get_fd(db->env, &walk.fd) == 0 ? ERR_BUSY : 0;

	for (int i = 0; i < WALK_TRIES && rc == ERR_BUSY; i++)
		rc = walk_held(db, &walk, err);
	if (rc == ERR_BUSY)
		return 0;
	if (rc == 0 && walk.faults > 0)
		rc = err_set(err, ERR_IO, "%s", first.text);
	return rc == 0 ? 0 : db_damaged_file(db, err);
}

/*
 * A newer store is refused before anything is written into it.  Whoever writes
 * through a damaged page damages more, and LMDB's own memory: so a writer looks
 * at all pages first, where that takes no time worth speaking of.
 */
static int bring_up(struct db *db, struct err *err)
{
	int rc = db_start_env(db, err);

	if (rc == 0 && !db->options.read_only &&
	    db->files[0].st_size <= WALKED_BYTES)
		rc = check_pages(db, err);
	if (rc == 0)
		rc = schema_check(db, &schema_plan, err);
	if (rc == 0 && !db->options.read_only && !all_tables(db))
		rc = db_open_tables(db, true, err);
	if (rc == 0)
		rc = schema_open(db, &schema_plan, &db->ids, err);
	return rc;
}

/* LMDB would make a data file where there is none, and we a lock file. */
static int data_file_is_there(const char *directory, struct err *err)
{
	auto_(xfree_str) char *path = xasprintf("%s/data.mdb", directory);

	if (access(path, F_OK) == 0)
		return 0;
	if (errno == ENOENT)
		return err_set(err, ERR_NOTFOUND, "there is no store in %s",
		               directory);
	return err_errno(err, ERR_IO, "cannot open %s", path);
}

static struct db *db_new(const struct db_options *options)
{
	struct db *db = xcalloc(1, sizeof(*db));

	db->options = *options;
	db->options.directory = NULL;
	db->map_size = options->map_size;
	db->pid = getpid();
	db->dir.lock = -1;
	db_door_init(db);
	return db;
}

static int open_directory(struct db *db, const struct db_options *options,
                          struct err *err)
{
	int rc = 0;

	if (!options->create)
		rc = data_file_is_there(options->directory, err);
	return rc == 0 ? store_dir_open(&db->dir, options->directory,
	                                options->create, options->exclusive,
	                                err)
	               : rc;
}

int db_open(struct db **out, const struct db_options *options, struct err *err)
{
	struct db *db = db_new(options);
	int rc = open_directory(db, options, err);

	if (rc == 0)
		rc = bring_up(db, err);
	if (rc != 0)
		db_close(&db);
	*out = db;
	return rc;
}

void db_close(struct db **db)
{
	if (*db == NULL)
		return;
	db_stop_env(*db);
	for (size_t i = 0; i < DB_MEMORIES; i++)
		if ((*db)->memories[i].data != NULL)
			(*db)->memories[i].free((*db)->memories[i].data);
	store_dir_close(&(*db)->dir);
	db_door_clear(*db);
	free(*db);
	*db = NULL;
}

static int walk_file(struct db *db, struct page_walk *walk, struct err *err)
{
	bool is_held =
		page_walk_size(walk->fd, err) == 0 && db_open_env(db, err) == 0;
	int rc = ERR_BUSY;

	/* LMDB is kept away from what it could not be trusted with */
	walk->txn_id = 0;
	if (!is_held) {
		walk->faults++;
		if (walk->fault != NULL)
			walk->fault(walk->arg, "", err->text);
		page_walk_all(walk, err);
		return 0;
	}
	for (int i = 0; i < WALK_TRIES && rc == ERR_BUSY; i++)
		rc = walk_held(db, walk, err);
	db_stop_env(db);
	return rc;
}

int db_walk_pages(const struct db_options *options, struct page_walk *walk,
                  struct err *err)
{
	struct db *db = db_new(options);
	int rc = open_directory(db, options, err);

	if (rc == 0) {
		auto_(xfree_str) char *path =
			store_dir_file(&db->dir, "data.mdb");

		walk->fd = open(path, O_RDONLY | O_CLOEXEC);
		rc = walk->fd < 0 ? err_errno(err, ERR_IO, "%s", path)
		                  : walk_file(db, walk, err);
		if (walk->fd >= 0)
			close(walk->fd);
	}
	db_close(&db);
	return rc;
}

int db_check_place(struct db *db, struct err *err)
{
	int rc = 0, fd;

	pthread_mutex_lock(&db->mutex);
	/* one that could not be opened again says so at the next begin */
	if (db->env != NULL)
		rc = db_check_files(db, err);
	if (rc == 0 && db->env != NULL && mdb_env_get_fd(db->env, &fd) == 0 &&
	    page_walk_size(fd, err) != 0)
		rc = db_damaged_file(db, err);
	pthread_mutex_unlock(&db->mutex);
	return rc;
}

void db_check_readers(struct db *db)
{
	int dead;

	if (db_enter(db, NULL) != 0)
		return;
	mdb_reader_check(db->env, &dead);
	db_leave(db);
}

/* The store is read through the map, so what the system refuses is writing.
 * LMDB 0.9.24 makes EIO of a short write. */
static int copy_pages(struct db *db, int fd, const char *name, struct err *err)
{
	int rc = LMDB(mdb_env_copyfd2(db->env, fd, MDB_CP_COMPACT));

	if (rc == MDB_MAP_RESIZED && db_mend(db, rc, err) == 0)
		rc = LMDB(mdb_env_copyfd2(db->env, fd, MDB_CP_COMPACT));
	if (rc > 0 && rc != ENOMEM)
		return err_set(err, ERR_IO, "cannot write %s: %s", name,
		               rc == EIO ? "the disk is full or failing"
		                         : strerror(rc));
	return rc == 0 ? 0 : db_lmdb_error(db, rc, "copy", err);
}

/* LMDB copies what it finds, and where a page says that it has more than it
 * can have, from beyond it to beyond its buffer. */
int db_copy(struct db *db, int fd, const char *name, struct err *err)
{
	int rc = db_enter(db, err);

	if (rc != 0)
		return rc;
	rc = check_pages(db, err);
	if (rc == 0)
		rc = copy_pages(db, fd, name, err);
	db_leave(db);
	return rc;
}
