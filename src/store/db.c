#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "base/auto.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/keys.h"
#include "store/schema.h"
#include "store/store_dir.h"

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
};

struct db {
	struct db_options options; /* but the directory: see dir */
	struct store_dir dir;
	struct schema_ids ids;
	pid_t pid;

	pthread_mutex_t mutex; /* for what follows */
	unsigned open_txns;    /* of this process */
	MDB_env *env;          /* replaced only while open_txns is 0 */
	MDB_dbi dbis[DB_TABLES];
	bool has_table[DB_TABLES];
};

struct db_cursor {
	struct db_txn *txn;
	struct db_cursor *next; /* of the transaction */
	enum db_table table;
	MDB_cursor *cursor; /* NULL: the transaction ended, or failed */
	MDB_val key, value;
};

struct db_txn {
	struct db *db;
	MDB_txn *txn; /* NULL: could not begin */
	bool write;
	bool entered;
	size_t written;
	struct err failure;
	struct db_cursor *cursors;
	/* A writer's own place in each table: the next row is mostly near. */
	MDB_cursor *places[DB_TABLES];
};

/* What LMDB's codes mean to an operator, and what he can do. */
static const struct {
	int code;
	int class;
	const char *words;
} reasons[] = {
	{MDB_MAP_FULL, ERR_BUSY,
         "the store is as large as [store] map_size allows: raise it, or "
         "purge"},
	{ENOSPC, ERR_BUSY, "the disk is full"},
	{EDQUOT, ERR_BUSY, "the disk quota is used up"},
	{EFBIG, ERR_BUSY, "the file may not grow further (ulimit -f)"},
	/* LMDB 0.9.24 makes EIO of a short write */
	{EIO, ERR_BUSY,
         "the disk is full or failing (LMDB says input/output error for both)"},
	{MDB_PANIC, ERR_BUSY,
         "a write failed half-way; the store will be opened anew"},
	{MDB_MAP_RESIZED, ERR_BUSY, "another process made the map larger"},
	{MDB_READERS_FULL, ERR_BUSY, "more than 1022 readers at once"},
	{ENOMEM, ERR_BUSY,
         "not enough memory or address space (ulimit -v) for the map"},
	{MDB_TXN_FULL, ERR_IO, "too much in one transaction"},
	{MDB_VERSION_MISMATCH, ERR_IO,
         "data.mdb or lock.mdb was written by another version of LMDB"},
	{MDB_INVALID, ERR_IO, "data.mdb is no LMDB file"},
	{MDB_CORRUPTED, ERR_IO, "data.mdb is damaged: restore a backup"},
	{MDB_PAGE_NOTFOUND, ERR_IO, "data.mdb is damaged: restore a backup"},
	{MDB_BAD_VALSIZE, ERR_IO, "a key is empty or longer than 511 bytes"},
	{MDB_INCOMPATIBLE, ERR_IO, "data.mdb has pages that nothing refers to"},
	{EACCES, ERR_IO, "no right to it: run as the user that owns the store"},
	{EPERM, ERR_IO, "no right to it: run as the user that owns the store"},
	{EROFS, ERR_IO, "the file system is read-only"},
};

static int fail_rc(const struct db *db, int rc, const char *what,
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

/* Tables: opened all at once, in one transaction. */
static int open_tables(struct db *db, bool create, struct err *err)
{
	unsigned flags = db->options.read_only ? MDB_RDONLY : 0;
	MDB_txn *txn = NULL;
	int rc;

	if (!create)
		flags = MDB_RDONLY;
	rc = mdb_txn_begin(db->env, NULL, flags, &txn);
	for (int i = 0; rc == 0 && i < DB_TABLES; i++) {
		rc = mdb_dbi_open(txn, table_names[i], create ? MDB_CREATE : 0,
		                  &db->dbis[i]);
		db->has_table[i] = rc == 0;
		if (rc == MDB_NOTFOUND)
			rc = 0;
	}
	if (rc == 0) {
		rc = mdb_txn_commit(txn);
		txn = NULL;
	}
	if (txn != NULL)
		mdb_txn_abort(txn);
	return rc == 0 ? 0 : fail_rc(db, rc, "tables", err);
}

/* The modes whatever the umask says; only the owner can. */
static int set_mode(const struct db *db, const char *name, struct err *err)
{
	auto_(xfree_str) char *path = store_dir_file(&db->dir, name);
	struct stat st;

	if (lstat(path, &st) != 0 || st.st_uid != geteuid() ||
	    (st.st_mode & 07777) == STORE_FILE_MODE)
		return 0;
	if (chmod(path, STORE_FILE_MODE) != 0)
		return err_errno(err, ERR_IO, "chmod %s", path);
	return 0;
}

static int set_modes(const struct db *db, struct err *err)
{
	int rc;

	if (db->options.read_only)
		return 0;
	rc = set_mode(db, "data.mdb", err);
	return rc != 0 ? rc : set_mode(db, "lock.mdb", err);
}

static int start_env(struct db *db, struct err *err)
{
	unsigned flags = MDB_NOTLS | (db->options.read_only ? MDB_RDONLY : 0);
	int fd, dead;
	int rc = mdb_env_create(&db->env);

	if (rc == 0 && db->options.map_size > SIZE_MAX)
		rc = ENOMEM;
	if (rc == 0)
		rc = mdb_env_set_mapsize(db->env, db->options.map_size);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(db->env, DB_TABLES);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(db->env, MAX_READERS);
	if (rc == 0)
		rc = mdb_env_open(db->env, db->dir.path, flags,
		                  STORE_FILE_MODE);
	/* 0.9.24 sets it on its other two descriptors itself */
	if (rc == 0)
		rc = mdb_env_get_fd(db->env, &fd);
	if (rc == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		rc = errno;
	if (rc == 0)
		rc = mdb_reader_check(db->env, &dead);
	return rc == 0 ? 0 : fail_rc(db, rc, "open", err);
}

static void stop_env(struct db *db)
{
	if (db->env != NULL)
		mdb_env_close(db->env);
	db->env = NULL;
	memset(db->has_table, 0, sizeof(db->has_table));
}

static int start(struct db *db, struct err *err)
{
	int rc = start_env(db, err);

	if (rc == 0)
		rc = set_modes(db, err);
	if (rc == 0)
		rc = open_tables(db, false, err);
	if (rc != 0)
		stop_env(db);
	return rc;
}

static bool all_tables(const struct db *db)
{
	for (int i = 0; i < DB_TABLES; i++)
		if (!db->has_table[i])
			return false;
	return true;
}

/* A newer store is refused before anything is written into it. */
static int bring_up(struct db *db, struct err *err)
{
	int rc = start(db, err);

	if (rc == 0)
		rc = schema_check(db, &schema_plan, err);
	if (rc == 0 && !db->options.read_only && !all_tables(db))
		rc = open_tables(db, true, err);
	if (rc == 0)
		rc = schema_open(db, &schema_plan, &db->ids, err);
	return rc;
}

/* LMDB would make a data file where there is none. */
static int data_file_is_there(const struct db *db, struct err *err)
{
	auto_(xfree_str) char *path = store_dir_file(&db->dir, "data.mdb");

	if (access(path, F_OK) == 0)
		return 0;
	return err_errno(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
	                 "no store in %s", db->dir.path);
}

int db_open(struct db **out, const struct db_options *options, struct err *err)
{
	struct db *db = xcalloc(1, sizeof(*db));
	int rc;

	*out = NULL;
	db->options = *options;
	db->options.directory = NULL;
	db->pid = getpid();
	db->dir.lock = -1;
	pthread_mutex_init(&db->mutex, NULL);
	rc = store_dir_open(&db->dir, options->directory, options->create,
	                    options->exclusive, err);
	if (rc == 0 && !options->create)
		rc = data_file_is_there(db, err);
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
	stop_env(*db);
	store_dir_close(&(*db)->dir);
	pthread_mutex_destroy(&(*db)->mutex);
	free(*db);
	*db = NULL;
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

/*
 * Between enter() and leave() the environment stays: whoever finds it dead
 * (MDB_PANIC) or too small replaces it only when nobody else is in.
 */
static int enter(struct db *db, struct err *err)
{
	int rc = 0;

	if (db->pid != getpid())
		return err_set(err, ERR_IO,
		               "store %s: opened before a fork, used after it",
		               db->dir.path);
	pthread_mutex_lock(&db->mutex);
	if (db->env == NULL)
		rc = start(db, err);
	if (rc == 0)
		db->open_txns++;
	pthread_mutex_unlock(&db->mutex);
	return rc;
}

static void leave(struct db *db)
{
	pthread_mutex_lock(&db->mutex);
	db->open_txns--;
	pthread_mutex_unlock(&db->mutex);
}

/* After a begin that failed with rc: 0 when it is worth another try. */
static int mend(struct db *db, int rc, struct err *err)
{
	pthread_mutex_lock(&db->mutex);
	if (db->open_txns > 1) {
		rc = fail_rc(db, rc, "begin", err);
	} else if (rc == MDB_MAP_RESIZED) {
		rc = mdb_env_set_mapsize(db->env, 0);
		if (rc != 0)
			rc = fail_rc(db, rc, "map", err);
	} else {
		stop_env(db);
		rc = start(db, err);
	}
	pthread_mutex_unlock(&db->mutex);
	return rc;
}

void db_check_readers(struct db *db)
{
	int dead;

	if (enter(db, NULL) != 0)
		return;
	mdb_reader_check(db->env, &dead);
	leave(db);
}

static int begin_lmdb(struct db_txn *txn)
{
	unsigned flags = txn->write ? 0 : MDB_RDONLY;
	int rc = mdb_txn_begin(txn->db->env, NULL, flags, &txn->txn);

	if (rc == MDB_PANIC || rc == MDB_MAP_RESIZED) {
		if (mend(txn->db, rc, &txn->failure) != 0)
			return txn->failure.class;
		rc = mdb_txn_begin(txn->db->env, NULL, flags, &txn->txn);
	}
	if (rc != 0)
		return fail_rc(txn->db, rc, "begin", &txn->failure);
	return 0;
}

static struct db_txn *begin(struct db *db, bool write)
{
	struct db_txn *txn = xcalloc(1, sizeof(*txn));

	txn->db = db;
	txn->write = write;
	if (write && db->options.read_only)
		db_fail(txn, ERR_IO, "store %s: it is open for reading only",
		        db->dir.path);
	else
		txn->entered = enter(db, &txn->failure) == 0;
	if (txn->entered && begin_lmdb(txn) != 0)
		txn->txn = NULL;
	return txn;
}

struct db_txn *db_begin_read(struct db *db)
{
	return begin(db, false);
}

struct db_txn *db_begin_write(struct db *db)
{
	return begin(db, true);
}

static void drop_cursors(struct db_txn *txn)
{
	for (struct db_cursor *c = txn->cursors; c != NULL; c = c->next) {
		if (c->cursor != NULL)
			mdb_cursor_close(c->cursor);
		c->cursor = NULL;
		c->txn = NULL;
	}
	txn->cursors = NULL;
	for (int i = 0; i < DB_TABLES; i++) {
		if (txn->places[i] != NULL)
			mdb_cursor_close(txn->places[i]);
		txn->places[i] = NULL;
	}
}

static void end(struct db_txn **txn)
{
	drop_cursors(*txn);
	if ((*txn)->txn != NULL)
		mdb_txn_abort((*txn)->txn);
	if ((*txn)->entered)
		leave((*txn)->db);
	free(*txn);
	*txn = NULL;
}

static void commit_lmdb(struct db_txn *txn)
{
	int rc;

	drop_cursors(txn);
	failpoint_hit("commit");
	rc = mdb_txn_commit(txn->txn);
	txn->txn = NULL;
	if (rc != 0)
		fail_rc(txn->db, rc, "commit", &txn->failure);
	else
		failpoint_hit("committed");
}

int db_commit(struct db_txn **txn, struct err *err)
{
	int rc;

	if ((*txn)->write && !db_failed(*txn))
		commit_lmdb(*txn);
	rc = db_failure(*txn, err);
	end(txn);
	return rc;
}

void db_abort(struct db_txn **txn)
{
	if (*txn != NULL)
		end(txn);
}

void db_fail(struct db_txn *txn, int class, const char *fmt, ...)
{
	va_list ap;

	if (db_failed(txn))
		return;
	va_start(ap, fmt);
	err_vset(&txn->failure, class, fmt, ap);
	va_end(ap);
}

bool db_failed(const struct db_txn *txn)
{
	return txn->failure.class != 0;
}

int db_failure(const struct db_txn *txn, struct err *err)
{
	if (db_failed(txn) && err != NULL)
		*err = txn->failure;
	return txn->failure.class;
}

void db_damaged(struct db_txn *txn, enum db_table table, const void *key,
                size_t key_len)
{
	char text[300];

	db_fail(txn, ERR_IO,
	        "store %s: table %s: the row of key '%s' is damaged",
	        txn->db->dir.path, table_names[table],
	        log_escape(text, sizeof(text), key, key_len));
}

const struct db *db_of(const struct db_txn *txn)
{
	return txn->db;
}

/* Keeps what LMDB said as the transaction's failure; "not there" is none. */
static bool check(struct db_txn *txn, enum db_table table, int rc)
{
	char what[32];

	if (rc == 0 || rc == MDB_NOTFOUND)
		return rc == 0;
	if (!db_failed(txn)) {
		snprintf(what, sizeof(what), "table %s", table_names[table]);
		fail_rc(txn->db, rc, what, &txn->failure);
	}
	return false;
}

/* A step is possible: the transaction is alive, the table is there. */
static bool ready(struct db_txn *txn, enum db_table table)
{
	return !db_failed(txn) && txn->db->has_table[table];
}

/* LMDB only reads what it is given, but takes it as void *. */
static MDB_val val(const void *data, size_t len)
{
	union {
		const void *in;
		void *out;
	} u = {.in = data};

	return (MDB_val){.mv_size = len, .mv_data = u.out};
}

static MDB_cursor *place(struct db_txn *txn, enum db_table table)
{
	if (txn->places[table] == NULL &&
	    !check(txn, table,
	           mdb_cursor_open(txn->txn, txn->db->dbis[table],
	                           &txn->places[table])))
		txn->places[table] = NULL;
	return txn->places[table];
}

int db_get(struct db_txn *txn, enum db_table table, const void *key,
           size_t key_len, struct db_value *value)
{
	MDB_val k = val(key, key_len), v = {0};
	MDB_cursor *at;
	int rc;

	if (!ready(txn, table))
		return 0;
	if (txn->write) {
		at = place(txn, table);
		if (at == NULL)
			return 0;
		rc = mdb_cursor_get(at, &k, &v, MDB_SET);
	} else {
		rc = mdb_get(txn->txn, txn->db->dbis[table], &k, &v);
	}
	if (!check(txn, table, rc))
		return 0;
	*value = (struct db_value){.data = v.mv_data, .len = v.mv_size};
	return 1;
}

/* A writer's place in the table; NULL when it cannot write. */
static MDB_cursor *place_to_write(struct db_txn *txn, enum db_table table)
{
	if (!db_failed(txn) && !txn->write)
		db_fail(txn, ERR_IO, "store %s: write in a read transaction",
		        txn->db->dir.path);
	return ready(txn, table) ? place(txn, table) : NULL;
}

void db_put(struct db_txn *txn, enum db_table table, const void *key,
            size_t key_len, const void *data, size_t len)
{
	MDB_val k = val(key, key_len), v = val(data, len);
	MDB_cursor *at = place_to_write(txn, table);

	if (at == NULL)
		return;
	check(txn, table, mdb_cursor_put(at, &k, &v, 0));
	txn->written += key_len + len;
}

void db_delete(struct db_txn *txn, enum db_table table, const void *key,
               size_t key_len)
{
	MDB_val k = val(key, key_len);
	MDB_cursor *at = place_to_write(txn, table);

	if (at == NULL ||
	    !check(txn, table, mdb_cursor_get(at, &k, NULL, MDB_SET)))
		return;
	check(txn, table, mdb_cursor_del(at, 0));
	txn->written += key_len;
}

size_t db_written(const struct db_txn *txn)
{
	return txn->written;
}

struct db_cursor *db_cursor_open(struct db_txn *txn, enum db_table table)
{
	struct db_cursor *cursor = xcalloc(1, sizeof(*cursor));

	cursor->txn = txn;
	cursor->table = table;
	cursor->next = txn->cursors;
	txn->cursors = cursor;
	if (!ready(txn, table) ||
	    !check(txn, table,
	           mdb_cursor_open(txn->txn, txn->db->dbis[table],
	                           &cursor->cursor)))
		cursor->cursor = NULL;
	return cursor;
}

void db_cursor_close(struct db_cursor **cursor)
{
	struct db_cursor *c = *cursor;

	if (c == NULL)
		return;
	if (c->txn != NULL)
		for (struct db_cursor **p = &c->txn->cursors; *p != NULL;
		     p = &(*p)->next)
			if (*p == c) {
				*p = c->next;
				break;
			}
	if (c->cursor != NULL)
		mdb_cursor_close(c->cursor);
	free(c);
	*cursor = NULL;
}

static bool move(struct db_cursor *cursor, MDB_cursor_op op)
{
	if (cursor->cursor == NULL || db_failed(cursor->txn))
		return false;
	return check(cursor->txn, cursor->table,
	             mdb_cursor_get(cursor->cursor, &cursor->key,
	                            &cursor->value, op));
}

bool db_seek(struct db_cursor *cursor, const void *key, size_t key_len)
{
	/* LMDB has no empty key */
	if (key_len == 0)
		return move(cursor, MDB_FIRST);
	cursor->key = val(key, key_len);
	return move(cursor, MDB_SET_RANGE);
}

bool db_next(struct db_cursor *cursor)
{
	return move(cursor, MDB_NEXT);
}

bool db_prev(struct db_cursor *cursor)
{
	return move(cursor, MDB_PREV);
}

bool db_last(struct db_cursor *cursor)
{
	return move(cursor, MDB_LAST);
}

void db_at(const struct db_cursor *cursor, struct db_value *key,
           struct db_value *value)
{
	*key = (struct db_value){cursor->key.mv_data, cursor->key.mv_size};
	if (value != NULL)
		*value = (struct db_value){cursor->value.mv_data,
		                           cursor->value.mv_size};
}

void db_cursor_delete(struct db_cursor *cursor)
{
	if (cursor->cursor == NULL || db_failed(cursor->txn))
		return;
	cursor->txn->written += cursor->key.mv_size;
	check(cursor->txn, cursor->table, mdb_cursor_del(cursor->cursor, 0));
}

static int table_bytes(struct db_txn *txn, enum db_table table, uint64_t *used)
{
	MDB_stat stat;
	int rc = mdb_stat(txn->txn, txn->db->dbis[table], &stat);

	if (rc == 0)
		*used += (uint64_t)stat.ms_psize *
		         (stat.ms_branch_pages + stat.ms_leaf_pages +
		          stat.ms_overflow_pages);
	return rc;
}

int db_size(struct db *db, uint64_t *used, uint64_t *file, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct stat st;
	int fd;

	*used = *file = 0;
	for (int i = 0; i < DB_TABLES; i++)
		if (ready(txn, i))
			check(txn, i, table_bytes(txn, i, used));
	if (!db_failed(txn) && mdb_env_get_fd(db->env, &fd) == 0 &&
	    fstat(fd, &st) == 0)
		*file = (uint64_t)st.st_size;
	return db_failure(txn, err);
}

int db_copy(struct db *db, int fd, struct err *err)
{
	int rc = enter(db, err);

	if (rc != 0)
		return rc;
	rc = mdb_env_copyfd2(db->env, fd, MDB_CP_COMPACT);
	leave(db);
	return rc == 0 ? 0 : fail_rc(db, rc, "copy", err);
}
