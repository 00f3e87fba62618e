/* The environment of LMDB and its files: opened, closed, and still there? */
#include "store/db_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "store/page_walk.h"

/* Read transactions at once, of all processes together. */
enum { MAX_READERS = 1022 };

static const char *const table_names[DB_TABLES] = {
	[TABLE_META] = "meta",
	[TABLE_TALLY] = "tally",
	[TABLE_INTERN] = "intern",
	[TABLE_DAY] = "day",
	[TABLE_FEED] = "feed",
	[TABLE_OUTBOX] = "outbox",
	[TABLE_DESTINATION] = "destination",
	[TABLE_BODY] = "body",
	[TABLE_DUE] = "due",
	[TABLE_ARCHIVE] = "archive",
	[TABLE_SUPPRESS] = "suppress",
	[TABLE_RATE] = "rate",
	[TABLE_OWN_REPORT] = "own-report",
	[TABLE_LOG_STATE] = "log-state",
	[TABLE_LOG_PENDING] = "log-pending",
	[TABLE_POLICY] = "policy",
	[TABLE_WANTED] = "wanted",
	[TABLE_TOKEN] = "token",
	[TABLE_INBOUND] = "inbound",
	[TABLE_MAIL] = "mail",
	[TABLE_OWN_SEEN] = "own-seen",
	[TABLE_CHANGE] = "change",
	[TABLE_API_TOKEN] = "api-token",
	[TABLE_COUNTER] = "counter",
	[TABLE_DOUBT] = "doubt",
	[TABLE_TLS_OPTIONAL] = "tls-optional",
	[TABLE_FINDING] = "finding",
	[TABLE_TOLD] = "told",
	[TABLE_LOG_COMPLETING] = "log-completing",
	[TABLE_QUEUE] = "queue",
	[TABLE_HOST_DAY] = "host-day",
	[TABLE_HOST_COUNT] = "host-count",
	[TABLE_MERGED] = "merged",
	[TABLE_DOMAIN_INDEX] = "domain-index",
	[TABLE_UNTOLD] = "untold",
	[TABLE_DOMAIN_HISTORY] = "domain-history",
	[TABLE_JOURNAL] = "journal",
	[TABLE_OUTBOX_INDEX] = "outbox-index",
	[TABLE_RECEIVED] = "received",
	[TABLE_RECEIVED_SUM] = "received-sum",
	[TABLE_RECEIVED_SEEN] = "received-seen",
	[TABLE_SIGN_IN] = "sign-in",
	[TABLE_RECEIVED_EXPIRY] = "received-expiry",
	[TABLE_OWN_HOST] = "own-host",
	[TABLE_RECEIVED_RATE] = "received-rate",
};

const char *db_table_name(enum db_table table)
{
	return table_names[table];
}

/* What LMDB's codes mean to an operator, and what he can do. */
static const struct {
	int code;
	int class;
	const char *words;
} reasons[] = {
	{MDB_MAP_FULL, ERR_BUSY,
         "the store has reached [store] map_size: increase map_size (running "
         "daemons notice the change), or purge"},
	{ENOSPC, ERR_BUSY, "the disk is full"},
	{EDQUOT, ERR_BUSY, "the disk quota is used up"},
	{EFBIG, ERR_BUSY, "the file size limit is reached (ulimit -f)"},
	/* LMDB 0.9.24 makes EIO of a short write */
	{EIO, ERR_BUSY,
         "the disk is full or failing (LMDB reports an input/output error for "
         "both)"},
	{MDB_PANIC, ERR_BUSY,
         "a write failed halfway; the store will be reopened"},
	{MDB_MAP_RESIZED, ERR_BUSY, "another process enlarged the map"},
	{MDB_READERS_FULL, ERR_BUSY, "more than 1022 simultaneous readers"},
	{ENOMEM, ERR_BUSY,
         "not enough memory or address space (ulimit -v) for the map"},
	{MDB_TXN_FULL, ERR_IO, "the transaction is too large"},
	{MDB_VERSION_MISMATCH, ERR_IO,
         "data.mdb or lock.mdb was written by another version of LMDB"},
	{MDB_INVALID, ERR_IO, "data.mdb is not an LMDB file"},
	{MDB_CORRUPTED, ERR_IO, DB_DAMAGED},
	{MDB_PAGE_NOTFOUND, ERR_IO, DB_DAMAGED},
	{MDB_CURSOR_FULL, ERR_IO, DB_DAMAGED},
	{MDB_BAD_VALSIZE, ERR_IO, "a key is empty or longer than 511 bytes"},
	{MDB_INCOMPATIBLE, ERR_IO, "data.mdb has pages that nothing refers to"},
	{EACCES, ERR_IO,
         "permission denied: run this as the owner of the store"},
	{EPERM, ERR_IO,
         "permission denied: run this as the owner of the store"},
	{EROFS, ERR_IO, "the file system is read-only"},
};

int db_lmdb_error(const struct db *db, int rc, const char *what,
                  struct err *err)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == rc)
			return err_set(err, reasons[i].class,
			               "store %s: %s: %s", db->dir.path, what,
			               reasons[i].words);
	return err_set(err, ERR_IO, "store %s: %s: %s", db->dir.path, what,
	               mdb_strerror(rc));
}

int db_open_tables(struct db *db, bool create, struct err *err)
{
	unsigned flags = create ? 0 : MDB_RDONLY;
	unsigned table_flags = 0;
	MDB_txn *txn = NULL;
	int rc = LMDB(mdb_txn_begin(db->env, NULL, flags, &txn));

	for (int i = 0; rc == 0 && i < DB_TABLES; i++) {
		rc = LMDB(mdb_dbi_open(txn, table_names[i],
		                       create ? MDB_CREATE : 0, &db->dbis[i]));
		db->has_table[i] = rc == 0;
		/* ours have none: other ones mean another order of keys */
		if (rc == 0 &&
		    mdb_dbi_flags(txn, db->dbis[i], &table_flags) == 0 &&
		    table_flags != 0)
			rc = MDB_CORRUPTED;
		if (rc == MDB_NOTFOUND)
			rc = 0;
	}
	if (rc == 0) {
		rc = LMDB(mdb_txn_commit(txn));
		txn = NULL;
	}
	if (txn != NULL)
		mdb_txn_abort(txn);
	return rc == 0 ? 0 : db_lmdb_error(db, rc, "tables", err);
}

static const struct {
	const char *name;
	mode_t mode;
} files[] = {
	{"data.mdb", STORE_FILE_MODE},
	{"lock.mdb", STORE_LOCK_MODE},
};

/* The modes whatever the umask says; only the owner can. */
static int set_mode(const struct db *db, size_t i, struct err *err)
{
	auto_(xfree_str) char *path = store_dir_file(&db->dir, files[i].name);
	struct stat st;

	if (lstat(path, &st) != 0 || st.st_uid != geteuid() ||
	    (st.st_mode & 07777) == files[i].mode)
		return 0;
	if (chmod(path, files[i].mode) != 0)
		return err_errno(err, ERR_IO, "cannot change the mode of %s",
		                 path);
	return 0;
}

int db_damaged_file(const struct db *db, struct err *err)
{
	char what[200];

	snprintf(what, sizeof(what), "%.199s", err->text);
	return err_set(err, err->class, "store %s: %s: " DB_DAMAGED,
	               db->dir.path, what);
}

/* Before LMDB is let near it: heads that make sense, and the length that they
 * ask for. */
static int check_file(const struct db *db, struct err *err)
{
	auto_(xfree_str) char *path = store_dir_file(&db->dir, "data.mdb");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, ERR_IO, "%s", path);
	rc = page_walk_size(fd, err);
	close(fd);
	return rc == 0 ? 0 : db_damaged_file(db, err);
}

static void on_assert(MDB_env *env, const char *words)
{
	(void)env;
	db_fault_assert(words);
}

int db_open_env(struct db *db, struct err *err)
{
	unsigned flags = MDB_NOTLS | (db->options.read_only ? MDB_RDONLY : 0);
	int fd, dead;
	int rc = mdb_env_create(&db->env);

	if (rc == 0 && db->map_size > SIZE_MAX)
		rc = ENOMEM;
	if (rc == 0)
		rc = LMDB(mdb_env_set_mapsize(db->env, db->map_size));
	if (rc == 0)
		rc = mdb_env_set_assert(db->env, on_assert);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(db->env, DB_TABLES);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(db->env, MAX_READERS);
	if (rc == 0)
		rc = LMDB(mdb_env_open(db->env, db->dir.path, flags,
		                       STORE_FILE_MODE));
	/* 0.9.24 sets it on its other two descriptors itself */
	if (rc == 0)
		rc = mdb_env_get_fd(db->env, &fd);
	if (rc == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		rc = errno;
	if (rc == 0)
		db_fault_watch(db->dir.path, fd);
	if (rc == 0)
		rc = mdb_reader_check(db->env, &dead);
	return rc == 0 ? 0 : db_lmdb_error(db, rc, "open", err);
}

static int remember_files(struct db *db, struct err *err)
{
	for (size_t i = 0; i < 2; i++) {
		auto_(xfree_str) char *path =
			store_dir_file(&db->dir, files[i].name);

		if (stat(path, &db->files[i]) != 0)
			return err_errno(err, ERR_IO, "%s", path);
	}
	return 0;
}

int db_check_files(const struct db *db, struct err *err)
{
	for (size_t i = 0; i < 2; i++) {
		auto_(xfree_str) char *path =
			store_dir_file(&db->dir, files[i].name);
		struct stat now = {0};

		if (stat(path, &now) == 0 &&
		    now.st_dev == db->files[i].st_dev &&
		    now.st_ino == db->files[i].st_ino) {
			if (i == 0 || now.st_size >= db->files[i].st_size)
				continue;
			return err_set(err, ERR_IO,
			               "store %s: %s was cut while the store "
			               "was open",
			               db->dir.path, files[i].name);
		}
		return err_set(err, ERR_IO,
		               "store %s: %s was removed or replaced while the "
		               "store was open",
		               db->dir.path, files[i].name);
	}
	return 0;
}

void db_stop_env(struct db *db)
{
	if (db->env != NULL)
		mdb_env_close(db->env);
	db->env = NULL;
	db_fault_forget();
	memset(db->has_table, 0, sizeof(db->has_table));
}

int db_start_env(struct db *db, struct err *err)
{
	int rc = check_file(db, err);

	if (rc == 0)
		rc = db_open_env(db, err);
	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = set_mode(db, i, err);
	if (rc == 0)
		rc = remember_files(db, err);
	if (rc == 0)
		rc = db_open_tables(db, false, err);
	if (rc != 0)
		db_stop_env(db);
	return rc;
}

uint64_t db_store_id(const struct db *db)
{
	return db->ids.store_id;
}

uint64_t db_seed(const struct db *db)
{
	return db->ids.seed;
}

bool db_is_read_only(const struct db *db)
{
	return db->options.read_only;
}

int db_lock(struct db *db, bool exclusive, struct err *err)
{
	return store_dir_lock(&db->dir, exclusive || db->options.exclusive,
	                      err);
}
