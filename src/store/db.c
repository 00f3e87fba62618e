/* Transactions, rows and cursors. */
#include "store/db_lmdb.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/xalloc.h"

static int begin_lmdb(struct db_txn *txn)
{
	unsigned flags = txn->write ? 0 : MDB_RDONLY;
	int rc = LMDB(mdb_txn_begin(txn->db->env, NULL, flags, &txn->txn));

	if (rc == MDB_PANIC || rc == MDB_MAP_RESIZED) {
		if (db_mend(txn->db, rc, &txn->failure) != 0)
			return txn->failure.class;
		rc = LMDB(mdb_txn_begin(txn->db->env, NULL, flags, &txn->txn));
	}
	if (rc != 0)
		return db_lmdb_error(txn->db, rc, "begin", &txn->failure);
	return 0;
}

/* For the next writer: db_make_room(). */
static void note_full(struct db_txn *txn, int rc)
{
	if (rc != MDB_MAP_FULL)
		return;
	pthread_mutex_lock(&txn->db->mutex);
	txn->db->is_full = true;
	pthread_mutex_unlock(&txn->db->mutex);
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
		txn->entered = db_enter(db, &txn->failure) == 0;
	if (txn->entered && write)
		db_make_room(db);
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
		db_leave((*txn)->db);
	free(*txn);
	*txn = NULL;
}

/* mdb_txn_commit(), or what it does on a full disk. */
static int end_lmdb(MDB_txn *txn)
{
	enum failpoint_full full = failpoint_full();

	if (full == FAILPOINT_ROOM)
		return LMDB(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return full == FAILPOINT_MAP_FULL ? MDB_MAP_FULL : ENOSPC;
}

static void commit_lmdb(struct db_txn *txn)
{
	int rc;

	drop_cursors(txn);
	failpoint_hit("commit");
	rc = end_lmdb(txn->txn);
	txn->txn = NULL;
	note_full(txn, rc);
	if (rc != 0)
		db_lmdb_error(txn->db, rc, "commit", &txn->failure);
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
	        "store %s: table %s: the row of key '%s' is damaged: restore a "
	        "backup (tlstally restore FILE); `tlstally check-store` says "
	        "what else cannot be read",
	        txn->db->dir.path, db_table_name(table),
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
	note_full(txn, rc);
	if (!db_failed(txn)) {
		snprintf(what, sizeof(what), "table %s", db_table_name(table));
		db_lmdb_error(txn->db, rc, what, &txn->failure);
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
	           LMDB(mdb_cursor_open(txn->txn, txn->db->dbis[table],
	                                &txn->places[table]))))
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
		rc = LMDB(mdb_cursor_get(at, &k, &v, MDB_SET));
	} else {
		rc = LMDB(mdb_get(txn->txn, txn->db->dbis[table], &k, &v));
	}
	if (!check(txn, table, rc))
		return 0;
	if (!db_fault_is_inside(v.mv_data, v.mv_size)) {
		db_damaged(txn, table, key, key_len);
		return 0;
	}
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
	check(txn, table, LMDB(mdb_cursor_put(at, &k, &v, 0)));
	txn->written += key_len + len;
}

void db_delete(struct db_txn *txn, enum db_table table, const void *key,
               size_t key_len)
{
	MDB_val k = val(key, key_len);
	MDB_cursor *at = place_to_write(txn, table);

	if (at == NULL ||
	    !check(txn, table, LMDB(mdb_cursor_get(at, &k, NULL, MDB_SET))))
		return;
	check(txn, table, LMDB(mdb_cursor_del(at, 0)));
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
	           LMDB(mdb_cursor_open(txn->txn, txn->db->dbis[table],
	                                &cursor->cursor))))
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

static int compare(const MDB_val *a, const void *b, size_t b_len)
{
	size_t len = a->mv_size < b_len ? a->mv_size : b_len;
	int order = memcmp(a->mv_data, b, len);

	return order != 0           ? order
	       : a->mv_size < b_len ? -1
	                            : a->mv_size > b_len;
}

/* Whoever goes through a table would go round for ever where a damaged page
 * leads back. */
static bool goes_on(const struct db_cursor *cursor, MDB_cursor_op op)
{
	int order = compare(&cursor->key, cursor->at, cursor->at_len);

	return op == MDB_NEXT        ? order > 0
	       : op == MDB_PREV      ? order < 0
	       : op == MDB_SET_RANGE ? order >= 0
	                             : true;
}

static bool arrive(struct db_cursor *cursor, MDB_cursor_op op)
{
	size_t len = cursor->key.mv_size;

	if (len > sizeof(cursor->at) ||
	    !db_fault_is_inside(cursor->key.mv_data, len) ||
	    !db_fault_is_inside(cursor->value.mv_data, cursor->value.mv_size) ||
	    !goes_on(cursor, op)) {
		db_damaged(cursor->txn, cursor->table, cursor->at,
		           cursor->at_len);
		return false;
	}
	memcpy(cursor->at, cursor->key.mv_data, len);
	cursor->at_len = len;
	return true;
}

static bool move(struct db_cursor *cursor, MDB_cursor_op op)
{
	if (cursor->cursor == NULL || db_failed(cursor->txn))
		return false;
	return check(cursor->txn, cursor->table,
	             LMDB(mdb_cursor_get(cursor->cursor, &cursor->key,
	                                 &cursor->value, op))) &&
	       arrive(cursor, op);
}

bool db_seek(struct db_cursor *cursor, const void *key, size_t key_len)
{
	/* LMDB has no empty key */
	if (key_len == 0)
		return move(cursor, MDB_FIRST);
	cursor->key = val(key, key_len);
	cursor->at_len =
		key_len < sizeof(cursor->at) ? key_len : sizeof(cursor->at);
	memcpy(cursor->at, key, cursor->at_len);
	return move(cursor, MDB_SET_RANGE);
}

bool db_seek_after(struct db_cursor *cursor, const void *key, size_t key_len)
{
	struct db_value at;

	if (!db_seek(cursor, key, key_len))
		return false;
	db_at(cursor, &at, NULL);
	return at.len != key_len || key_len == 0 ||
	                       memcmp(at.data, key, key_len) != 0
	               ? true
	               : db_next(cursor);
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
	check(cursor->txn, cursor->table,
	      LMDB(mdb_cursor_del(cursor->cursor, 0)));
}

static int table_bytes(struct db_txn *txn, enum db_table table, uint64_t *used)
{
	MDB_stat stat;
	int rc = LMDB(mdb_stat(txn->txn, txn->db->dbis[table], &stat));

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
